"""How fast the log grows, how old its checkpoint is under load, what kills of its office do, how long it takes to verify.

Entries are written straight into the catalog's journal by its own function, ten in a commit, as an office's batches are;
a backlog in larger commits, while the log's office is stopped, so that its own pace is what is measured.
"""

from __future__ import annotations

import functools
import http.server
import os
import signal
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chengxin.proofs import Checkpoint, ProofError, leaf_hash, note, sign_checkpoint, tiles, verify_checkpoint
from chengxin.proofs.merkle import GrowingTree
from chengxin.proofs.positions import positions_in
from chengxin.proofs.walk import Unreachable, over_http
from standalone.bench.measuring import Figures, Place, percentile_ms, verified
from standalone.house import House

PER_S, AT_ONCE, SECONDS, BETWEEN_KILLS_S, BACKLOG = 2_000, 10, 20.0, 1.5, 100_000
REACH_PER_S, REACH_AGE_MS = 20_000, 1_000
ORIGIN = "bench/log"
_WRITE = (
    "SELECT pg_current_xact_id()::text, max(w.entry_id) FROM generate_series(1, %s) n, journal_write((-1)::smallint,"
    " 'Bench.Write', gen_random_uuid(), 1, 'bench', sha256(n::text::bytea), '', NULL, 'answered', '',"
    " sha256(n::text::bytea), 'sealed', NULL, '{}', '{}') w"
)


class _Reader(threading.Thread):
    """Reads the checkpoint again and again; keeps each head and when it was first seen."""

    def __init__(self, url: str, vkey: str) -> None:
        super().__init__(daemon=True)
        self._fetch = over_http(url, timeout_s=2)
        self._vkey = vkey
        self.stopping = threading.Event()
        self.heads: dict[str, tuple[float, Checkpoint]] = {}

    def run(self) -> None:
        """Read until told to stop."""
        while not self.stopping.wait(0.02):
            try:
                signed = self._fetch("checkpoint", 1 << 16).decode()
                head = verify_checkpoint(signed, self._vkey)
            except (ProofError, Unreachable):
                continue
            self.heads.setdefault(head.text(), (time.monotonic(), head))


def measure_log(place: Place, *, kills: int) -> Figures:
    """Measure a new house's log, killing its office so many times; then a log of a million leaves."""
    say = place.narrator.say
    with place.house() as house:
        say(f"writing {BACKLOG} entries while the audit office is stopped")
        per_s = _sequenced(house)
        say(f"writing {PER_S} entries a second for {SECONDS:.0f} s")
        calm, heads = _written(house, SECONDS, kills=0)
        say(f"the same with {kills} kills of the audit office")
        stormy, more = _written(house, kills * BETWEEN_KILLS_S, kills=kills) if kills else ([], [])
        leaves, inconsistent = _checked(house, [*heads, *more])
    say("verifying a log of a million leaves")
    age = percentile_ms(calm, 99)
    return {
        "reached": per_s >= REACH_PER_S and age <= REACH_AGE_MS and not inconsistent,
        "entries_per_s": round(per_s),
        "checkpoint_age_p99_ms": age,
        "checkpoint_age_p50_ms": percentile_ms(calm, 50),
        "written_per_s": round(len(calm) * AT_ONCE / SECONDS),
        "kills": kills,
        "checkpoint_age_p99_ms_while_killed": percentile_ms(stormy, 99),
        "entries_logged": leaves,
        "checkpoints_seen": len(heads) + len(more),
        "checkpoints_inconsistent": inconsistent,
        **_verified(place.folder / "log", 1_000_000),
    }


def _sequenced(house: House) -> float:
    """Entries a second that the log takes in, of a backlog written while its office was stopped."""
    reader = _reading(house)
    audit = house.pids()["audit"]
    os.kill(audit, signal.SIGSTOP)
    try:
        with psycopg.connect(house.engines.admin_dsn, autocommit=True) as writer:
            writer.execute("SET search_path = catalog")
            *_, row = [writer.execute(_WRITE, (BACKLOG // 50,)).fetchone() for _ in range(50)]
    finally:
        os.kill(audit, signal.SIGCONT)
    begun = time.monotonic()
    assert row is not None
    _read_until(reader, (begun, int(row[0]), row[1]))
    return BACKLOG / (time.monotonic() - begun)


def _reading(house: House) -> _Reader:
    doors = house.data.doors()
    reader = _Reader(doors["log_url"], doors["log_vkey"])
    reader.start()
    return reader


def _read_until(reader: _Reader, commit: tuple[float, int, int]) -> None:
    """Read until a checkpoint covers the commit, a minute at most."""
    deadline = time.monotonic() + 60
    while not _covered(reader, commit) and time.monotonic() < deadline:
        time.sleep(0.02)
    reader.stopping.set()
    reader.join()


def _written(house: House, seconds: float, *, kills: int) -> tuple[list[float], list[Checkpoint]]:
    """Write; give the ages in seconds at which each commit was under a checkpoint, and the heads seen meanwhile."""
    reader = _reading(house)
    commits: list[tuple[float, int, int]] = []
    killed, begun = 0, time.monotonic()
    with psycopg.connect(house.engines.admin_dsn, autocommit=True) as writer:
        writer.execute("SET search_path = catalog")
        while (now := time.monotonic() - begun) < seconds or killed < kills:
            row: Any = writer.execute(_WRITE, (AT_ONCE,)).fetchone()
            commits.append((time.monotonic(), int(row[0]), row[1]))
            if killed < kills and now > (killed + 1) * BETWEEN_KILLS_S and (pid := house.pids().get("audit")):
                os.kill(pid, signal.SIGKILL)
                killed += 1
            time.sleep(max(0.0, begun + len(commits) * AT_ONCE / PER_S - time.monotonic()))
    _read_until(reader, commits[-1])
    seen = sorted(reader.heads.values(), key=lambda one: one[1].size)
    return _ages(commits, seen), [head for _, head in seen]


def _covered(reader: _Reader, commit: tuple[float, int, int]) -> bool:
    return any(_position(head) >= commit[1:] for _, head in list(reader.heads.values()))


def _position(head: Checkpoint) -> tuple[int, int]:
    at = positions_in(head).get("catalog")
    return (at.xid, at.entry_id) if at is not None else (0, 0)


def _ages(commits: list[tuple[float, int, int]], seen: list[tuple[float, Checkpoint]]) -> list[float]:
    ages: list[float] = []
    heads = iter(seen)
    at, head = next(heads, (0.0, None))
    for committed, *place in commits:
        while head is not None and _position(head) < tuple(place):
            at, head = next(heads, (0.0, None))
        if head is not None:
            ages.append(max(0.0, at - committed))
    return ages


def _checked(house: House, heads: list[Checkpoint]) -> tuple[int, int]:
    """How many leaves the log has, all of which its tiles hold, and how many heads seen are no prefix of it."""
    fetch = over_http(house.data.doors()["log_url"])
    newest = verify_checkpoint(fetch("checkpoint", 1 << 16).decode(), house.data.doors()["log_vkey"])
    tree = GrowingTree()
    roots = {0: tree.root()}
    sizes = {head.size for head in heads}
    for tile, width in tiles.tiles_of(newest.size):
        for leaf in tiles.split(fetch(tiles.path(tile, width), 1 << 16)) if tile.level == 0 else ():
            tree.append(leaf)
            if tree.size in sizes:
                roots[tree.size] = tree.root()
    return tree.size, sum(roots.get(head.size) != head.root for head in heads)


def _verified(folder: Path, leaves: int) -> Figures:
    """How long `chengxin audit verify --log` takes for a log of so many leaves, read over HTTP."""
    key = Ed25519PrivateKey.generate()
    hashes = [leaf_hash(number.to_bytes(8)) for number in range(leaves)]
    held = tiles.grow(0, {}, hashes)
    for tile, content in held.items():
        file = folder / tiles.path(tile, len(content) // 32)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    head = Checkpoint(ORIGIN, leaves, tiles.root(held, leaves))
    (folder / "checkpoint").write_text(sign_checkpoint(head, key))
    with _served(folder) as url:
        done, seconds = verified("--log", url, "--vkey", note.vkey(ORIGIN, key.public_key()))
    return {"verify_leaves": leaves, "verify_s": round(seconds, 1), "verify_failed": int(done.returncode != 0)}


@contextmanager
def _served(folder: Path) -> Generator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()

"""The witness: refuses every fork and every step back, also after it was killed, and cosigns the rest."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from chengxin.cli.app import app
from chengxin.proofs import (
    base64text,
    consistency_proof,
    cosignature,
    leaf_hash,
    note,
    root_from_leaf_hashes,
    sign_checkpoint,
)
from chengxin.proofs.checkpoint import Checkpoint
from chengxin.proofs.positions import SourcePosition
from chengxin.witness import Memory, memory, serve
from chengxin.witness.memory import Refusal
from chengxin.witness.server import MOST_BYTES

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
ORIGIN, NAME = "example.test/log", "witness.test/w1"
VKEY = note.vkey(ORIGIN, KEY.public_key())
LEAVES = [leaf_hash(str(number).encode()) for number in range(20)]
EPOCH, NEXT_EPOCH = "a" * 32, "b" * 32
NOW = 1_790_000_000.25


def line(xid: int, entry_id: int = 1, *, epoch: str = EPOCH, commitment: bytes = bytes(32)) -> str:
    return SourcePosition(source="catalog", epoch=epoch, xid=xid, entry_id=entry_id, commitment=commitment).line()


def signed(size: int, *lines: str, leaves: list[bytes] = LEAVES, key: Ed25519PrivateKey = KEY) -> str:
    root = root_from_leaf_hashes(leaves[:size])
    return sign_checkpoint(Checkpoint(ORIGIN, size, root, lines), key)


def request(old: int, checkpoint: str, proof: list[bytes] | None = None) -> bytes:
    size = int(checkpoint.split("\n")[1])
    if proof is None:
        proof = consistency_proof(LEAVES[:size], old) if 0 < old <= size else []
    return f"old {old}\n{''.join(base64text.encode(one) + chr(10) for one in proof)}\n{checkpoint}".encode()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Memory]:
    with contextlib.closing(Memory(tmp_path / "w", [VKEY], name=NAME, clock=lambda: NOW)) as made:
        yield made


def refused(kept: Memory, body: bytes) -> tuple[int, str]:
    before = kept.state()
    with pytest.raises(Refusal) as refusal:
        kept.add(body)
    assert kept.state() == before
    return int(refusal.value.status), refusal.value.text


def test_a_growing_log_is_cosigned_step_by_step(kept: Memory) -> None:
    old = 0
    for size in (0, 1, 1, 2, 7, 8, 20):
        checkpoint = signed(size)
        cosigned = checkpoint + kept.add(request(old, checkpoint))
        assert cosignature.verify(cosigned, kept.vkey) == int(NOW)
        assert kept.state()["checkpoints"] == {ORIGIN: cosigned}
        old = size


def test_a_fork_is_refused_at_every_size(kept: Memory) -> None:
    kept.add(request(0, signed(5)))
    forked = [*LEAVES[:4], leaf_hash(b"other"), *LEAVES[5:]]
    assert refused(kept, request(5, signed(5, leaves=forked))) == (409, "5\n")
    for size in (6, 8, 20):
        proof = consistency_proof(forked[:size], 5)
        assert refused(kept, request(5, signed(size, leaves=forked), proof))[0] == 422


def test_an_older_or_unknown_size_gets_the_size_that_is_known(kept: Memory) -> None:
    kept.add(request(0, signed(5)))
    for old, size in ((0, 20), (4, 20), (6, 20), (0, 3)):
        with pytest.raises(Refusal) as refusal:
            kept.add(request(old, signed(size)))
        assert (refusal.value.status, refusal.value.text) == (HTTPStatus.CONFLICT, "5\n")
        assert refusal.value.content_type == "text/x.tlog.size"


def test_a_shorter_log_is_refused(kept: Memory) -> None:
    kept.add(request(0, signed(5)))
    assert refused(kept, request(5, signed(4)))[0] == 400


def test_proofs_too_short_too_long_or_from_nothing_are_refused(kept: Memory) -> None:
    assert refused(kept, request(0, signed(3), [LEAVES[0]]))[0] == 422
    kept.add(request(0, signed(3)))
    right = consistency_proof(LEAVES[:7], 3)
    for wrong in (right[:-1], [*right, bytes(32)], [], list(reversed(right))):
        assert refused(kept, request(3, signed(7), wrong))[0] == 422
    assert refused(kept, request(3, signed(3), [bytes(32)]))[0] == 422


def test_another_key_and_another_log_are_refused(kept: Memory) -> None:
    other = Ed25519PrivateKey.generate()
    assert refused(kept, request(0, signed(1, key=other)))[0] == 403
    unknown = sign_checkpoint(Checkpoint("other/log", 1, bytes(32)), KEY)
    assert refused(kept, request(0, unknown))[0] == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"old 0",
        b"old 0\n\n",
        b"old 00\n\n" + signed(1).encode(),
        b"old -1\n\n" + signed(1).encode(),
        b"old 0\nnot base64\n\n" + signed(1).encode(),
        b"old 0\n\n" + signed(1).encode()[:-1],
        b"size 0\n\n" + signed(1).encode(),
        b"old 0\n" + b"AAAA\n" * 64 + b"\n" + signed(1).encode(),
        b"old 2\n\n" + signed(1).encode(),
    ],
)
def test_a_malformed_request_is_refused(kept: Memory, body: bytes) -> None:
    assert refused(kept, body)[0] == 400


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400), st.integers(0, 300))
def test_no_damage_to_a_request_makes_it_crash_or_cosign(kept: Memory, noise: bytes, at: int) -> None:
    whole = request(0, signed(3))
    damaged = whole[:at] + noise + whole[at + len(noise) :]
    if damaged != whole:
        assert refused(kept, damaged)[0] in {400, 403, 404}


def test_positions_go_forward_only(kept: Memory) -> None:
    kept.add(request(0, signed(5, line(7, 3))))
    for back in ((line(6, 9),), (line(7, 2),), (), (line(7, 3, commitment=b"x" * 32),)):
        assert refused(kept, request(5, signed(8, *back)))[0] == 422
    kept.add(request(5, signed(8, line(8, 1))))


def test_a_malformed_position_is_refused(kept: Memory) -> None:
    assert refused(kept, request(0, signed(5, "source catalog")))[0] == 422


def test_a_new_epoch_waits_until_it_is_adopted(kept: Memory, tmp_path: Path) -> None:
    kept.add(request(0, signed(5, line(7))))
    begun = signed(8, line(2, epoch=NEXT_EPOCH))
    status, text = refused(kept, request(5, begun))
    assert status == 422
    assert NEXT_EPOCH in text
    memory.adopt(tmp_path / "w", ORIGIN, "repair", NEXT_EPOCH, reason="another source")
    assert refused(kept, request(5, begun))[0] == 422
    memory.adopt(tmp_path / "w", ORIGIN, "catalog", NEXT_EPOCH, reason="restored on purpose")
    kept.add(request(5, begun))
    assert refused(kept, request(8, signed(9, line(9))))[0] == 422, "an epoch that was left does not come back"


def test_one_memory_has_one_witness(kept: Memory, tmp_path: Path) -> None:
    with pytest.raises(BlockingIOError):
        Memory(tmp_path / "w", [VKEY], name=NAME)


def test_a_memory_that_somebody_else_wrote_is_not_believed(tmp_path: Path) -> None:
    with contextlib.closing(Memory(tmp_path / "w", [VKEY], name=NAME)) as kept:
        kept.add(request(0, signed(5)))
    (file,) = (tmp_path / "w").glob("*.checkpoint")
    file.write_text(file.read_text().replace("\n5\n", "\n4\n"))
    with pytest.raises(Exception, match="cosign"):
        Memory(tmp_path / "w", [VKEY], name=NAME)


def started(folder: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "chengxin.witness", "--json", "--listen", "127.0.0.1:0", "--log", VKEY,
         "--state", str(folder), "--name", NAME],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())["address"]


def post(address: str, body: bytes) -> tuple[int, str]:
    asked = urllib.request.Request(f"http://{address}/add-checkpoint", data=body, method="POST")
    try:
        with urllib.request.urlopen(asked, timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_killed_at_any_moment_it_still_refuses_a_fork(tmp_path: Path) -> None:
    forked = [leaf_hash(b"other"), *LEAVES[1:]]
    known = 0
    for size in (3, 8, 13):
        process, address = started(tmp_path / "w")
        try:
            assert post(address, request(known, signed(size)))[0] == 200
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(10)
        known = size
        process, address = started(tmp_path / "w")
        try:
            assert post(address, request(0, signed(2))) == (409, f"{known}\n")
            assert post(address, request(known, signed(known, leaves=forked)))[0] == 409
            wrong = consistency_proof(forked[:20], known)
            assert post(address, request(known, signed(20, leaves=forked), wrong))[0] == 422
        finally:
            process.terminate()
            assert process.wait(10) == 0


@pytest.fixture
def address(kept: Memory) -> Iterator[str]:
    server = serve(kept, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_state_shows_clock_and_checkpoints(kept: Memory, address: str) -> None:
    kept.add(request(0, signed(2)))
    with urllib.request.urlopen(f"http://{address}/state", timeout=5) as response:
        state = json.loads(response.read())
    assert state["now_ms"] == int(NOW * 1000)
    assert cosignature.verify(state["checkpoints"][ORIGIN], state["vkey"]) == int(NOW)


def test_too_much_or_no_length_is_not_read(address: str) -> None:
    assert post(address, b"x" * (MOST_BYTES + 1))[0] == 413
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"POST /add-checkpoint HTTP/1.0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.0 413")


def test_a_caller_that_dawdles_is_hung_up_on(kept: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chengxin.witness.server.LONGEST_S", 0.3)
    server = serve(kept, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as connection:
        connection.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 9\r\n\r\nold")
        assert connection.recv(100) == b"" or time.monotonic() - begun < 5
    assert time.monotonic() - begun < 5
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["witness", "--state", str(tmp_path / "w")])
    assert run.exit_code == 2
    assert "--log" in run.output
    run = CliRunner().invoke(app, ["witness", "--state", str(tmp_path / "w"), "--log", "nonsense+1+2"])
    assert run.exit_code == 2


def test_adoption_by_command(kept: Memory, tmp_path: Path) -> None:
    kept.add(request(0, signed(5, line(7))))
    adopting = ["witness", "adopt", "--state", str(tmp_path / "w"), "--origin", ORIGIN, "--source", "catalog"]
    run = CliRunner().invoke(app, [*adopting, "--epoch", "nonsense", "--reason", "test"])
    assert run.exit_code == 2
    run = CliRunner().invoke(app, [*adopting, "--epoch", NEXT_EPOCH, "--reason", "restored"])
    assert run.exit_code == 0, run.output
    kept.add(request(5, signed(6, line(1, epoch=NEXT_EPOCH))))

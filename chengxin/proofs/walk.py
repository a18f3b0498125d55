"""Walks a whole log by its tiles and checks that they make the root its checkpoint signs.

Reads `/checkpoint` and `/tile/…` of c2sp.org/tlog-tiles over HTTP; memory is 32 bytes for 256 leaves.
"""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from chengxin.proofs import checkpoint, note, tiles
from chengxin.proofs.checkpoint import Checkpoint, verify_checkpoint
from chengxin.proofs.error import ProofError
from chengxin.proofs.merkle import GrowingTree
from chengxin.proofs.tiles import Tile

TIMEOUT_S = 10.0
_MOST_CHECKPOINT_BYTES = 1 << 16
_MOST_TILE_BYTES = tiles.WIDTH * 32
_NO_PROOF = {401, 403, 429}  # What is refused to this reader says nothing about the log.

# Gives the resource at a path below the log's prefix, at most so many bytes.
Fetch = Callable[[str, int], bytes]
# Is told how many tiles of how many are checked, and the last one with its hashes; may raise ProofError.
Progress = Callable[[int, int, Tile, list[bytes]], None]


class Unreachable(Exception):
    """The log could not be read, so that nothing is known about it."""


@dataclass(frozen=True, slots=True)
class WalkedLog:
    """A log whose tiles all fit its checkpoint. `signed` says whether a key of its reader's verified it."""

    head: Checkpoint
    signed: bool
    tiles: int


def over_http(url: str, *, timeout_s: float = TIMEOUT_S, tls: ssl.SSLContext | None = None) -> Fetch:
    """Return the reader of the log at `url`, its prefix. Raises ValueError unless it is http or https.

    `tls` is whom to trust, and the reader's own certificate; by default this machine's authorities, and none.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError("the log's address must begin with http:// or https://")
    prefix = url.rstrip("/")

    def fetch(path: str, most: int) -> bytes:
        try:
            with urllib.request.urlopen(f"{prefix}/{path}", timeout=timeout_s, context=tls) as response:  # noqa: S310 - http(s) only, above
                return response.read(most + 1)
        except urllib.error.HTTPError as error:
            if error.code in _NO_PROOF or error.code >= 500:
                raise Unreachable(f"the log refused to give {path} to you: HTTP {error.code}") from None
            raise ProofError(f"the log does not serve {path}: HTTP {error.code}") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(f"can't read {prefix}/{path}: {error}") from error

    return fetch


def walk(
    fetch: Fetch, *, vkey: str | None = None, seen: str | None = None, progress: Progress | None = None
) -> WalkedLog:
    """Read every tile of the log and return its head.

    With `vkey` its signature is verified. With `seen`, an earlier signed checkpoint of the log, its head must
    be on the way to the present one. Raises ProofError where anything does not fit, Unreachable where the log
    can't be read.
    """
    signed_head = _text(fetch("checkpoint", _MOST_CHECKPOINT_BYTES))
    head = _head(signed_head, vkey)
    earlier = _head(seen, vkey) if seen is not None else None
    if earlier is not None and (earlier.origin != head.origin or earlier.size > head.size):
        raise ProofError("the earlier checkpoint is of another log, or the log has shrunk")
    count = _check_tiles(fetch, head, earlier, progress)
    return WalkedLog(head, vkey is not None, count)


def _check_tiles(fetch: Fetch, head: Checkpoint, earlier: Checkpoint | None, progress: Progress | None) -> int:
    total = tiles.count_of(head.size)
    tree = GrowingTree()
    _check_earlier(tree, earlier)
    above: list[bytes] = []  # What the tiles of the level at hand must hold, computed from the level below.
    expected: list[bytes] = []
    level = 0
    for done, (tile, width) in enumerate(tiles.tiles_of(head.size), start=1):
        if tile.level != level:
            level, expected, above = tile.level, above, []
        hashes = tiles.split(_tile(fetch, tile, width))
        if level == 0:
            for leaf in hashes:
                tree.append(leaf)
                _check_earlier(tree, earlier)
        elif hashes != expected[tile.index * tiles.WIDTH :][:width]:
            raise ProofError(f"{tiles.path(tile, width)} does not fit the tiles below it")
        if width == tiles.WIDTH:
            above.append(tiles.tile_root(b"".join(hashes)))
        if progress is not None:
            progress(done, total, tile, hashes)
    if tree.root() != head.root:
        raise ProofError("the tiles do not make the root that the checkpoint signs")
    return total


def _check_earlier(tree: GrowingTree, earlier: Checkpoint | None) -> None:
    if earlier is not None and tree.size == earlier.size and tree.root() != earlier.root:
        raise ProofError("the log does not begin with the earlier checkpoint")


def _tile(fetch: Fetch, tile: Tile, width: int) -> bytes:
    path = tiles.path(tile, width)
    content = fetch(path, _MOST_TILE_BYTES)
    if len(content) != width * 32:
        raise ProofError(f"{path} has the wrong length")
    return content


def _head(signed: str, vkey: str | None) -> Checkpoint:
    return checkpoint.parse(note.text_of(signed)) if vkey is None else verify_checkpoint(signed, vkey)


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ProofError("the checkpoint is not UTF-8") from None

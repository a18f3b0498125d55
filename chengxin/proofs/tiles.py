"""Logs cut into tiles of 256 hashes: names, widths, growth, and look-ups in them.

The n-th tile of level l holds the hashes of complete subtrees over 256**l leaves each. A tile only grows
to the right, so a narrower one is its beginning. Source: c2sp.org/tlog-tiles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from chengxin.proofs import decimal
from chengxin.proofs.error import ProofError
from chengxin.proofs.merkle import HASH_BYTES, SubtreeHash, hash_ranges, node_hash
from chengxin.proofs.subtrees import Range, Subtree, consistency_ranges, inclusion_ranges, root_range

HEIGHT = 8
WIDTH = 1 << HEIGHT
MAX_LEVEL = 63

_ENTRIES = "tile/entries/"
_PATH = re.compile(r"tile/(0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """One tile: its level from the leaves up, and its index within the level."""

    level: int
    index: int


def path(tile: Tile, width: int = WIDTH) -> str:
    """Return the tile's path below the log's prefix, as `tile/0/x001/234.p/5`. Requires 0 < width <= 256."""
    digits = f"{tile.index:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    number = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    suffix = "" if width == WIDTH else f".p/{width}"
    return f"tile/{tile.level}/{number}{suffix}"


def parse_path(text: str) -> tuple[Tile, int]:
    """Return the tile and width that `text` names. Raises ProofError for any but the one spelling."""
    match = _PATH.fullmatch(text)
    if match is None:
        raise ProofError("not the path of a tile")
    level, number, width = match.groups()
    tile = Tile(int(level), int(number.replace("x", "").replace("/", "")))
    wide = WIDTH if width is None else int(width)
    if tile.level > MAX_LEVEL or tile.index > decimal.MAX or path(tile, wide) != text:
        raise ProofError("not the path of a tile")
    return tile, wide


def parse_entries_path(text: str) -> tuple[Tile, int]:
    """Return the tile of level 0 whose entries `text` names, as `tile/entries/x001/234.p/5`, and its width."""
    number = text.removeprefix(_ENTRIES)
    if number == text:
        raise ProofError("not the path of an entry tile")
    return parse_path(f"tile/0/{number}")


def entries_path(tile: Tile, width: int = WIDTH) -> str:
    """Return the path of the entries whose hashes the tile of level 0 holds. Requires 0 < width <= 256."""
    return _ENTRIES + path(tile, width).removeprefix("tile/0/")


def join_entries(entries: Iterable[bytes]) -> bytes:
    """Return the content of an entry tile. Requires that each entry is below 64 KiB."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def split_entries(content: bytes) -> list[bytes]:
    """Return the entries that a tile of entries holds. Raises ProofError when it is torn."""
    entries: list[bytes] = []
    at = 0
    while at < len(content):
        end = at + 2 + int.from_bytes(content[at : at + 2], "big")
        if end > len(content) or at + 2 > len(content):
            raise ProofError("an entry tile is torn")
        entries.append(content[at + 2 : end])
        at = end
    return entries


def width_in(tile: Tile, size: int) -> int:
    """Return how many hashes the tile holds in a log of `size` leaves, 0 to 256."""
    return max(0, min(WIDTH, (size >> (HEIGHT * tile.level)) - tile.index * WIDTH))


def tiles_of(size: int) -> Iterator[tuple[Tile, int]]:
    """Yield every tile of a log of `size` leaves with its width, level by level, left to right."""
    level = 0
    while count := size >> (HEIGHT * level):
        for index in range(-(-count // WIDTH)):
            tile = Tile(level, index)
            yield tile, width_in(tile, size)
        level += 1


def count_of(size: int) -> int:
    """Return how many tiles a log of `size` leaves has, at once: a checkpoint may claim any size."""
    total = 0
    while size:
        total, size = total - (-size // WIDTH), size >> HEIGHT
    return total


def right_edge(size: int) -> list[Tile]:
    """Return the partial tiles of a log of `size` leaves, lowest level first: what growth begins from."""
    edge: list[Tile] = []
    level = 0
    while count := size >> (HEIGHT * level):
        if count % WIDTH:
            edge.append(Tile(level, count // WIDTH))
        level += 1
    return edge


def grow(size: int, edge: Mapping[Tile, bytes], leaf_hashes: Sequence[bytes]) -> dict[Tile, bytes]:
    """Return the tiles that change when `leaf_hashes` are appended to a log of `size`, as they become.

    `edge` holds the tiles of `right_edge(size)`. Raises ProofError when one is missing or has another width.
    """
    changed: dict[Tile, bytes] = {}
    level, fresh = 0, list(leaf_hashes)
    while fresh:
        start = size >> (HEIGHT * level)
        index, filled = start // WIDTH, start % WIDTH
        held = edge.get(Tile(level, index), b"") if filled else b""
        if len(held) != filled * HASH_BYTES:
            raise ProofError("the right edge does not fit the size")
        row = held + b"".join(fresh)
        fresh = []
        for at in range(0, len(row), WIDTH * HASH_BYTES):
            content = row[at : at + WIDTH * HASH_BYTES]
            changed[Tile(level, index)] = content
            if len(content) == WIDTH * HASH_BYTES:
                fresh.append(tile_root(content))
            index += 1
        level += 1
    return changed


def tile_root(content: bytes) -> bytes:
    """Return the hash of the subtree over a tile's hashes. Requires a power of two of them, at least one."""
    row = split(content)
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def split(content: bytes) -> list[bytes]:
    """Return the hashes that a tile concatenates. Raises ProofError when it is torn, empty or too wide."""
    if not content or len(content) % HASH_BYTES or len(content) > WIDTH * HASH_BYTES:
        raise ProofError("a tile must hold 1 to 256 whole hashes")
    return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]


def root(held: Mapping[Tile, bytes], size: int) -> bytes:
    """Return the root of a log of `size` leaves; `held` must have the tiles of `right_edge(size)`, or wider.

    Raises ProofError where one is missing or too narrow.
    """
    return hash_ranges([root_range(size)], _in(held))[0]


def inclusion_proof(held: Mapping[Tile, bytes], index: int, size: int) -> list[bytes]:
    """Return the audit path of leaf `index` in a log of `size`, as `merkle.inclusion_proof` does from leaves.

    Requires 0 <= index < size and the tiles of `needed_for(inclusion_ranges(index, size))` in `held`; raises
    ProofError where one is missing or too narrow.
    """
    return hash_ranges(inclusion_ranges(index, size), _in(held))


def consistency_proof(held: Mapping[Tile, bytes], size1: int, size2: int) -> list[bytes]:
    """Return the proof that the log of `size1` is a prefix of that of `size2`.

    Requires 0 < size1 <= size2 and the tiles of `needed_for(consistency_ranges(size1, size2))` in `held`;
    raises ProofError where one is missing or too narrow.
    """
    return hash_ranges(consistency_ranges(size1, size2), _in(held))


def needed_for(ranges: Iterable[Range]) -> set[Tile]:
    """Return the tiles that the hashes of these ranges are computed from: a few for each level."""
    return {_tile_of(subtree) for subtrees in ranges for subtree in subtrees}


def _tile_of(subtree: Subtree) -> Tile:
    """The tile in which the hashes below `subtree` stand together."""
    level, within = divmod(subtree.level, HEIGHT)
    return Tile(level, (subtree.index << within) // WIDTH)


def _in(held: Mapping[Tile, bytes]) -> SubtreeHash:
    def hash_of(subtree: Subtree) -> bytes:
        within = subtree.level % HEIGHT
        first = (subtree.index << within) % WIDTH
        content = held.get(_tile_of(subtree), b"")[first * HASH_BYTES : (first + (1 << within)) * HASH_BYTES]
        if len(content) != HASH_BYTES << within:
            raise ProofError("a tile is missing or too narrow")
        return tile_root(content)

    return hash_of

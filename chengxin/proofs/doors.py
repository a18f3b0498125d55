"""The entries behind a log's hashes, and the door numbers that none of them has.

Every answer draws one that a rollback does not give back: a number that is nowhere was taken back, removed, or lost in
a crash. Source: docs/formats.md, Door numbers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from chengxin.proofs import tiles
from chengxin.proofs.entry import MAX_BYTES, JournalEntry, decode
from chengxin.proofs.error import ProofError
from chengxin.proofs.merkle import leaf_hash
from chengxin.proofs.tiles import Tile
from chengxin.proofs.walk import Fetch

_MOST_BYTES = tiles.WIDTH * (2 + MAX_BYTES)
_OPEN = 1 << 64


class Missing(NamedTuple):
    """No entry of the journal of `source` in its `epoch` has the numbers `first` to `last`."""

    source: str
    epoch: UUID
    first: int
    last: int


class DoorNumbers:
    """Takes entries in any order; memory grows with what is missing, not with what is there."""

    def __init__(self) -> None:
        # What each journal lacks: ranges, ascending and apart, the last one open.
        self._lacking: dict[tuple[str, UUID], list[tuple[int, int]]] = {}

    def add(self, entry: JournalEntry) -> None:
        """Take the number of an entry."""
        lacking = self._lacking.setdefault((entry.source, entry.epoch), [(1, _OPEN)])
        at = max(0, bisect_right(lacking, (entry.door_no, _OPEN)) - 1)
        first, last = lacking[at]
        if first <= entry.door_no <= last:
            lacking[at : at + 1] = [
                (low, high) for low, high in ((first, entry.door_no - 1), (entry.door_no + 1, last)) if low <= high
            ]

    def read(self, fetch: Fetch, tile: Tile, hashes: Sequence[bytes]) -> None:
        """Read the entries of a tile of leaf hashes, and take their numbers; of a tile above it nothing.

        Raises ProofError unless each entry is the one that is hashed there.
        """
        if tile.level:
            return
        path = tiles.entries_path(tile, len(hashes))
        leaves = tiles.split_entries(fetch(path, _MOST_BYTES))
        if len(leaves) != len(hashes):
            raise ProofError(f"{path} has {len(leaves)} entries for {len(hashes)} leaves")
        for place, (leaf, hashed) in enumerate(zip(leaves, hashes, strict=True), start=tile.index * tiles.WIDTH):
            if leaf_hash(leaf) != hashed:
                raise ProofError(f"entry {place} in {path} is not the one whose hash the log has")
            self.add(decode(leaf))

    def missing(self) -> tuple[Missing, ...]:
        """Return what is missing below the highest number of each journal.

        An epoch that a restored journal went on in begins wherever its backup was, so nothing lacks before it.
        """
        return tuple(
            Missing(source, epoch, first, last)
            for (source, epoch), lacking in self._lacking.items()
            for first, last in lacking
            if last < _OPEN and (first > 1 or epoch == next(one for name, one in self._lacking if name == source))
        )

"""Door numbers that no entry has, from the entries alone."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chengxin.proofs import merkle, tiles
from chengxin.proofs.checkpoint import Checkpoint, sign_checkpoint
from chengxin.proofs.doors import DoorNumbers
from chengxin.proofs.error import ProofError
from chengxin.proofs.tiles import Tile
from chengxin.proofs.walk import walk

from .test_receipts import JOURNAL_ENTRY, KEY, NAME

FIRST, SECOND = UUID(int=1), UUID(int=2)


def missing(epoch: UUID, *numbers: int, doors: DoorNumbers | None = None) -> list[tuple[int, int]]:
    doors = doors or DoorNumbers()
    for number in numbers:
        doors.add(replace(JOURNAL_ENTRY, epoch=epoch, door_no=number))
    return [(one.first, one.last) for one in doors.missing()]


@given(st.lists(st.integers(min_value=1, max_value=40), min_size=1))
def test_in_any_order_exactly_the_numbers_below_the_highest_are_missing_that_no_entry_has(numbers: list[int]) -> None:
    lacking = {number for first, last in missing(FIRST, *numbers) for number in range(first, last + 1)}
    assert lacking == set(range(1, max(numbers))) - set(numbers)


def test_an_adopted_epoch_begins_where_its_backup_was() -> None:
    doors = DoorNumbers()
    assert missing(FIRST, 1, 2, 4, doors=doors) == [(3, 3)]
    assert missing(SECOND, 70, 73, doors=doors) == [(3, 3), (71, 72)]


def test_numbers_beyond_reason_neither_fail_nor_fill_the_memory() -> None:
    assert missing(FIRST, 0, -5, 1, 1 << 62, 1 << 70) == [(2, (1 << 62) - 1)]


LEAVES = [replace(JOURNAL_ENTRY, door_no=number).encode() for number in range(1, 301)]
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]


def served(entries: dict[str, bytes]) -> dict[str, bytes]:
    paths = {
        tiles.path(tile, len(content) // 32): content for tile, content in tiles.grow(0, {}, HASHES).items()
    } | entries
    return paths | {
        "checkpoint": sign_checkpoint(Checkpoint(NAME, 300, merkle.root_from_leaf_hashes(HASHES)), KEY).encode()
    }


@pytest.mark.parametrize("spoilt", [LEAVES[:255], [*LEAVES[:255], LEAVES[0]], [*LEAVES[:256], LEAVES[0]]])
def test_a_tile_with_another_entry_or_another_number_of_them_is_refused(spoilt: list[bytes]) -> None:
    whole = {
        "tile/entries/000": tiles.join_entries(LEAVES[:256]),
        tiles.entries_path(Tile(0, 1), 44): tiles.join_entries(LEAVES[256:]),
    }
    paths = served(whole)

    def walked() -> DoorNumbers:
        doors = DoorNumbers()
        walk(
            lambda path, most: paths[path][:most],
            progress=lambda _done, _total, tile, hashes: doors.read(
                lambda path, most: paths[path][:most], tile, hashes
            ),
        )
        return doors

    assert walked().missing() == ()
    paths["tile/entries/000"] = tiles.join_entries(spoilt)
    with pytest.raises(ProofError, match="tile/entries/000"):
        walked()

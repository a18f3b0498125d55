"""Tiles: their names, their growth, and that roots and proofs come out of them as out of the leaves."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chengxin.proofs import merkle, tiles
from chengxin.proofs.error import ProofError
from chengxin.proofs.subtrees import consistency_ranges, inclusion_ranges
from chengxin.proofs.tiles import Tile

HASHES = [hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(70_000)]


def grown(size: int, steps: list[int]) -> dict[Tile, bytes]:
    """The tiles of a log that grew to `size`, stopping at `steps` on its way."""
    held: dict[Tile, bytes] = {}
    at = 0
    for stop in [*sorted(steps), size]:
        edge = {tile: held[tile] for tile in tiles.right_edge(at)}
        held |= tiles.grow(at, edge, HASHES[at:stop])
        at = stop
    return held


LARGE = grown(70_000, [])


@pytest.mark.parametrize(
    ("tile", "width", "path"),
    [
        (Tile(0, 0), 256, "tile/0/000"),
        (Tile(0, 5), 1, "tile/0/005.p/1"),
        (Tile(1, 999), 255, "tile/1/999.p/255"),
        (Tile(2, 1000), 256, "tile/2/x001/000"),
        (Tile(63, 1234067), 256, "tile/63/x001/x234/067"),
    ],
)
def test_a_tile_has_one_name(tile: Tile, width: int, path: str) -> None:
    assert tiles.path(tile, width) == path
    assert tiles.parse_path(path) == (tile, width)


@given(st.integers(0, 63), st.integers(0, 2**64 - 1), st.integers(1, 256))
def test_every_tile_s_name_leads_back_to_it(level: int, index: int, width: int) -> None:
    tile = Tile(level, index)
    assert tiles.parse_path(tiles.path(tile, width)) == (tile, width)


@pytest.mark.parametrize(
    "path",
    [
        "tile/00/000",
        "tile/64/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/001/000",
        "tile/0/x000/001",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000\n",
        "tile/-1/000",
        "tile/0/٠٠٠",
        "tile/entries/000",
        "/tile/0/000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "",
    ],
)
def test_other_spellings_name_no_tile(path: str) -> None:
    with pytest.raises(ProofError):
        tiles.parse_path(path)


def test_a_log_of_70000_has_the_tiles_that_the_specification_counts() -> None:
    widths = dict(tiles.tiles_of(70_000))
    full = [tile for tile, width in widths.items() if width == 256]
    assert len([tile for tile in full if tile.level == 0]) == 273
    assert [tile for tile in full if tile.level == 1] == [Tile(1, 0)]
    assert {tile: width for tile, width in widths.items() if width < 256} == {
        Tile(0, 273): 112,
        Tile(1, 1): 17,
        Tile(2, 0): 1,
    }
    assert {tile: len(content) // 32 for tile, content in LARGE.items()} == widths
    assert dict(tiles.tiles_of(256)) == {Tile(0, 0): 256, Tile(1, 0): 1}
    assert list(tiles.tiles_of(0)) == []
    assert tiles.width_in(Tile(0, 274), 70_000) == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1200), st.lists(st.integers(0, 1200), max_size=5))
def test_how_a_log_grew_leaves_no_trace_in_its_tiles(size: int, steps: list[int]) -> None:
    held = grown(size, [step for step in steps if step <= size])
    assert held == grown(size, [])
    assert tiles.root(held, size) == merkle.root_from_leaf_hashes(HASHES[:size])


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000])
def test_the_right_edge_alone_makes_the_root(size: int) -> None:
    edge = {
        tile: content[: tiles.width_in(tile, size) * 32]
        for tile, content in LARGE.items()
        if tile in tiles.right_edge(size)
    }
    assert tiles.root(edge, size) == merkle.root_from_leaf_hashes(HASHES[:size])


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_proofs_come_out_of_few_tiles_of_a_larger_log(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70_000))
    index = data.draw(st.integers(0, size - 1))
    size1 = data.draw(st.integers(1, size))
    needed = tiles.needed_for([*inclusion_ranges(index, size), *consistency_ranges(size1, size)])
    assert len(needed) <= 10
    held = {tile: LARGE[tile] for tile in needed}
    head = merkle.root_from_leaf_hashes(HASHES[:size])
    merkle.verify_inclusion(HASHES[index], index, size, tiles.inclusion_proof(held, index, size), head)
    merkle.verify_consistency(
        size1, size, tiles.consistency_proof(held, size1, size), merkle.root_from_leaf_hashes(HASHES[:size1]), head
    )


def test_growth_from_a_wrong_edge_is_refused() -> None:
    for edge in ({}, {Tile(0, 0): b"".join(HASHES[:4])}, {Tile(0, 0): b"".join(HASHES[:6])}):
        with pytest.raises(ProofError):
            tiles.grow(5, edge, HASHES[5:6])


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33, b"x" * 257 * 32])
def test_a_torn_tile_is_refused(content: bytes) -> None:
    with pytest.raises(ProofError):
        tiles.split(content)


def test_a_missing_or_narrow_tile_is_noticed() -> None:
    for held in ({}, {Tile(0, 0): b"".join(HASHES[:2])}):
        with pytest.raises(ProofError):
            tiles.root(held, 3)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_entries_come_back_as_they_were_joined(entries: list[bytes]) -> None:
    assert tiles.split_entries(tiles.join_entries(entries)) == entries


@pytest.mark.parametrize("torn", [b"\x00", b"\x00\x01", b"\x00\x02a", b"\x00\x01ab"])
def test_a_torn_entry_tile_is_refused(torn: bytes) -> None:
    with pytest.raises(ProofError):
        tiles.split_entries(torn)


def test_the_path_of_an_entry_tile_names_the_tile_of_its_hashes() -> None:
    assert tiles.entries_path(Tile(0, 1234), 5) == "tile/entries/x001/234.p/5"
    assert tiles.parse_entries_path("tile/entries/x001/234.p/5") == (Tile(0, 1234), 5)
    for other in ("tile/0/000", "tile/entries/0/000", "tile/entries/", "tile/entries/000.p/0", "entries/000"):
        with pytest.raises(ProofError):
            tiles.parse_entries_path(other)

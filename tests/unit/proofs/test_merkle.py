"""Merkle trees: equal to the RFC's own recursion, and closed to every proof that is not the right one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chengxin.proofs.error import ProofError
from chengxin.proofs.merkle import (
    EMPTY_ROOT,
    GrowingTree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_from_leaf_hashes,
    verify_consistency,
    verify_inclusion,
)

from . import rfc6962_twin as rfc

VECTORS = json.loads(
    (Path(__file__).parent / "vectors" / "certificate_transparency_tree.json").read_text(encoding="utf-8")
)
LEAVES = [bytes.fromhex(leaf) for leaf in VECTORS["leaves"]]
ROOTS = [bytes.fromhex(value) for value in VECTORS["roots"]]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]

entries = st.lists(st.binary(max_size=4), min_size=1, max_size=40)


def proof_of(vector: dict[str, list[str]]) -> list[bytes]:
    return [bytes.fromhex(value) for value in vector["proof"]]


def test_the_roots_of_the_published_tree_come_out() -> None:
    for size, expected in enumerate(ROOTS):
        assert root_from_leaf_hashes(HASHES[:size]) == expected


@pytest.mark.parametrize("vector", VECTORS["inclusion"], ids=lambda v: f"{v['index']}-of-{v['size']}")
def test_the_inclusion_proofs_of_the_published_tree_come_out_and_verify(vector: dict) -> None:
    index, size = vector["index"], vector["size"]
    assert inclusion_proof(HASHES[:size], index) == proof_of(vector)
    verify_inclusion(HASHES[index], index, size, proof_of(vector), ROOTS[size])


@pytest.mark.parametrize("vector", VECTORS["consistency"], ids=lambda v: f"{v['size1']}-to-{v['size2']}")
def test_the_consistency_proofs_of_the_published_tree_come_out_and_verify(vector: dict) -> None:
    size1, size2 = vector["size1"], vector["size2"]
    assert consistency_proof(HASHES[:size2], size1) == proof_of(vector)
    verify_consistency(size1, size2, proof_of(vector), ROOTS[size1], ROOTS[size2])


@settings(max_examples=60)
@given(entries, st.data())
def test_every_proof_equals_the_rfc_s_recursion_and_verifies(leaves: list[bytes], data: st.DataObject) -> None:
    hashes = [leaf_hash(leaf) for leaf in leaves]
    size = len(leaves)
    index = data.draw(st.integers(0, size - 1))
    size1 = data.draw(st.integers(1, size))
    included = inclusion_proof(hashes, index)
    consistent = consistency_proof(hashes, size1)
    assert included == rfc.path(index, leaves)
    assert consistent == rfc.proof(size1, leaves)
    verify_inclusion(hashes[index], index, size, included, rfc.mth(leaves))
    verify_consistency(size1, size, consistent, rfc.mth(leaves[:size1]), rfc.mth(leaves))


@settings(max_examples=60)
@given(entries, st.data())
def test_an_inclusion_proof_verifies_in_no_other_place(leaves: list[bytes], data: st.DataObject) -> None:
    size = len(leaves)
    index = data.draw(st.integers(0, size - 1))
    proof, top, leaf = rfc.path(index, leaves), rfc.mth(leaves), leaf_hash(leaves[index])
    other = data.draw(st.integers(0, size + 2).filter(lambda at: at != index))
    bad = data.draw(st.binary(min_size=32, max_size=32).filter(lambda value: value != leaf))
    attempts = [
        (leaf, other, size, proof, top),
        (bad, index, size, proof, top),
        (leaf, index, size, proof, bad),
        (leaf, index, size, [*proof, bad], top),
        (leaf, index, size, [bad, *proof], top),
        (leaf, index, size, [*proof, b""], top),
        (leaf, index, size, [b"", *proof], top),
        (leaf, index, size * 2, proof, top),
        (leaf, index, size // 2, proof, top),
    ]
    attempts += [(leaf, index, size, proof[:cut], top) for cut in range(len(proof))]
    attempts += [
        (leaf, index, size, [*proof[:at], flipped(proof[at]), *proof[at + 1 :]], top) for at in range(len(proof))
    ]
    for attempt in attempts:
        # Equal leaves may make a proof good elsewhere too; then the RFC's own recursion says so.
        if attempt[1] < attempt[2] == size and rfc.path(attempt[1], leaves) == attempt[3]:
            continue
        with pytest.raises(ProofError):
            verify_inclusion(*attempt)


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=4), min_size=2, max_size=40, unique=True), st.data())
def test_a_consistency_proof_verifies_for_no_other_heads(leaves: list[bytes], data: st.DataObject) -> None:
    size2 = len(leaves)
    size1 = data.draw(st.integers(1, size2 - 1))
    proof, root1, root2 = rfc.proof(size1, leaves), rfc.mth(leaves[:size1]), rfc.mth(leaves)
    bad = data.draw(st.binary(min_size=32, max_size=32).filter(lambda value: value not in (root1, root2)))
    attempts = [
        (size1 - 1, size2, proof, root1, root2),
        (size1 + 1, size2, proof, root1, root2),
        (size1, size2 * 2, proof, root1, root2),
        (size1, size2 // 2, proof, root1, root2),
        (size2, size1, proof, root2, root1),
        (size1, size2, proof, bad, root2),
        (size1, size2, proof, root1, bad),
        (size1, size2, proof, root2, root1),
        (size1, size2, [*proof, bad], root1, root2),
        (size1, size2, [bad, *proof], root1, root2),
        (size1, size2, [*proof, b""], root1, root2),
        (size1, size2, [proof[0], *proof], root1, root2),
    ]
    attempts += [(size1, size2, proof[:cut], root1, root2) for cut in range(len(proof))]
    attempts += [
        (size1, size2, [*proof[:at], flipped(proof[at]), *proof[at + 1 :]], root1, root2) for at in range(len(proof))
    ]
    for attempt in attempts:
        with pytest.raises(ProofError):
            verify_consistency(*attempt)


def test_a_proof_from_a_higher_tree_is_too_long_for_a_lower_one() -> None:
    # From 7 to 8 the climb begins as from 3 to 4; only its length tells them apart.
    with pytest.raises(ProofError, match="too long"):
        verify_consistency(3, 4, consistency_proof(HASHES, 7), ROOTS[7], ROOTS[8])


def test_bytes_moved_between_a_hash_and_its_sibling_are_noticed() -> None:
    # The two are hashed one behind the other, so that only their lengths tell where one ends.
    leaf, [sibling] = HASHES[0], inclusion_proof(HASHES[:2], 0)
    for cut in (1, 31):
        with pytest.raises(ProofError, match="32 bytes"):
            verify_inclusion(leaf + sibling[:cut], 0, 2, [sibling[cut:]], ROOTS[2])
    first, second = consistency_proof(HASHES[:4], 3)[:2]
    rest = consistency_proof(HASHES[:4], 3)[2:]
    with pytest.raises(ProofError, match="32 bytes"):
        verify_consistency(3, 4, [first + second[:1], second[1:], *rest], ROOTS[3], ROOTS[4])


def test_nothing_is_included_in_an_empty_tree() -> None:
    for leaf in (EMPTY_ROOT, HASHES[0]):
        for proof in ([], [HASHES[0]]):
            with pytest.raises(ProofError):
                verify_inclusion(leaf, 0, 0, proof, EMPTY_ROOT)


def test_equal_sizes_need_equal_roots_and_no_proof() -> None:
    verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    verify_consistency(3, 3, [], ROOTS[3], ROOTS[3])
    for attempt in [
        (0, 0, [EMPTY_ROOT], EMPTY_ROOT, EMPTY_ROOT),
        (0, 0, [], EMPTY_ROOT, ROOTS[1]),
        (3, 3, [], ROOTS[3], ROOTS[2]),
        (3, 3, [ROOTS[3]], ROOTS[3], ROOTS[3]),
    ]:
        with pytest.raises(ProofError):
            verify_consistency(*attempt)


def test_nothing_is_proved_from_an_empty_tree() -> None:
    for proof in ([], [EMPTY_ROOT], [ROOTS[1]]):
        with pytest.raises(ProofError):
            verify_consistency(0, 1, proof, EMPTY_ROOT, ROOTS[1])


def test_sizes_beyond_64_bits_and_below_zero_are_refused() -> None:
    for size in (2**64, -1):
        with pytest.raises(ProofError):
            verify_inclusion(HASHES[0], 0, size, [], HASHES[0])
        with pytest.raises(ProofError):
            verify_consistency(size, size, [], ROOTS[1], ROOTS[1])


def test_a_proof_in_a_tree_of_the_largest_size_is_as_long_as_the_tree_is_high() -> None:
    size = 2**64 - 1
    proof = [bytes([level]) * 32 for level in range(64)]
    top = HASHES[0]
    for sibling in proof:
        top = node_hash(top, sibling)
    verify_inclusion(HASHES[0], 0, size, proof, top)
    with pytest.raises(ProofError, match="short"):
        verify_inclusion(HASHES[0], 0, size, proof[:-1], top)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 3)])
def test_no_proof_is_built_for_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError):
        inclusion_proof(HASHES[:size], index)


@pytest.mark.parametrize("size1", [0, 4])
def test_no_consistency_proof_is_built_from_nothing_or_from_more(size1: int) -> None:
    with pytest.raises(ValueError):
        consistency_proof(HASHES[:3], size1)


def test_a_growing_tree_has_the_root_of_each_size_on_its_way() -> None:
    tree = GrowingTree()
    for size, expected in enumerate(ROOTS):
        assert (tree.size, tree.root()) == (size, expected)
        if size < len(HASHES):
            tree.append(HASHES[size])


def flipped(value: bytes) -> bytes:
    return bytes([value[0] ^ 8]) + value[1:]

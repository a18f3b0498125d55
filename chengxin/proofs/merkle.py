"""Merkle trees as RFC 6962 section 2.1 defines them, with SHA-256: hashing, proving, verifying.

Verifiers raise ProofError and return nothing, so that no caller can forget to look at an answer.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from chengxin.proofs import decimal
from chengxin.proofs.error import ProofError
from chengxin.proofs.subtrees import Range, Subtree, consistency_ranges, inclusion_ranges

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

# Gives the hash of a complete subtree of the log at hand.
SubtreeHash = Callable[[Subtree], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """Return SHA-256(0x00 || entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right), for two hashes of 32 bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_from_leaf_hashes(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root of the tree with these leaf hashes; SHA-256 of nothing when there are none."""
    tree = GrowingTree()
    for leaf in leaf_hashes:
        tree.append(leaf)
    return tree.root()


class GrowingTree:
    """The right edge of a tree, enough to append leaves and know the root; memory log2(size) hashes."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Append the leaf with the hash `leaf`."""
        full, carry = self.size, leaf
        while full & 1:
            carry = node_hash(self._edge.pop(), carry)
            full >>= 1
        self._edge.append(carry)
        self.size += 1

    def root(self) -> bytes:
        """Return the root at the present size."""
        return fold(self._edge)


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the hash of a range from those of its complete subtrees, left to right."""
    if not hashes:
        return EMPTY_ROOT
    return functools.reduce(lambda right, left: node_hash(left, right), reversed(hashes))


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of all `leaf_hashes`, from the leaf's sibling up.

    Requires 0 <= index < len(leaf_hashes). For a log too large to hold, see `chengxin.proofs.tiles`.
    """
    return hash_ranges(inclusion_ranges(index, len(leaf_hashes)), _among(leaf_hashes))


def consistency_proof(leaf_hashes: Sequence[bytes], size1: int) -> list[bytes]:
    """Return the proof that the first `size1` leaves are a prefix of the tree of all; empty when they are all.

    Requires 0 < size1 <= len(leaf_hashes): RFC 6962 has no proof from the empty tree.
    """
    return hash_ranges(consistency_ranges(size1, len(leaf_hashes)), _among(leaf_hashes))


def hash_ranges(ranges: Iterable[Range], hash_of: SubtreeHash) -> list[bytes]:
    """Return the hash of each range; `hash_of` must know the complete subtrees in them."""
    return [fold([hash_of(subtree) for subtree in subtrees]) for subtrees in ranges]


def _among(leaf_hashes: Sequence[bytes]) -> SubtreeHash:
    def hash_of(subtree: Subtree) -> bytes:
        start = subtree.index << subtree.level
        return root_from_leaf_hashes(leaf_hashes[start : start + (1 << subtree.level)])

    return hash_of


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise ProofError unless `proof` shows that the leaf hash `leaf` stands at `index` under `root`.

    `root` is of a tree of `size` leaves; nothing is included in an empty one. Source: RFC 9162 2.1.3.2.
    """
    _require_size(size)
    if not 0 <= index < size:
        raise ProofError("the index is not below the size")
    _require_hashes(leaf, root, *proof)
    computed = leaf
    for sibling, is_left in _climb(index, size - 1, proof):
        computed = node_hash(sibling, computed) if is_left else node_hash(computed, sibling)
    if computed != root:
        raise ProofError("the proof leads to another root")


def verify_consistency(size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes) -> None:
    """Raise ProofError unless `proof` shows that the tree of `size1` is a prefix of that of `size2`.

    Equal sizes need equal roots and no proof. From the empty tree nothing can be proved: any log begins
    with it. Source: RFC 9162 2.1.4.2.
    """
    _require_size(size1)
    _require_size(size2)
    if size1 == size2:
        # Two heads of one size are the same head or not; nothing is hashed.
        if proof:
            raise ProofError("the proof is too long")
        if root1 != root2:
            raise ProofError("two roots for one size")
        return
    if size1 > size2:
        raise ProofError("the log cannot shrink")
    if size1 == 0:
        raise ProofError("nothing can be proved from an empty tree")
    _require_hashes(root1, root2, *proof)
    # Where the smaller tree is complete, its root is where the climb begins and the proof omits it.
    path = [root1, *proof] if size1 & (size1 - 1) == 0 else list(proof)
    if not path:
        raise ProofError("the proof is too short")
    at, last = size1 - 1, size2 - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for sibling, is_left in _climb(at, last, path[1:]):
        if is_left:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    if old != root1:
        raise ProofError("the proof leads to another smaller root")
    if new != root2:
        raise ProofError("the proof leads to another larger root")


def _climb(at: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each hash of the proof on the way up from node `at` of a row that ends with `last`, and whether it is left."""
    for sibling in proof:
        if last == 0:
            raise ProofError("the proof is too long")
        is_left = bool(at & 1) or at == last
        yield sibling, is_left
        while is_left and at and not at & 1:
            at, last = at >> 1, last >> 1
        at, last = at >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")


def _require_size(size: int) -> None:
    if not 0 <= size <= decimal.MAX:
        raise ProofError("the size is not a 64-bit number")


def _require_hashes(*hashes: bytes) -> None:
    if any(len(value) != HASH_BYTES for value in hashes):
        raise ProofError("a hash must have 32 bytes")

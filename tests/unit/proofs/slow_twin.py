"""A second verifier, slow and obvious: the RFC's recursions read backwards, and JSON judged member by member.

It shares nothing with chengxin/proofs, so that a mistake has to be made twice to stay unseen.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from tests.unit.proofs.rfc6962_twin import sha256, split

Pairs = list[tuple[str, Any]]
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", re.ASCII)


class Unproved(Exception):
    """The claim does not hold, or is none."""


def node(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right)


def root_of(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """The root to which PATH(index, D[size]) = proof leads: its recursion, from the top."""
    if size == 1:
        demand(not proof)
        return leaf
    demand(proof)
    *below, last = proof
    k = split(size)
    if index < k:
        return node(root_of(leaf, index, k, below), last)
    return node(last, root_of(leaf, index - k, size - k, below))


def roots_of(m: int, n: int, proof: list[bytes], known: bytes | None) -> tuple[bytes, bytes]:
    """The roots to which SUBPROOF(m, D[n], b) = proof leads; `known` is the smaller root where b is true."""
    if m == n:
        if known is not None:
            demand(not proof)
            return known, known
        demand(len(proof) == 1)
        return proof[0], proof[0]
    demand(proof)
    *below, last = proof
    k = split(n)
    if m <= k:
        old, new = roots_of(m, k, below, known)
        return old, node(new, last)
    old, new = roots_of(m - k, n - k, below, None)
    return node(last, old), node(last, new)


def included(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> None:
    """Raise Unproved unless the proof shows the leaf at the index."""
    demand(0 <= index < size)
    demand(all(len(value) == 32 for value in (leaf, root, *proof)))
    demand(root_of(leaf, index, size, proof) == root)


def consistent(size1: int, size2: int, proof: list[bytes], root1: bytes, root2: bytes) -> None:
    """Raise Unproved unless the proof shows that the smaller tree is a prefix of the larger."""
    if size1 == size2:
        demand(root1 == root2 and not proof)
        return
    demand(0 < size1 < size2)
    demand(all(len(value) == 32 for value in (root1, root2, *proof)))
    demand(roots_of(size1, size2, proof, root1) == (root1, root2))


def sound(line: bytes) -> bool:
    """Whether a line is a claim that its proof bears out."""
    try:
        judge(line)
    except Unproved:
        return False
    return True


def judge(line: bytes) -> None:
    """Raise Unproved unless the line is a claim that its proof bears out."""
    demand(len(line) <= 65536)
    try:
        text = line.decode("utf-8")
        claim = json.loads(text, object_pairs_hook=once, parse_float=never, parse_constant=never)
    except (ValueError, RecursionError):
        raise Unproved from None
    demand(type(claim) is dict)
    kind = claim.get("kind")
    if kind == "inclusion":
        included(
            octets(claim, "leaf_hash"),
            number(claim, "leaf_index"),
            number(claim, "tree_size"),
            hashes(claim),
            octets(claim, "root"),
        )
    elif kind == "consistency":
        consistent(
            number(claim, "size1"),
            number(claim, "size2"),
            hashes(claim),
            octets(claim, "root1"),
            octets(claim, "root2"),
        )
    else:
        raise Unproved


def once(pairs: Pairs) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    demand(len(names) == len(set(names)))
    return dict(pairs)


def never(_: str) -> Any:
    raise Unproved


def number(claim: dict[str, Any], name: str) -> int:
    demand(name in claim)
    value = claim[name]
    demand(type(value) is int and 0 <= value < 2**64)
    return value


def octets(claim: dict[str, Any], name: str) -> bytes:
    demand(name in claim)
    return spelt(claim[name])


def hashes(claim: dict[str, Any]) -> list[bytes]:
    demand("proof" in claim)
    proof = claim["proof"]
    demand(proof is None or type(proof) is list)
    return [spelt(value) for value in proof or []]


def spelt(value: Any) -> bytes:
    demand(type(value) is str and _BASE64.fullmatch(value) is not None)
    decoded = base64.b64decode(value)
    demand(base64.b64encode(decoded) == value.encode())
    return decoded


def demand(holds: object) -> None:
    if not holds:
        raise Unproved

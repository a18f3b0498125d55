"""Proofs as JSON lines: one claim a line, judged by itself. All byte strings are base64.

{"kind":"inclusion","leaf_hash":…,"leaf_index":n,"tree_size":n,"root":…,"proof":[…]}
{"kind":"consistency","size1":n,"size2":n,"root1":…,"root2":…,"proof":[…]}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn, cast

from chengxin.proofs import base64text, decimal
from chengxin.proofs.error import ProofError
from chengxin.proofs.merkle import verify_consistency, verify_inclusion

# A proof has at most 64 hashes; the rest is room for spaces and fields that a tool adds.
MAX_LINE_BYTES = 1 << 16


def judge(line: bytes) -> None:
    """Raise ProofError unless `line` is a well-formed claim that its proof bears out."""
    claim = _read(line)
    kind = claim.get("kind")
    if kind == "inclusion":
        verify_inclusion(
            _bytes(claim, "leaf_hash"),
            _number(claim, "leaf_index"),
            _number(claim, "tree_size"),
            _hashes(claim),
            _bytes(claim, "root"),
        )
    elif kind == "consistency":
        verify_consistency(
            _number(claim, "size1"),
            _number(claim, "size2"),
            _hashes(claim),
            _bytes(claim, "root1"),
            _bytes(claim, "root2"),
        )
    else:
        raise ProofError("the kind must be inclusion or consistency")


def _read(line: bytes) -> Mapping[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise ProofError("the line is too long")
    try:
        claim = json.loads(
            line.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse, parse_float=_refuse
        )
    except (ValueError, RecursionError):  # ValueError also covers bad UTF-8 and numbers of absurd length.
        raise ProofError("not a line of JSON") from None
    if not isinstance(claim, dict):
        raise ProofError("not a JSON object")
    return cast("dict[str, Any]", claim)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ProofError("a name occurs twice")
    return members


def _refuse(_: str) -> NoReturn:
    raise ProofError("numbers must be whole")


def _number(claim: Mapping[str, Any], name: str) -> int:
    value = claim.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= decimal.MAX:
        raise ProofError(f"{name} must be a whole number below 2**64")
    return value


def _bytes(claim: Mapping[str, Any], name: str) -> bytes:
    value = claim.get(name)
    if not isinstance(value, str):
        raise ProofError(f"{name} must be base64 text")
    return base64text.decode(value)


def _hashes(claim: Mapping[str, Any]) -> list[bytes]:
    if "proof" not in claim:
        raise ProofError("the proof is missing")
    proof: Any = claim["proof"]
    if proof is None:  # Go writes an empty list so, and published test vectors hold it.
        return []
    if not isinstance(proof, list):
        raise ProofError("the proof must be a list")
    hashes: list[bytes] = []
    for value in cast("list[Any]", proof):
        if not isinstance(value, str):
            raise ProofError("a hash must be base64 text")
        hashes.append(base64text.decode(value))
    return hashes

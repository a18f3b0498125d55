"""Proofs as JSON lines: one claim a line, judged by itself. All byte strings are base64.

{"kind":"inclusion","leaf_hash":…,"leaf_index":n,"tree_size":n,"root":…,"proof":[…]}
{"kind":"consistency","size1":n,"size2":n,"root1":…,"root2":…,"proof":[…]}
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, cast

from chengxin.proofs import base64text, decimal
from chengxin.proofs.error import ProofError
from chengxin.proofs.merkle import verify_consistency, verify_inclusion

# A proof has at most 64 hashes; the rest is room for spaces and fields that a tool adds.
MAX_LINE_BYTES = 1 << 16


_CLAIMS: dict[str, tuple[Callable[..., None], str]] = {
    "inclusion": (verify_inclusion, "leaf_hash leaf_index tree_size proof root"),
    "consistency": (verify_consistency, "size1 size2 proof root1 root2"),
}
_NUMBERS = {"leaf_index", "tree_size", "size1", "size2"}


def judge(line: bytes) -> None:
    """Raise ProofError unless `line` is a well-formed claim that its proof bears out."""
    claim = _read(line)
    kind = claim.get("kind")
    if not isinstance(kind, str) or kind not in _CLAIMS:
        raise ProofError("the kind must be inclusion or consistency")
    verify, names = _CLAIMS[kind]
    if not claim.keys() >= set(names.split()):
        raise ProofError("a member is missing")
    verify(*(_value(name, claim[name]) for name in names.split()))


def _read(line: bytes) -> Mapping[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise ProofError("the line is too long")
    try:
        claim = json.loads(line.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse, parse_float=_refuse)
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


def _value(name: str, value: Any) -> Any:
    if name in _NUMBERS:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= decimal.MAX:
            raise ProofError(f"{name} must be a whole number below 2**64")
        return value
    if name == "proof":  # Go writes an empty list as null, and published test vectors hold it.
        if not isinstance(value, list | None):
            raise ProofError("the proof must be a list")
        return [_value("a hash", hashed) for hashed in cast("list[Any]", value or [])]
    if not isinstance(value, str):
        raise ProofError(f"{name} must be base64 text")
    return base64text.decode(value)

"""Proofs as JSON lines: valid or invalid, never a crash."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chengxin.proofs.claims import MAX_LINE_BYTES, judge
from chengxin.proofs.error import ProofError
from chengxin.proofs.merkle import EMPTY_ROOT, consistency_proof, inclusion_proof, leaf_hash

from . import rfc6962_twin as rfc

LEAVES = [bytes([number]) for number in range(7)]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]


def b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


INCLUSION: dict[str, Any] = {
    "kind": "inclusion",
    "leaf_hash": b64(leaf_hash(LEAVES[3])),
    "leaf_index": 3,
    "tree_size": 7,
    "root": b64(rfc.mth(LEAVES)),
    "proof": [b64(value) for value in inclusion_proof(HASHES, 3)],
}
CONSISTENCY: dict[str, Any] = {
    "kind": "consistency",
    "size1": 3,
    "size2": 7,
    "root1": b64(rfc.mth(LEAVES[:3])),
    "root2": b64(rfc.mth(LEAVES)),
    "proof": [b64(value) for value in consistency_proof(HASHES, 3)],
}
SINGLE = {
    "kind": "inclusion",
    "leaf_hash": b64(leaf_hash(b"")),
    "leaf_index": 0,
    "tree_size": 1,
    "root": b64(leaf_hash(b"")),
}


def line(claim: object) -> bytes:
    return json.dumps(claim).encode()


@pytest.mark.parametrize(
    "claim",
    [
        INCLUSION,
        CONSISTENCY,
        {**SINGLE, "proof": []},
        {**SINGLE, "proof": None},
        {**INCLUSION, "note": "a field that a tool added"},
        {**CONSISTENCY, "size1": 7, "root1": CONSISTENCY["root2"], "proof": []},
        {
            "kind": "consistency",
            "size1": 0,
            "size2": 0,
            "root1": b64(EMPTY_ROOT),
            "root2": b64(EMPTY_ROOT),
            "proof": [],
        },
    ],
)
def test_what_is_proved_is_valid(claim: dict[str, Any]) -> None:
    judge(line(claim))


@pytest.mark.parametrize(
    "claim",
    [
        {**INCLUSION, "leaf_index": 2},
        {**INCLUSION, "tree_size": 0},
        {**INCLUSION, "proof": INCLUSION["proof"][:-1]},
        {**INCLUSION, "proof": [*INCLUSION["proof"], INCLUSION["root"]]},
        {**INCLUSION, "proof": [*INCLUSION["proof"], ""]},
        {**INCLUSION, "proof": None},
        {**INCLUSION, "leaf_index": 18446744073709551615},
        {**INCLUSION, "leaf_index": -1},
        {**INCLUSION, "leaf_index": 3.0},
        {**INCLUSION, "leaf_index": "3"},
        {**INCLUSION, "leaf_index": True},
        {**INCLUSION, "tree_size": 2**64},
        {**INCLUSION, "leaf_hash": b64(b"short")},
        {**INCLUSION, "root": INCLUSION["root"].rstrip("=")},
        {**INCLUSION, "root": INCLUSION["root"] + "\n"},
        {**INCLUSION, "root": None},
        {**INCLUSION, "root": 7},
        {**INCLUSION, "proof": [7]},
        {**INCLUSION, "proof": "text"},
        {**INCLUSION, "proof": {}},
        {**INCLUSION, "kind": "Inclusion"},
        {**INCLUSION, "kind": ["inclusion"]},
        {**CONSISTENCY, "size1": 0},
        {**CONSISTENCY, "size1": 7, "size2": 3},
        {**CONSISTENCY, "proof": []},
        {**CONSISTENCY, "root1": CONSISTENCY["root2"], "root2": CONSISTENCY["root1"]},
        {name: value for name, value in INCLUSION.items() if name != "proof"},
        {name: value for name, value in INCLUSION.items() if name != "kind"},
        {},
        [],
        [INCLUSION],
        "inclusion",
        None,
        7,
    ],
    ids=lambda claim: json.dumps(claim)[-40:],
)
def test_everything_else_is_invalid(claim: object) -> None:
    with pytest.raises(ProofError):
        judge(line(claim))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"{",
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"kind":"inclusion","leaf_index":NaN}',
        b'{"kind":"inclusion","leaf_index":Infinity}',
        b'{"kind":"inclusion","leaf_index":' + b"9" * 5000 + b"}",
        b'{"kind":"inclusion","kind":"consistency"}',
        line(INCLUSION)[:-1] + b',"root":"' + INCLUSION["root"].encode() + b'"}',
        line(INCLUSION) + b" {}",
        line(INCLUSION) + b" " * MAX_LINE_BYTES,
        line(INCLUSION).replace(b"3", "３".encode()),
        line({**INCLUSION, "note": "\ud800"}) + b"x",
    ],
    ids=range(14),
)
def test_malformed_lines_are_invalid(raw: bytes) -> None:
    with pytest.raises(ProofError):
        judge(raw)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_invalid_and_never_a_crash(raw: bytes) -> None:
    with pytest.raises(ProofError):
        judge(raw)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from([INCLUSION, CONSISTENCY]), st.data())
def test_a_claim_with_any_one_value_replaced_is_invalid(claim: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(claim)))
    value = data.draw(json_values.filter(lambda value: value != claim[name]))
    with pytest.raises(ProofError):
        judge(line({**claim, name: value}))

"""A record's sealed fields, packed into one value and taken out again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.crypto import OpenFailed, pack, unpack
from foundation.crypto.layout import length_prefixed, pad, unpad
from tests.unit.crypto.ciphertexts import each_shorter, opens

FIELDS = {"remark": b"second", "party.name": b"first"}
columns = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@settings(max_examples=100)
@given(st.dictionaries(columns, st.binary(max_size=40), max_size=6))
def test_what_is_packed_comes_out_again(fields: dict[str, bytes]) -> None:
    assert unpack(pack(fields)) == fields


def test_packing_does_not_depend_on_the_order_of_the_fields() -> None:
    assert pack(FIELDS) == pack(dict(reversed(FIELDS.items())))


def test_only_the_wanted_fields_come_out() -> None:
    assert unpack(pack(FIELDS), {"remark", "not.there"}) == {"remark": b"second"}
    assert unpack(pack(FIELDS), set()) == {}


def test_a_record_without_fields_can_be_packed() -> None:
    assert unpack(pack({})) == {}


@pytest.mark.parametrize("column", ["", "x" * 256])
def test_a_columns_name_has_1_to_255_bytes(column: str) -> None:
    with pytest.raises(ValueError, match="255"):
        pack({column: b""})


def test_what_is_cut_off_between_fields_is_refused_or_lacks_whole_fields() -> None:
    packed = pack(FIELDS)
    left = [unpack(cut) for cut in each_shorter(packed) if opens(unpack, cut)]
    assert left == [{}, {"party.name": b"first"}]


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"\x02",
        pack({"a": b"1"}) + pack({"a": b"2"})[1:],
        pack({"b": b"1"}) + pack({"a": b"2"})[1:],
        b"\x01\x00\x00\x00\x00\x00",
        b"\x01\x01\xff\x00\x00\x00\x00",
        b"\x01\x01a\xff\xff\xff\xff",
    ],
    ids=["empty", "version", "twice", "disorder", "no name", "no UTF-8", "too long"],
)
def test_what_was_not_packed_here_is_refused(packed: bytes) -> None:
    with pytest.raises(OpenFailed):
        unpack(packed)


@settings(max_examples=100)
@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_different_parts_never_look_the_same(one: list[bytes], other: list[bytes]) -> None:
    assert (length_prefixed(*one) == length_prefixed(*other)) == (one == other)


@settings(max_examples=100)
@given(st.binary(max_size=100))
def test_padding_comes_off_again(content: bytes) -> None:
    assert len(pad(content)) % 32 == 0
    assert unpad(pad(content)) == content


@pytest.mark.parametrize("padded", [b"", b"\x80", bytes(32), b"x" * 32, b"\x80" + bytes(63)])
def test_what_was_not_padded_here_is_refused(padded: bytes) -> None:
    with pytest.raises(OpenFailed):
        unpad(padded)

"""A record's sealed fields, packed into one value and taken out again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.crypto import OpenFailed
from foundation.crypto.layout import Packed, length_prefixed, pack, pad, unpack, unpad
from tests.unit.crypto.ciphertexts import each_shorter, opens

HEAD, COMMITMENT = b"\x01\x01", bytes(range(32))
START = b"\x01" + HEAD + COMMITMENT
columns = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


def record(fields: dict[str, bytes]) -> Packed:
    """Fields by column, ready to be packed; the nonce of each is twelve times its place."""
    nonces = [bytes([at]) * 12 for at in range(len(fields))]
    ordered = sorted(fields.items())
    return Packed(HEAD, COMMITMENT, tuple(c for c, _ in ordered), tuple(nonces), tuple(t for _, t in ordered))


FIELDS = record({"remark": b"second", "party.name": b"first"})


@settings(max_examples=100)
@given(st.dictionaries(columns, st.binary(max_size=40), max_size=6))
def test_what_is_packed_comes_out_again(fields: dict[str, bytes]) -> None:
    assert unpack(pack(record(fields))) == record(fields)


def test_only_the_wanted_fields_come_out() -> None:
    found = unpack(pack(FIELDS), {"remark", "not.there"})
    assert (found.columns, found.nonces, found.texts) == (["remark"], [b"\1" * 12], [b"second"])
    assert found[:2] == (HEAD, COMMITMENT)
    assert unpack(pack(FIELDS), set()).columns == []


def test_a_record_without_fields_can_be_packed() -> None:
    assert unpack(pack(record({}))) == record({})


@pytest.mark.parametrize("names", [("",), ("x" * 256,), ("b", "a"), ("a", "a")])
def test_columns_stand_in_order_once_and_have_names_of_1_to_255_bytes(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="255"):
        pack(Packed(HEAD, COMMITMENT, names, [bytes(12)] * len(names), [b""] * len(names)))


def test_nothing_can_be_cut_off() -> None:
    assert not any(opens(unpack, cut) for cut in (*each_shorter(pack(FIELDS)), pack(FIELDS) + b"\0"))


def shaped(shape: bytes, fields: bytes = b"") -> bytes:
    """A packed record of this shape."""
    return START + len(shape).to_bytes(2, "big") + shape + fields


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"\x02" + pack(FIELDS)[1:],
        START[:-1],
        shaped(b"\x01a\0\0\0\0" * 2, bytes(24)),
        shaped(b"\x01b\0\0\0\0\x01a\0\0\0\0", bytes(24)),
        shaped(b"\x00\0\0\0\0", bytes(12)),
        shaped(b"\x01\xff\0\0\0\0", bytes(12)),
        shaped(b"\x01a\xff\xff\xff\xff"),
        shaped(b"\x01a\0\0", bytes(12)),
        shaped(b"\x09a\0\0\0\0", bytes(12)),
    ],
    ids=[
        "empty",
        "version",
        "no commitment",
        "twice",
        "disorder",
        "no name",
        "no UTF-8",
        "too long",
        "half a length",
        "half a name",
    ],
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

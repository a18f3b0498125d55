"""What is sealed directly under a year's key (the journal's private parts) opens in its own row only."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.crypto import Kek, OpenFailed, kek_name, new_dek, open_blob, open_dek, seal_blob
from tests.unit.crypto.ciphertexts import PLACE, opens

JOURNAL = Kek("journal/2026", os.urandom(32))
ROW = (b"journal", b"\x00\x2a")


@settings(max_examples=50)
@given(st.binary(max_size=100), st.lists(st.binary(max_size=8), max_size=3))
def test_a_blob_opens_with_its_key_and_its_row(plaintext: bytes, row: list[bytes]) -> None:
    assert open_blob(JOURNAL, seal_blob(JOURNAL, plaintext, *row), *row) == plaintext


@pytest.mark.parametrize("row", [(), (b"journal",), (b"journal", b"\x00\x2b"), (b"journa", b"l\x00\x2a"), (*ROW, b"")])
def test_a_blob_does_not_open_in_another_row(row: tuple[bytes, ...]) -> None:
    assert not opens(open_blob, JOURNAL, seal_blob(JOURNAL, b"officer", *ROW), *row)


def test_a_blob_opens_under_its_own_key_only() -> None:
    sealed = seal_blob(JOURNAL, b"officer", *ROW)
    assert not opens(open_blob, Kek("journal/2026", os.urandom(32)), sealed, *ROW)
    assert not opens(open_blob, Kek("journal/2027", JOURNAL.key), sealed, *ROW)


def test_a_blob_tells_its_length_no_closer_than_32_bytes() -> None:
    assert len({len(seal_blob(JOURNAL, bytes(length))) for length in range(32)}) == 1
    assert len(seal_blob(JOURNAL, bytes(32))) == len(seal_blob(JOURNAL, b"")) + 32


def test_a_wrap_is_no_blob_and_a_blob_is_no_wrap() -> None:
    wrap = new_dek(PLACE).wrap(JOURNAL)
    assert not opens(open_blob, JOURNAL, wrap)
    assert not opens(open_blob, JOURNAL, wrap[:-32] + seal_blob(JOURNAL, b"")[-32:])
    assert not opens(open_dek, seal_blob(JOURNAL, bytes(31))[:-32] + wrap[-32:], JOURNAL, PLACE)


def test_wraps_and_blobs_name_the_key_they_need() -> None:
    assert kek_name(seal_blob(JOURNAL, b"officer")) == "journal/2026"
    assert kek_name(new_dek(PLACE).wrap(Kek("share/open-2026", bytes(32)))) == "share/open-2026"


@pytest.mark.parametrize(
    "sealed", [b"", b"\x01\x01", b"\x02\x01\x01a", b"\x01\x01\x00", b"\x01\x01\x02a/", b"\x01\x01\x09abc"]
)
def test_what_names_no_key_is_not_read_as_a_name(sealed: bytes) -> None:
    with pytest.raises(OpenFailed):
        kek_name(sealed)

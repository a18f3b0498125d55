"""A record's ciphertexts open in their own place, whole and unaltered, or not at all."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.crypto import Dek, Kek, OpenFailed, Place, new_dek, open_dek, rewrap, seal_record
from foundation.crypto.layout import unpack
from tests.unit.crypto.ciphertexts import PLACE, opens, personal

SHARE = Kek("share/2027-03", os.urandom(32))
ARCHIVE = Kek("archive/2031", os.urandom(32))
FIELDS = {"party.name": "湘江示例有限公司", "penalty.amount": "20000.00", "remark": ""}
ELSEWHERE = {
    "another row": replace(PLACE, record_id=UUID("0d6f2c1a-5b7e-4a53-9c7e-1f2e3d4c5b6b")),
    "another version": replace(PLACE, version=2),
    "another subject": replace(PLACE, subject_ref=bytes(16)),
    "another table": replace(PLACE, table="recor"),
    "another deployment": replace(PLACE, deployment="hunan-test"),
}

texts = st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=80), max_size=8)


def _fixed(key: bytes) -> Callable[[int], bytes]:
    return lambda length: key[:length]


@settings(max_examples=50)
@given(texts)
def test_a_sealed_record_opens_by_either_wrap(fields: dict[str, str]) -> None:
    sealed = seal_record(fields, place=PLACE, share=SHARE, archive=ARCHIVE)
    for wrap, kek in ((sealed.share_wrap, SHARE), (sealed.archive_wrap, ARCHIVE)):
        dek = open_dek(wrap, kek, PLACE)
        assert dek.open_record(sealed.packed) == personal(fields)


def test_a_document_of_any_bytes_opens_again() -> None:
    content = bytes(range(256)) * 300 + b"\x80\0\0"
    dek = new_dek(PLACE)
    sealed = dek.seal_bytes("content", content)
    assert open_dek(dek.wrap(ARCHIVE), ARCHIVE, PLACE).open_bytes("content", sealed) == content


def test_nothing_of_a_record_lies_there_in_clear() -> None:
    sealed = seal_record(FIELDS, place=PLACE, share=SHARE, archive=ARCHIVE)
    stored = b"".join((sealed.share_wrap, sealed.archive_wrap, sealed.packed))
    assert not any(text.encode() in stored for text in FIELDS.values() if text)


def test_two_sealings_of_one_record_have_nothing_in_common() -> None:
    one, other = (seal_record(FIELDS, place=PLACE, share=SHARE, archive=ARCHIVE) for _ in range(2))
    nonces = [nonce for sealed in (one, other) for nonce in unpack(sealed.packed).nonces]
    assert len(set(nonces)) == len(nonces)
    assert one.share_wrap[-32:] != other.share_wrap[-32:]


@pytest.mark.parametrize("elsewhere", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_a_wrap_does_not_open_elsewhere(elsewhere: Place) -> None:
    wrap = new_dek(PLACE).wrap(SHARE)
    assert opens(open_dek, wrap, SHARE, PLACE)
    assert not opens(open_dek, wrap, SHARE, elsewhere)


@pytest.mark.parametrize("elsewhere", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_a_field_does_not_open_elsewhere_even_with_its_own_key(elsewhere: Place) -> None:
    key = os.urandom(32)
    sealed = new_dek(PLACE, random=_fixed(key)).seal("party.name", "text")
    assert new_dek(PLACE, random=_fixed(key)).open("party.name", sealed).reveal() == "text"
    assert not opens(new_dek(elsewhere, random=_fixed(key)).open, "party.name", sealed)


def test_a_field_does_not_open_as_another_column() -> None:
    dek = new_dek(PLACE)
    assert not opens(dek.open, "penalty.basis", dek.seal("penalty.amount", "20000.00"))


def test_parts_of_a_place_do_not_run_into_each_other() -> None:
    key = os.urandom(32)
    one, other = (new_dek(replace(PLACE, table=table), random=_fixed(key)) for table in ("record", "recorda"))
    assert not opens(one.open, "ab", other.seal("b", "text"))


def test_a_wrap_opens_under_its_own_key_only() -> None:
    wrap = new_dek(PLACE).wrap(SHARE)
    assert not opens(open_dek, wrap, Kek(SHARE.name, os.urandom(32)), PLACE)
    assert not opens(open_dek, wrap, Kek("share/2027-04", SHARE.key), PLACE)
    assert not opens(open_dek, wrap, ARCHIVE, PLACE)


def test_a_wrap_with_another_keys_commitment_opens_nothing() -> None:
    wrap = new_dek(PLACE).wrap(SHARE)
    other = new_dek(PLACE).commitment
    assert not opens(open_dek, wrap[:-32] + other, SHARE, PLACE)


def test_a_new_wrap_leaves_the_fields_and_the_commitment_as_they_are() -> None:
    sealed = seal_record(FIELDS, place=PLACE, share=Kek("share/open-2026", os.urandom(32)), archive=ARCHIVE)
    wrap = rewrap(sealed.archive_wrap, PLACE, old=ARCHIVE, new=SHARE)
    dek = open_dek(wrap, SHARE, PLACE)
    assert dek.open_record(sealed.packed, {"penalty.amount"}) == personal({"penalty.amount": "20000.00"})
    assert wrap[-32:] == sealed.archive_wrap[-32:]
    assert not opens(open_dek, wrap, ARCHIVE, PLACE)


@pytest.mark.parametrize("length", range(0, 100, 3))
def test_a_ciphertext_tells_its_length_no_closer_than_32_bytes(length: int) -> None:
    sealed = new_dek(PLACE).seal("party.name", "x" * length)
    assert len(sealed) == 2 + 12 + (length // 32 + 1) * 32 + 16


def test_all_failures_look_the_same() -> None:
    dek = new_dek(PLACE)
    field, wrap = dek.seal("remark", "text"), dek.wrap(SHARE)
    causes: list[Callable[[], object]] = [
        lambda: dek.open("remark", b""),
        lambda: dek.open("remark", b"\x07" + field[1:]),
        lambda: dek.open("remark", field[:-1]),
        lambda: dek.open("other", field),
        lambda: dek.open("remark", dek.seal_bytes("remark", b"\xff")),
        lambda: open_dek(b"", SHARE, PLACE),
        lambda: open_dek(b"\x01\x63" + wrap[2:], SHARE, PLACE),
        lambda: open_dek(wrap, ARCHIVE, PLACE),
        lambda: open_dek(wrap[:-32] + bytes(32), SHARE, PLACE),
    ]
    for cause in causes:
        with pytest.raises(OpenFailed) as caught:
            cause()
        assert str(caught.value) == "the ciphertext does not open"
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_no_key_and_no_text_shows_when_printed() -> None:
    dek = new_dek(PLACE, random=_fixed(b"K" * 32))
    kek = Kek("share/2027-03", b"K" * 32)
    assert repr(kek) == str(kek) == f"{kek}" == "Kek('share/2027-03', <redacted>)"
    assert repr(dek) == str(dek) == f"{dek}" == "Dek(<redacted>)"


@pytest.mark.parametrize("secret", [SHARE, new_dek(PLACE)], ids=["kek", "dek"])
def test_keys_are_not_pickled(secret: Kek | Dek) -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)


@pytest.mark.parametrize("name", ["", "Share/2027", "share//x", "../root", "share/2027.03", "share/２０２７", "a\n"])
def test_a_key_has_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="key's name"):
        Kek(name, bytes(32))


def test_a_key_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Kek("share/2027-03", bytes(16))

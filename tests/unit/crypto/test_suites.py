"""Both suites alike: what was altered, cut short or sealed too weakly does not open; old data stays readable."""

from __future__ import annotations

import os

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from structlog.testing import capture_logs

from foundation.crypto import (
    FileKeyProvider,
    Kek,
    OpenFailed,
    Suites,
    SuiteTooOld,
    new_dek,
    open_blob,
    open_dek,
    rewrap,
    seal_blob,
    seal_record,
)
from foundation.crypto.layout import unpack
from foundation.crypto.suite import COMMERCIAL, INTERNATIONAL, SUITES, Sm4Gcm, Suite
from tests.unit.crypto.ciphertexts import PLACE, each_bit_flipped, each_shorter, opens, personal

KEY = os.urandom(32)
FIELDS = {"party.name": "湘江示例有限公司", "penalty.amount": "20000.00", "remark": ""}
ROW = (b"journal_private", bytes(16))
both = pytest.mark.parametrize("suite", SUITES.values(), ids=["suite 1", "suite 2"])


def kek(suite: Suite, name: str = "share/2027-03", *, least: int = 1) -> Kek:
    return Kek(name, KEY, Suites(new=suite, least=least))


@both
def test_a_record_opens_by_either_wrap(suite: Suite) -> None:
    share, archive = kek(suite), kek(suite, "archive/2031")
    sealed = seal_record(FIELDS, place=PLACE, share=share, archive=archive)
    assert {sealed.share_wrap[1], unpack(sealed.packed).head[1]} == {suite.number}
    for wrap, under in ((sealed.share_wrap, share), (sealed.archive_wrap, archive)):
        assert open_dek(wrap, under, PLACE).open_record(sealed.packed) == personal(FIELDS)


@both
def test_no_bit_of_a_field_can_be_altered(suite: Suite) -> None:
    dek = new_dek(PLACE, suite=suite)
    sealed = dek.seal("party.name", "湘江示例有限公司")
    assert dek.open("party.name", sealed).reveal() == "湘江示例有限公司"
    assert not any(opens(dek.open_bytes, "party.name", altered) for altered in each_bit_flipped(sealed))


@both
def test_no_bit_of_a_wrap_can_be_altered(suite: Suite) -> None:
    wrap = new_dek(PLACE, suite=suite).wrap(kek(suite))
    assert opens(open_dek, wrap, kek(suite), PLACE)
    assert not any(opens(open_dek, altered, kek(suite), PLACE) for altered in each_bit_flipped(wrap))


@both
def test_no_bit_of_a_blob_can_be_altered(suite: Suite) -> None:
    sealed = seal_blob(kek(suite), b"officer", *ROW)
    assert opens(open_blob, kek(suite), sealed, *ROW)
    assert not any(opens(open_blob, kek(suite), altered, *ROW) for altered in each_bit_flipped(sealed))


@both
def test_a_ciphertext_cut_short_or_made_longer_does_not_open(suite: Suite) -> None:
    dek, under = new_dek(PLACE, suite=suite), kek(suite)
    field, wrap, blob = dek.seal("remark", "text"), dek.wrap(under), seal_blob(under, b"officer", *ROW)
    assert not any(opens(dek.open_bytes, "remark", cut) for cut in (*each_shorter(field), field + b"\0"))
    assert not any(opens(open_dek, cut, under, PLACE) for cut in (*each_shorter(wrap), wrap + b"\0"))
    assert not any(opens(open_blob, under, cut, *ROW) for cut in (*each_shorter(blob), blob + b"\0"))


@both
@pytest.mark.parametrize("left", range(16))
def test_a_short_tag_is_no_tag(suite: Suite, left: int) -> None:
    """The cut is made where the tag ends, and what is kept of the tag is right."""
    under = kek(suite)
    blob, wrap = seal_blob(under, b"officer", *ROW), new_dek(PLACE, suite=suite).wrap(under)
    assert not opens(open_blob, under, blob[:-48] + blob[-48 : -48 + left] + blob[-32:], *ROW)
    assert not opens(open_dek, wrap[:-48] + wrap[-48 : -48 + left] + wrap[-32:], under, PLACE)
    nonce, data = bytes(12), bytes(32)
    cipher = suite.field_aead(bytes(suite.field_key_bytes))
    with pytest.raises((InvalidTag, ValueError)):
        cipher.decrypt(nonce, cipher.encrypt(nonce, data, b"")[: len(data) + left], b"")


@pytest.mark.parametrize(("one", "other"), [(1, 2), (2, 1)])
def test_a_ciphertext_does_not_open_as_of_the_other_suite(one: int, other: int) -> None:
    under = kek(SUITES[one])
    key = os.urandom(32)
    dek, twin = (new_dek(PLACE, random=lambda length: key[:length], suite=SUITES[n]) for n in (one, other))
    swapped = [
        sealed[:1] + bytes([other]) + sealed[2:]
        for sealed in (dek.seal("remark", "text"), dek.wrap(under), seal_blob(under, b"officer", *ROW))
    ]
    assert not opens(dek.open, "remark", swapped[0])
    assert not opens(twin.open, "remark", swapped[0])
    assert not opens(open_dek, swapped[1], under, PLACE)
    assert not opens(open_blob, under, swapped[2], *ROW)


@both
def test_associated_data_binds_in_both_suites(suite: Suite) -> None:
    dek = new_dek(PLACE, suite=suite)
    assert not opens(dek.open, "penalty.basis", dek.seal("penalty.amount", "20000.00"))
    assert not opens(open_blob, kek(suite), seal_blob(kek(suite), b"officer", *ROW), ROW[0], bytes(15) + b"\1")


def test_old_data_stays_readable_when_the_suite_changes() -> None:
    old, new = kek(INTERNATIONAL), kek(COMMERCIAL)
    sealed = seal_record(FIELDS, place=PLACE, share=old, archive=old)
    assert open_dek(sealed.share_wrap, new, PLACE).open_record(sealed.packed) == personal(FIELDS)
    assert open_blob(new, seal_blob(old, b"officer", *ROW), *ROW) == b"officer"
    assert seal_blob(new, b"officer", *ROW)[1] == COMMERCIAL.number


def rewrapped(old: Suite, new: Suite) -> tuple[bytes, bytes, bytes]:
    """A field of one suite, the wrap of its key, and the same wrapped anew with another suite."""
    dek, taking_over = new_dek(PLACE, suite=old), kek(new, "archive/2031")
    wrap = dek.wrap(kek(old))
    return dek.seal("remark", "text"), wrap, rewrap(wrap, PLACE, old=kek(new), new=taking_over)


@pytest.mark.parametrize(("old", "new"), [(INTERNATIONAL, COMMERCIAL), (COMMERCIAL, INTERNATIONAL)], ids=["2", "1"])
def test_a_new_wrap_has_the_suite_of_new_data_and_the_fields_keep_theirs(old: Suite, new: Suite) -> None:
    field, wrap, anew = rewrapped(old, new)
    assert (field[1], wrap[1], anew[1]) == (old.number, old.number, new.number)
    assert anew[-32:] == wrap[-32:]
    under = kek(new, "archive/2031")
    dek = open_dek(anew, under, PLACE)
    assert dek.open("remark", field).reveal() == "text"
    assert dek.seal("remark", "more")[1] == old.number
    assert not any(opens(open_dek, altered, under, PLACE) for altered in each_bit_flipped(anew))
    back = rewrap(anew, PLACE, old=under, new=kek(old))
    assert (len(back), open_dek(back, kek(old), PLACE).open("remark", field).reveal()) == (len(wrap), "text")


def test_the_least_suite_is_asked_of_the_wrap_and_of_the_fields() -> None:
    strict = kek(COMMERCIAL, "archive/2031", least=2)
    _, wrap, anew = rewrapped(INTERNATIONAL, COMMERCIAL)
    for sealed, under in ((wrap, kek(COMMERCIAL, least=2)), (anew, strict)):
        with pytest.raises(SuiteTooOld, match="suite 1, the least opened is 2"):
            open_dek(sealed, under, PLACE)


def test_nothing_below_the_least_suite_opens_and_the_remedy_is_told() -> None:
    old, strict = kek(INTERNATIONAL), kek(COMMERCIAL, least=2)
    sealed = seal_record(FIELDS, place=PLACE, share=old, archive=old)
    for open_it in (
        lambda: open_dek(sealed.share_wrap, strict, PLACE),
        lambda: rewrap(sealed.share_wrap, PLACE, old=strict, new=strict),
        lambda: open_blob(strict, seal_blob(old, b"officer", *ROW), *ROW),
    ):
        with capture_logs() as logs, pytest.raises(SuiteTooOld, match="suite 1, the least opened is 2"):
            open_it()
        assert [(line["suite"], line["least"]) for line in logs] == [(1, 2)]
        assert "CHENGXIN_MIN_SUITE" in logs[0]["remedy"]
    fresh = seal_blob(strict, b"officer", *ROW)
    assert open_blob(strict, fresh, *ROW) == b"officer"


def test_an_altered_header_does_not_pass_for_a_suite_that_is_not_known() -> None:
    sealed = seal_blob(kek(COMMERCIAL, least=2), b"officer", *ROW)
    with pytest.raises(OpenFailed, match="does not open"):
        open_blob(kek(COMMERCIAL, least=2), sealed[:1] + b"\x63" + sealed[2:], *ROW)


def test_sm4_gives_nothing_out_before_the_tag_was_checked() -> None:
    """The library's decryptor does: what it gives is right here and the tag wrong, and ours gives nothing."""
    key, nonce, text = os.urandom(16), os.urandom(12), b"x" * 32
    sealed = Sm4Gcm(key).encrypt(nonce, text, b"")
    wrong_tag = sealed[:-1] + bytes([sealed[-1] ^ 1])
    assert Cipher(SM4(key), modes.GCM(nonce, wrong_tag[-16:])).decryptor().update(sealed[:32]) == text
    with pytest.raises(InvalidTag):
        Sm4Gcm(key).decrypt(nonce, wrong_tag, b"")


def test_two_wraps_with_one_nonce_share_no_keystream_in_suite_2() -> None:
    """There is no SM4-GCM-SIV; each message's own key takes its place."""
    cipher = COMMERCIAL.wrap_aead(KEY)
    nonce, text = bytes(12), bytes(32)
    assert cipher.encrypt(nonce, text, b"one row") != cipher.encrypt(nonce, text, b"another row")
    assert cipher.encrypt(nonce, text, b"row")[:32] != cipher.encrypt(bytes(11) + b"\1", text, b"row")[:32]


def test_a_key_folder_wraps_with_its_suite_and_opens_the_others(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("keys")
    old = FileKeyProvider.initialise(folder / "k")
    old.create("share/2027-03")
    new = FileKeyProvider(folder / "k", suite=COMMERCIAL)
    wrapped = new.wrap("share/2027-03", KEY)
    assert (old.wrap("share/2027-03", KEY)[1], wrapped[1]) == (1, 2)
    assert new.unwrap("share/2027-03", old.wrap("share/2027-03", KEY)) == KEY
    assert old.unwrap("share/2027-03", wrapped) == KEY
    assert not any(opens(new.unwrap, "share/2027-03", altered) for altered in each_bit_flipped(wrapped))

"""Identifiers are checked, folded into one form, and never repaired."""

from __future__ import annotations

import contextlib
import random
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from foundation.identity import (
    Identifier,
    IdentifierKind,
    birth_date,
    canonicalise,
    is_under_age,
    reasons,
    resident_check_digit,
    uscc_check_character,
    warnings,
)
from foundation.refusal import Reason, Refused

TODAY = date(2026, 11, 24)
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
KNOWN_USCC = "91110000600037341L"
KNOWN_RESIDENT = "360426199101010071"

bodies = st.text(USCC_ALPHABET, min_size=9, max_size=9)
uscc_numbers = st.builds(
    lambda head, division, body: f"{head}{division:06}{body}",
    st.sampled_from(["91", "92", "11", "51", "N2", "A1", "Y1"]),
    st.integers(110000, 659999),
    bodies,
).map(lambda first17: first17 + uscc_check_character(first17))
births = st.dates(date(1900, 1, 1), TODAY)


@st.composite
def resident_numbers(draw: st.DrawFn) -> str:
    first17 = f"430102{draw(births):%Y%m%d}{draw(st.integers(1, 999)):03}"
    return first17 + resident_check_digit(first17)


def refused(kind: IdentifierKind, raw: str) -> Reason:
    with pytest.raises(Refused) as caught:
        canonicalise(kind, raw, today=TODAY)
    assert len(raw) < 4 or raw not in f"{caught.value!s} {caught.value.message}"
    return caught.value.reason


@settings(max_examples=50)
@given(uscc_numbers, st.data())
def test_the_check_character_catches_every_single_substitution_in_a_credit_code(number: str, data: st.DataObject):
    assert canonicalise(IdentifierKind.USCC, number, today=TODAY).value.reveal() == number
    place = data.draw(st.integers(0, 17))
    for other in USCC_ALPHABET.replace(number[place], ""):
        assert refused(IdentifierKind.USCC, number[:place] + other + number[place + 1 :])


@settings(max_examples=50)
@given(resident_numbers(), st.data())
def test_the_check_digit_catches_every_single_substitution_in_a_resident_id(number: str, data: st.DataObject):
    assert canonicalise(IdentifierKind.RESIDENT_ID, number, today=TODAY).value.reveal() == number
    place = data.draw(st.integers(0, 17))
    for other in ("0123456789X" if place == 17 else "0123456789").replace(number[place], ""):
        assert refused(IdentifierKind.RESIDENT_ID, number[:place] + other + number[place + 1 :])


@settings(max_examples=50)
@given(uscc_numbers)
def test_full_width_lower_case_and_excels_apostrophe_are_folded(number: str):
    wide = "".join(chr(ord(c) + 0xFEE0) for c in number)
    for written in (wide, number.lower(), f"  {number}\n", f"'{number}", f"＇{wide}　"):
        assert canonicalise(IdentifierKind.USCC, written, today=TODAY).value.reveal() == number


@given(st.sampled_from(IdentifierKind), st.text("0123456789abXx ＸＹ９ſıЕ.+'", max_size=20))
def test_whatever_is_accepted_is_plain_and_is_accepted_again_unchanged(kind: IdentifierKind, raw: str):
    with contextlib.suppress(Refused):
        found = canonicalise(kind, raw, today=TODAY)
        assert found.value.reveal().isascii()
        assert canonicalise(kind, found.value.reveal(), today=TODAY) == found


@pytest.mark.parametrize(
    "spoilt",
    [
        "91110000 600037341L",
        "91110000-600037341L"[:18],
        "9111000060003734\u200b1L",
        "\ufeff91110000600037341L",
        "9111000060003734\u0661L",
        "9111000060003734¹L",
        "''91110000600037341L",
        "91110000600037341\u0406",
        "９111O000600037341L",
    ],
)
def test_spaces_invisible_characters_and_lookalikes_are_refused(spoilt: str):
    assert refused(IdentifierKind.USCC, spoilt) in (reasons.IDENTIFIER_CHARACTER, reasons.IDENTIFIER_LENGTH)


def test_a_cyrillic_letter_is_not_the_check_digit_x():
    number = next(
        f"43010219900307{n:03}X" for n in range(1, 999) if resident_check_digit(f"43010219900307{n:03}") == "X"
    )
    assert canonicalise(IdentifierKind.RESIDENT_ID, number.lower(), today=TODAY).value.reveal() == number
    assert refused(IdentifierKind.RESIDENT_ID, number[:17] + "Х") is reasons.IDENTIFIER_CHARACTER


@pytest.mark.parametrize("kind", IdentifierKind)
@pytest.mark.parametrize("ruined", ["4.30102E+17", "4.30102e17", "4E+17", "430102199001010000.0", "'4.30102E+17"])
def test_what_a_spreadsheet_ruined_is_called_so(kind: IdentifierKind, ruined: str):
    assert refused(kind, ruined) is reasons.IDENTIFIER_RUINED_BY_SPREADSHEET


def test_a_number_rounded_to_fifteen_digits_is_called_ruined():
    assert resident_check_digit("43010219900307100") != "0"
    assert refused(IdentifierKind.RESIDENT_ID, "430102199003071000") is reasons.IDENTIFIER_RUINED_BY_SPREADSHEET


def test_a_credit_code_with_an_e_among_digits_is_no_spreadsheet_number():
    first17 = "914301001234E5678"
    number = first17 + uscc_check_character(first17)
    assert canonicalise(IdentifierKind.USCC, number, today=TODAY).value.reveal() == number


@pytest.mark.parametrize(
    ("birth", "fault"),
    [("18991231", "1900"), ("20261125", "future"), ("19900230", "no such day"), ("19901301", "no such month")],
)
def test_an_impossible_date_of_birth_is_refused(birth: str, fault: str):
    first17 = f"430102{birth}123"
    number = first17 + resident_check_digit(first17)
    assert refused(IdentifierKind.RESIDENT_ID, number) is reasons.IDENTIFIER_BIRTH_DATE, fault


def test_a_child_born_today_has_a_number():
    first17 = f"430102{TODAY:%Y%m%d}123"
    number = first17 + resident_check_digit(first17)
    assert birth_date(canonicalise(IdentifierKind.RESIDENT_ID, number, today=TODAY)) == TODAY


@pytest.mark.parametrize("prefix", ["810000", "820000", "830000"])
def test_a_residence_permit_is_a_kind_of_its_own(prefix: str):
    first17 = f"{prefix}19900307123"
    number = first17 + resident_check_digit(first17)
    permit = canonicalise(IdentifierKind.RESIDENCE_PERMIT, number, today=TODAY)
    assert birth_date(permit) == date(1990, 3, 7)
    assert refused(IdentifierKind.RESIDENT_ID, number) is reasons.IDENTIFIER_KIND_MISMATCH
    assert refused(IdentifierKind.RESIDENCE_PERMIT, KNOWN_RESIDENT) is reasons.IDENTIFIER_KIND_MISMATCH


@pytest.mark.parametrize("number", [KNOWN_USCC, KNOWN_RESIDENT])
def test_nobody_gets_a_second_identity_under_the_name_of_a_passport(number: str):
    assert refused(IdentifierKind.PASSPORT, number) is reasons.IDENTIFIER_KIND_MISMATCH


def test_passports_are_five_to_twenty_letters_and_digits():
    assert canonicalise(IdentifierKind.PASSPORT, "e12345678", today=TODAY).value.reveal() == "E12345678"
    assert refused(IdentifierKind.PASSPORT, "E123") is reasons.IDENTIFIER_LENGTH
    assert refused(IdentifierKind.PASSPORT, "E" * 21) is reasons.IDENTIFIER_LENGTH
    assert refused(IdentifierKind.PASSPORT, "E-123456") is reasons.IDENTIFIER_CHARACTER


@pytest.mark.parametrize("letter", ["ſ", "ı", "ß"])
def test_a_letter_that_only_upper_case_would_make_plain_is_refused(letter: str):
    assert refused(IdentifierKind.PASSPORT, f"{letter}1234567") is reasons.IDENTIFIER_CHARACTER


def test_missing_short_and_wrong_numbers_have_reasons_of_their_own():
    assert refused(IdentifierKind.USCC, " ' ".strip()) is reasons.IDENTIFIER_MISSING
    assert refused(IdentifierKind.USCC, "   ") is reasons.IDENTIFIER_MISSING
    assert refused(IdentifierKind.RESIDENT_ID, "430102900307123") is reasons.IDENTIFIER_LENGTH
    assert refused(IdentifierKind.USCC, "91110000600037341M") is reasons.IDENTIFIER_CHECK_FAILED
    assert refused(IdentifierKind.USCC, "911100006000373IOL") is reasons.IDENTIFIER_CHARACTER


def test_an_unknown_county_is_a_warning_and_no_refusal():
    first17 = "43999919900307123"
    number = first17 + resident_check_digit(first17)
    found = canonicalise(IdentifierKind.RESIDENT_ID, number, today=TODAY)
    assert warnings(found) == ["COUNTY_UNKNOWN"]
    assert warnings(canonicalise(IdentifierKind.RESIDENT_ID, KNOWN_RESIDENT, today=TODAY)) == []


@pytest.mark.parametrize(
    ("born", "last_day_under_age"),
    [("20081124", date(2026, 11, 24)), ("20080229", date(2026, 2, 28)), ("20081231", date(2026, 12, 31))],
)
def test_a_person_is_under_age_until_the_eighteenth_birthday_is_over(born: str, last_day_under_age: date):
    person = Identifier(IdentifierKind.RESIDENT_ID, f"430102{born}1230")
    assert is_under_age(person, on=last_day_under_age) is True
    assert is_under_age(person, on=last_day_under_age + timedelta(days=1)) is False


def test_an_organisation_has_no_age():
    assert is_under_age(Identifier(IdentifierKind.USCC, KNOWN_USCC), on=TODAY) is None
    assert Identifier(IdentifierKind.USCC, KNOWN_USCC).is_person is False


def test_an_identifier_does_not_print_its_value():
    person = Identifier(IdentifierKind.RESIDENT_ID, KNOWN_RESIDENT)
    for shown in (repr(person), str(person), f"{person}", f"{person!r:>40}", repr([person])):
        assert KNOWN_RESIDENT not in shown
        assert "<redacted>" in shown


def test_check_characters_are_those_of_the_library_by_thousands():
    dice = random.Random(7064)
    for _ in range(5_000):
        first17 = "".join(dice.choices(USCC_ALPHABET, k=17))
        coded = first17[:2] + "430100" + first17[8:]
        assert uscc_check_character(coded) == uscc.calc_check_digit(coded)
        digits = "".join(dice.choices("0123456789", k=17))
        assert resident_check_digit(digits) == ric.calc_check_digit(f"{digits}0")


@pytest.mark.parametrize("head", ["A1", "N2", "Y1", "11", "91"])
def test_every_character_counts_at_every_place_of_a_credit_code(head: str):
    for place in range(8, 17):
        for character in USCC_ALPHABET:
            first17 = f"{head}430100" + "0" * (place - 8) + character + "0" * (16 - place)
            assert uscc_check_character(first17) == uscc.calc_check_digit(first17)


def test_counties_are_those_of_the_library_in_the_year_of_birth():
    dice = random.Random(2260)
    for _ in range(300):
        number = (
            f"{dice.choice(('110103', '110112', '430102', '360426', '999999', '659001'))}{dice.randint(1950, 2026)}"
        )
        person = Identifier(IdentifierKind.RESIDENT_ID, f"{number}03071230")
        try:
            ric.get_birth_place(f"{number}03071230")
            known = True
        except (ric.InvalidComponent, KeyError):
            known = False
        assert (warnings(person) == []) is known


def test_check_characters_are_made_for_complete_beginnings_only():
    with pytest.raises(ValueError):
        uscc_check_character("9111000060003734I")
    with pytest.raises(ValueError):
        resident_check_digit("4301021990030712")

"""One number has one form, whatever Unicode offers; and names fold for search without two parties becoming one."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from foundation.identity import (
    Identifier,
    IdentifierKind,
    canonicalise,
    fold_name,
    reasons,
    resident_check_digit,
    uscc_check_character,
)
from foundation.refusal import Refused

TODAY = date(2026, 11, 24)
_X = next(f"43999919900307{n:03}X" for n in range(999) if resident_check_digit(f"43999919900307{n:03}") == "X")
NUMBERS = {
    IdentifierKind.USCC: "91110000600037341L",
    IdentifierKind.RESIDENT_ID: _X,
    IdentifierKind.RESIDENCE_PERMIT: "81000019900307123" + resident_check_digit("81000019900307123"),
    IdentifierKind.PASSPORT: "EX1234567",
}
TRICKS = {
    "Arabic-Indic digit": lambda n: n.replace("1", "\u0661"),
    "extended Arabic-Indic digit": lambda n: n.replace("1", "\u06f1"),
    "Devanagari digit": lambda n: n.replace("1", "\u0967"),
    "mathematical digit": lambda n: n.replace("1", "\U0001d7cf"),
    "superscript digit": lambda n: n.replace("1", "\u00b9"),
    "circled digit": lambda n: n.replace("1", "\u2460"),
    "Chinese digit": lambda n: n.replace("1", "\u4e00"),
    "combining mark": lambda n: n + "\u0301",
    "combining mark inside": lambda n: n[:5] + "\u0323" + n[5:],
    "zero-width space": lambda n: n[:5] + "\u200b" + n[5:],
    "zero-width joiner": lambda n: n + "\u200d",
    "word joiner in front": lambda n: "\u2060" + n,
    "byte order mark": lambda n: "\ufeff" + n,
    "soft hyphen": lambda n: n[:5] + "\u00ad" + n[5:],
    "right-to-left override": lambda n: "\u202e" + n[::-1],
    "isolate": lambda n: f"\u2066{n}\u2069",
    "NUL": lambda n: n + "\0",
    "NUL inside": lambda n: n[:5] + "\0" + n[5:],
    "control around": lambda n: f"\x1f{n}\x1c",
    "line separator around": lambda n: f"\u2028{n}\u2029",
    "variation selector": lambda n: n + "\ufe0f",
    "tag characters": lambda n: n + "\U000e0031",
    "space inside": lambda n: n[:6] + " " + n[6:],
    "hyphen inside": lambda n: n[:6] + "-" + n[6:],
    "lone surrogate": lambda n: n[:5] + "\ud800" + n[5:],
}


@pytest.mark.parametrize("kind", IdentifierKind)
@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
def test_a_trick_of_unicode_is_refused(kind: IdentifierKind, trick: object) -> None:
    written = trick(NUMBERS[kind])  # type: ignore[operator]
    if written == NUMBERS[kind]:
        written = trick("1" + NUMBERS[kind][1:])  # type: ignore[operator]
    with pytest.raises(Refused) as caught:
        canonicalise(kind, written, today=TODAY)
    assert caught.value.reason in (reasons.IDENTIFIER_CHARACTER, reasons.IDENTIFIER_LENGTH)


@pytest.mark.parametrize("lookalike", ["\u0425", "\u0445", "\u03a7", "\u2169", "\u00d7"])
def test_what_looks_like_the_check_digit_x_is_refused(lookalike: str) -> None:
    """Cyrillic (both cases), Greek, the Roman numeral ten, the multiplication sign."""
    with pytest.raises(Refused) as caught:
        canonicalise(IdentifierKind.RESIDENT_ID, _X[:17] + lookalike, today=TODAY)
    assert caught.value.reason is reasons.IDENTIFIER_CHARACTER


@pytest.mark.parametrize("kind", IdentifierKind)
def test_width_and_case_fold_and_so_do_blanks_around(kind: IdentifierKind) -> None:
    number = NUMBERS[kind]
    wide = "".join(chr(ord(c) + 0xFEE0) for c in number)
    for written in (wide, wide.lower(), number.lower(), f"\u3000\u00a0\t{number}\r\n", f"'{number}"):
        assert canonicalise(kind, written, today=TODAY) == Identifier(kind, number)


@st.composite
def valid(draw: st.DrawFn) -> tuple[IdentifierKind, str]:
    """A valid number of any kind, in its canonical form."""
    kind = draw(st.sampled_from(IdentifierKind))
    if kind is IdentifierKind.USCC:
        first = f"91{draw(st.integers(110000, 659999))}" + draw(st.text("0123456789ABX", min_size=9, max_size=9))
        return kind, first + uscc_check_character(first)
    if kind is IdentifierKind.PASSPORT:
        text = draw(st.text("0123456789ABEX", min_size=5, max_size=12))
        assume(any(c.isalpha() for c in text))
        return kind, text
    region = "439999" if kind is IdentifierKind.RESIDENT_ID else draw(st.sampled_from(["810000", "820000", "830000"]))
    born = draw(st.dates(date(1900, 1, 1), TODAY))
    first = f"{region}{born:%Y%m%d}{draw(st.integers(0, 999)):03}"
    return kind, first + resident_check_digit(first)


@st.composite
def written(draw: st.DrawFn, number: str) -> str:
    """One of the ways in which a number may be written."""
    chars = [draw(st.sampled_from([c, c.lower(), chr(ord(c) + 0xFEE0), chr(ord(c.lower()) + 0xFEE0)])) for c in number]
    around = st.text(" \t\r\n\u3000\u00a0", max_size=3)
    return draw(around) + draw(st.sampled_from(["", "'", "\uff07"])) + "".join(chars) + draw(around)


@given(valid(), st.data())
def test_every_way_of_writing_a_number_gives_that_number_and_gives_it_again(
    one: tuple[IdentifierKind, str], data: st.DataObject
) -> None:
    kind, number = one
    found = canonicalise(kind, data.draw(written(number)), today=TODAY)
    assert found == Identifier(kind, number)
    assert canonicalise(kind, found.value.reveal(), today=TODAY) == found


@given(valid(), valid(), st.data())
def test_two_different_numbers_never_become_one(
    one: tuple[IdentifierKind, str], other: tuple[IdentifierKind, str], data: st.DataObject
) -> None:
    assume(one != other)
    first, second = (canonicalise(kind, data.draw(written(number)), today=TODAY) for kind, number in (one, other))
    assert first != second


@given(st.text(max_size=24), st.sampled_from(IdentifierKind))
def test_whatever_else_is_written_is_refused_or_differs_by_width_and_case_alone(raw: str, kind: IdentifierKind) -> None:
    try:
        found = canonicalise(kind, raw, today=TODAY).value.reveal()
    except Refused:
        return
    plain = "".join(chr(ord(c) - 0xFEE0) if 0xFF01 <= ord(c) <= 0xFF5E else c for c in raw)
    assert found == plain.strip(" \t\r\n\u3000\u00a0").removeprefix("'").upper()


@pytest.mark.parametrize("dot", ["\u00b7", "\u2022", "\u30fb", "\uff65", "\u2027", "\u2219", "\u22c5", "\u0387"])
def test_names_meet_across_interpuncts(dot: str) -> None:
    assert fold_name(f"样例{dot}阿卜杜拉") == fold_name("样例阿卜杜拉") == fold_name(f"样例 {dot}\u3000阿卜杜拉")


def test_names_of_different_letters_stay_apart() -> None:
    names = ["样例甲", "样例乙", "样例甲乙", "样例甲1", "样例甲a", "样例曱", "樣例甲", "样例申"]
    assert len({fold_name(name) for name in names}) == len(names)


@given(st.text(max_size=30))
def test_folding_a_name_again_changes_nothing(name: str) -> None:
    folded = fold_name(name)
    assert fold_name(folded) == folded
    assert all(unicodedata.category(c)[0] not in "ZC" for c in folded)

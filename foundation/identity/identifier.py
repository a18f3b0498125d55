"""The numbers that name a party, checked and brought into one form. Rejects, never repairs.

One canonicaliser at the edge, versioned: what is stored and searched is what `canonicalise` gave.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from stdnum.cn import ric

from foundation.identity import reasons
from foundation.personal import Personal
from foundation.refusal import Reason, Refused

CANON_VERSION = 1
"""Version of the canonical form; stored with every blind tag."""

EARLIEST_BIRTH_YEAR = 1900
ADULT_AT = 18
"""Years. Source: Civil Code art. 17."""

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_AROUND = " \t\r\n\u00a0"
"""What may stand around a number; `str.strip` would take control characters too."""
_SPREADSHEET_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+E\+?[0-9]+|E\+[0-9]+|\.[0-9]*)")
# The digits that a double cannot hold come back as zeros.
_ROUNDED = re.compile(r"[0-9]{15}000")
# The first place may be a letter (departments A, N, Y); python-stdnum's own check takes digits only there.
_USCC = re.compile(r"[0-9A-HJ-NP-RTUW-Y]{2}[0-9]{6}[0-9A-HJ-NP-RTUW-Y]{10}")
_ID_NUMBER = re.compile(r"[0-9]{17}[0-9X]")
_PASSPORT = re.compile(r"[0-9A-Z]{5,20}")
_PERMIT_PREFIXES = ("810000", "820000", "830000")
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_TO_BASE_34 = bytes.maketrans(_USCC_ALPHABET.encode(), b"0123456789ABCDEFGHIJKLMNOPQRSTU")


class IdentifierKind(enum.Enum):
    """What kind of number it is; decides how it is checked."""

    USCC = "uscc"
    RESIDENT_ID = "resident_id"
    RESIDENCE_PERMIT = "residence_permit"
    PASSPORT = "passport"


@dataclass(frozen=True, slots=True, init=False)
class Identifier:
    """A canonical identifier. Made by `canonicalise`; its number is shown only where it is revealed."""

    kind: IdentifierKind
    value: Personal
    canon: int

    def __init__(self, kind: IdentifierKind, value: str, canon: int = CANON_VERSION) -> None:
        _hold_kind(self, kind)
        _hold_value(self, Personal(value))
        _hold_canon(self, canon)

    @property
    def is_person(self) -> bool:
        """True when the number names a natural person."""
        return self.kind is not IdentifierKind.USCC


_hold_kind, _hold_value, _hold_canon = (vars(Identifier)[name].__set__ for name in Identifier.__slots__)


def canonicalise(kind: IdentifierKind, raw: str, *, today: date, field: str = "identifier.value") -> Identifier:
    """Return the canonical identifier that `raw` writes, or refuse it.

    Folded are: full-width forms, ASCII lower case, blanks and line ends around, and one apostrophe that Excel
    puts in front. Everything else (spaces inside, zero-width characters, look-alikes of other scripts) is
    refused. `today` (Asia/Shanghai) bounds the date of birth; `field` is the path named in the refusal.

    Raises Refused with an IDENTIFIER_* reason. Source: GB 32100-2015, GB 11643-1999.
    """
    text = (raw if raw.isascii() else raw.translate(_FULL_WIDTH)).strip(_AROUND).removeprefix("'")
    if not text:
        raise Refused(reasons.IDENTIFIER_MISSING, field=field)
    if not text.isascii():
        raise Refused(reasons.IDENTIFIER_CHARACTER, field=field)
    text = text.upper()
    if not text.isalnum() and _SPREADSHEET_NUMBER.fullmatch(text):
        raise Refused(reasons.IDENTIFIER_RUINED_BY_SPREADSHEET, field=field)
    match kind:
        case IdentifierKind.USCC:
            _check_uscc(text, field)
        case IdentifierKind.RESIDENT_ID | IdentifierKind.RESIDENCE_PERMIT:
            _check_id_number(kind, text, today, field)
        case IdentifierKind.PASSPORT:
            _check_passport(text, field)
    return Identifier(kind, text)


def uscc_check_character(first17: str) -> str:
    """Return the 18th character of the Unified Social Credit Code that begins with `first17`.

    Requires 17 characters of the code's alphabet (no I, O, S, V, Z). Source: GB 32100-2015, annex.
    """
    if not _USCC.fullmatch(f"{first17}0"):
        raise ValueError("17 characters of the alphabet of GB 32100-2015 are needed")
    return _uscc_check_character(first17)


def resident_check_digit(first17: str) -> str:
    """Return the 18th character of the ID number that begins with `first17`. Source: GB 11643-1999."""
    if not _ID_NUMBER.fullmatch(f"{first17}0"):
        raise ValueError("17 ASCII digits are needed")
    return ric.calc_check_digit(f"{first17}0")


def birth_date(identifier: Identifier) -> date | None:
    """Return the date of birth that the number holds; None for kinds that hold none."""
    if identifier.kind in (IdentifierKind.RESIDENT_ID, IdentifierKind.RESIDENCE_PERMIT):
        return _birth_date(identifier.value.reveal())
    return None


def is_under_age(identifier: Identifier, *, on: date) -> bool | None:
    """Say whether the person is a minor (未成年人) on a day; None where the number does not tell.

    A person born on 29 February comes of age on 28 February. The birthday itself still counts as under
    age, because years of age are full on the day after it (法释〔2006〕1号 art. 2) and the rule protects.
    """
    born = birth_date(identifier)
    if born is None:
        return None
    year = born.year + ADULT_AT
    day = 28 if (born.month, born.day) == (2, 29) else born.day
    return on <= date(year, born.month, day)


def prefix_of(identifier: Identifier) -> str | None:
    """Return what a number shares with those that somebody would try one after the other; None for a code.

    Of an ID number or permit that is region and date of birth, of a passport all but its last three characters:
    about a thousand numbers share each. An organisation's code is public, so that trying codes finds nobody out.
    """
    match identifier.kind:
        case IdentifierKind.RESIDENT_ID | IdentifierKind.RESIDENCE_PERMIT:
            return identifier.value.reveal()[:14]
        case IdentifierKind.PASSPORT:
            return identifier.value.reveal()[:-3]
        case IdentifierKind.USCC:
            return None


def warnings(identifier: Identifier) -> list[str]:
    """Return remarks that are no ground for refusal: COUNTY_UNKNOWN for a county code never assigned.

    Codes change with every reform of the divisions, so that an unknown one proves nothing.
    """
    if identifier.kind is not IdentifierKind.RESIDENT_ID:
        return []
    number = identifier.value.reveal()
    return [] if _is_county(number[:6], number[6:10]) else ["COUNTY_UNKNOWN"]


@lru_cache(maxsize=65_536)  # the library goes through all it knows for each look
def _is_county(division: str, year: str) -> bool:
    try:
        ric.get_birth_place(f"{division}{year}0101")
    except (ric.InvalidComponent, KeyError):  # KeyError: the library knows the province but no such county
        return False
    return True


def _check_uscc(text: str, field: str) -> None:
    _require_form(_USCC, text, field)
    if text[17] != _uscc_check_character(text[:17]):
        raise Refused(_check_failed(text), field=field)


def _uscc_check_character(first17: str) -> str:
    # ISO 7064 MOD 31-3: the place i, from 0, weighs 3**i, and 34 is 3 modulo 31; so that the number read backwards in
    # base 34 has the remainder of the weighted sum. The library's loop over the places takes ten times as long.
    return _USCC_ALPHABET[-int(first17[::-1].encode().translate(_TO_BASE_34), 34) % 31]


def _check_id_number(kind: IdentifierKind, text: str, today: date, field: str) -> None:
    _require_form(_ID_NUMBER, text, field)
    if text[17] != ric.calc_check_digit(text):
        raise Refused(_check_failed(text), field=field)
    born = _birth_date(text)
    if born is None or born.year < EARLIEST_BIRTH_YEAR or born > today:
        raise Refused(reasons.IDENTIFIER_BIRTH_DATE, field=field)
    if text.startswith(_PERMIT_PREFIXES) != (kind is IdentifierKind.RESIDENCE_PERMIT):
        raise Refused(reasons.IDENTIFIER_KIND_MISMATCH, field=field)


def _check_failed(text: str) -> Reason:
    return reasons.IDENTIFIER_RUINED_BY_SPREADSHEET if _ROUNDED.fullmatch(text) else reasons.IDENTIFIER_CHECK_FAILED


def _check_passport(text: str, field: str) -> None:
    if not 5 <= len(text) <= 20:
        raise Refused(reasons.IDENTIFIER_LENGTH, field=field)
    if not _PASSPORT.fullmatch(text):
        raise Refused(reasons.IDENTIFIER_CHARACTER, field=field)
    # Under the name of a passport a party would get a second identity in the house.
    if (_ID_NUMBER.fullmatch(text) and text[17] == ric.calc_check_digit(text)) or (
        _USCC.fullmatch(text) and text[17] == _uscc_check_character(text[:17])
    ):
        raise Refused(reasons.IDENTIFIER_KIND_MISMATCH, field=field)


def _require_form(form: re.Pattern[str], text: str, field: str) -> None:
    if len(text) != 18:
        raise Refused(reasons.IDENTIFIER_LENGTH, field=field)
    if not form.fullmatch(text):
        raise Refused(reasons.IDENTIFIER_CHARACTER, field=field)


def _birth_date(number: str) -> date | None:
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None

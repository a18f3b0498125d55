"""Sample parties and authorities; none of them exists."""

from __future__ import annotations

from datetime import date

from foundation.identity import Identifier, IdentifierKind, canonicalise, resident_check_digit, uscc_check_character

TODAY = date(2026, 6, 1)


def company(number: int) -> Identifier:
    """The `number`-th sample company."""
    first = f"91430100{number:09d}"
    return canonicalise(IdentifierKind.USCC, first + uscc_check_character(first), today=TODAY)


def resident(number: int) -> Identifier:
    """The `number`-th sample resident."""
    first = f"43010219900307{number:03d}"
    return canonicalise(IdentifierKind.RESIDENT_ID, first + resident_check_digit(first), today=TODAY)


HOUSE = company(900_000_001).value.reveal()
AUTHORITY = company(900_000_002).value.reveal()
OTHER_AUTHORITY = company(900_000_003).value.reveal()
PARTY = company(1)
OTHER_PARTY = resident(1)

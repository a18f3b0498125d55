"""Reads one cell: dates, amounts and numbers as hand-in files write them. Text is kept faithfully."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal

from chengxin.handin.reasons import BAD_AMOUNT, BAD_DATE, BAD_VERSION, NUMBER_RUINED_BY_EXCEL, Reason

NO_END_YEAR = 2099
"""A stated end in this year or later means that no end is stated (2099/12/31)."""
EXACT_DIGITS = 15
"""A spreadsheet keeps so many digits of a number and rounds the rest."""
_WAN = Decimal(10_000)
_MIDNIGHT = r"(?:[ T]0{1,2}:00(?::00(?:\.0+)?)?)?"
_DATE = re.compile(
    rf"([0-9]{{4}})(?:([-/.])([0-9]{{1,2}})\2([0-9]{{1,2}})|年([0-9]{{1,2}})月([0-9]{{1,2}})日){_MIDNIGHT}"
)
_DATE_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_AMOUNT = re.compile(r"(?:[0-9]{1,12}|[0-9]{1,3}(?:,[0-9]{3}){1,3})(?:\.[0-9]{1,6})?")
_VERSION = re.compile(r"[0-9]{1,9}")
_RUINED = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+[0-9]+")


class UnreadableCell(Exception):
    """The cell does not hold what its column asks for."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


def text(cell: str) -> str:
    """Return the text as written, without white space around, Excel's apostrophe, and carriage returns."""
    return bare(cell).replace("\r\n", "\n").replace("\r", "\n")


def number(cell: str) -> str:
    """Return a code as written, without the line breaks that cells bring along.

    Raises UnreadableCell(NUMBER_RUINED_BY_EXCEL) for a form like 4.30102E+17.
    """
    written = re.sub(r"[\r\n\t]", "", bare(cell))
    if _RUINED.fullmatch(unicodedata.normalize("NFKC", written)):
        raise UnreadableCell(NUMBER_RUINED_BY_EXCEL)
    return written


def day(cell: str) -> date:
    """Return the day that 2021/09/01, 2021-9-1, 2021.9.1, 20210901 or 2021年9月1日 means.

    Digits may be of full width; a time of midnight, as spreadsheets append it, is let pass. Raises
    UnreadableCell(BAD_DATE).
    """
    written = unicodedata.normalize("NFKC", bare(cell))
    found = _DATE.fullmatch(written) or _DATE_DIGITS.fullmatch(written)
    if found is None:
        raise UnreadableCell(BAD_DATE)
    year, month, day_of_month = (int(part) for part in found.groups() if part and part not in "-/.")
    try:
        return date(year, month, day_of_month)
    except ValueError:
        raise UnreadableCell(BAD_DATE) from None


def end_day(cell: str) -> date | None:
    """Return the day, or None where the cell says that there is no end (2099). Raises UnreadableCell."""
    stated = day(cell)
    return None if stated.year >= NO_END_YEAR else stated


def yuan_from_wan(cell: str) -> str:
    """Return an amount of ten-thousand yuan as decimal yuan, exactly: 0.5 gives 5000, 0.123456 gives 1234.56.

    Raises UnreadableCell(BAD_AMOUNT).
    """
    written = unicodedata.normalize("NFKC", bare(cell))
    if not _AMOUNT.fullmatch(written):
        raise UnreadableCell(BAD_AMOUNT)
    return f"{(Decimal(written.replace(',', '')) * _WAN).normalize():f}"


def version(cell: str) -> int:
    """Return a record's version, 1 or more. Raises UnreadableCell(BAD_VERSION)."""
    written = unicodedata.normalize("NFKC", bare(cell))
    if not _VERSION.fullmatch(written) or int(written) < 1:
        raise UnreadableCell(BAD_VERSION)
    return int(written)


def spreadsheet_text(value: object) -> str:
    """Return a spreadsheet's cell as the text it shows; a number too long to be exact as 4.30102E+17."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else str(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if abs(value) >= 10**EXACT_DIGITS:
        return f"{value:.5E}"
    shown = Decimal(f"{value:.{EXACT_DIGITS}g}")  # what the sheet shows, not the double behind it
    return f"{shown:f}"


def header(cell: str) -> str:
    """Return a column's header in the form in which headers are compared."""
    folded = unicodedata.normalize("NFKC", cell)
    return re.sub(r"[\s*\u200b\ufeff]", "", folded).casefold()


def bare(cell: str) -> str:
    """Return the cell without white space around and the apostrophe with which Excel marks text."""
    return cell.strip().removeprefix("'").strip()

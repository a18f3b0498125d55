"""Why a row or a file goes back before it reaches the house. What the house refuses has reasons of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml


@dataclass(frozen=True, slots=True)
class Reason:
    """A stable reason, worded in reasons.yaml; `docs/refusals.md` is generated from all of them."""

    code: str

    @property
    def meaning(self) -> str:
        """What is wrong, in one sentence."""
        return _wordings()[self.code]["meaning"]

    @property
    def remedy(self) -> str:
        """What can be done about it."""
        return _wordings()[self.code]["remedy"]

    @property
    def source(self) -> str:
        """The clause, standard or document that it comes from."""
        return _wordings()[self.code]["source"]


@cache
def _wordings() -> dict[str, dict[str, str]]:
    return yaml.safe_load((files("chengxin.handin") / "reasons.yaml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a row: why, and in which column of the file."""

    reason: Reason
    column: str


class HandInError(Exception):
    """The file cannot be handed in at all. `detail` adds to the reason and holds no personal value."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason.code, detail)
        self.reason = reason
        self.detail = detail

    @property
    def message(self) -> str:
        """What is wrong, in a sentence or two."""
        return f"{self.reason.meaning} {self.detail}".strip()


NUMBER_RUINED_BY_EXCEL = Reason("NUMBER_RUINED_BY_EXCEL")
BAD_DATE = Reason("BAD_DATE")
BAD_AMOUNT = Reason("BAD_AMOUNT")
BAD_ENCODING = Reason("BAD_ENCODING")
BAD_VERSION = Reason("BAD_VERSION")
VALUE_MISSING = Reason("VALUE_MISSING")
VALUE_TOO_LONG = Reason("VALUE_TOO_LONG")
ROW_TOO_WIDE = Reason("ROW_TOO_WIDE")
CATEGORY_UNKNOWN = Reason("CATEGORY_UNKNOWN")
CATEGORIES_OF_SEVERAL_ITEMS = Reason("CATEGORIES_OF_SEVERAL_ITEMS")
PARTY_TYPE_UNKNOWN = Reason("PARTY_TYPE_UNKNOWN")
ID_TYPE_UNKNOWN = Reason("ID_TYPE_UNKNOWN")
IDENTIFIER_AMBIGUOUS = Reason("IDENTIFIER_AMBIGUOUS")
IDENTIFIER_OUTDATED = Reason("IDENTIFIER_OUTDATED")
SEVERITY_UNDETERMINED = Reason("SEVERITY_UNDETERMINED")
FILE_UNREADABLE = Reason("FILE_UNREADABLE")
FILE_TYPE_UNKNOWN = Reason("FILE_TYPE_UNKNOWN")
COLUMNS_UNKNOWN = Reason("COLUMNS_UNKNOWN")
COLUMN_MISSING = Reason("COLUMN_MISSING")
COLUMN_TWICE = Reason("COLUMN_TWICE")
MAPPING_INVALID = Reason("MAPPING_INVALID")
REJECTS_NOT_WRITABLE = Reason("REJECTS_NOT_WRITABLE")

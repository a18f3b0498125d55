"""Why a row or a file goes back before it reaches the house. What the house refuses has reasons of its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """A stable reason; `docs/refusals.md` is generated from all of them."""

    code: str
    meaning: str
    remedy: str
    source: str = "hand-in columns (双公示)"


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


NUMBER_RUINED_BY_EXCEL = Reason(
    "NUMBER_RUINED_BY_EXCEL",
    meaning="A spreadsheet turned the number into a rounded one; its last digits are lost.",
    remedy="Take the number from the document again and make the column text before filling it in.",
)
BAD_DATE = Reason(
    "BAD_DATE",
    meaning="The date cannot be read or does not exist.",
    remedy="Write it as 2021/09/01, 2021-9-1, 20210901 or 2021年9月1日.",
)
BAD_AMOUNT = Reason(
    "BAD_AMOUNT",
    meaning="The amount is not a number of ten-thousand yuan (万元) with at most six decimals.",
    remedy="Write digits only, in 万元: 0.5 for 5,000 yuan.",
)
BAD_ENCODING = Reason(
    "BAD_ENCODING",
    meaning="There are bytes that are no text in the file's encoding.",
    remedy="Save the file again as UTF-8 or GB18030, and type the damaged characters anew.",
)
BAD_VERSION = Reason(
    "BAD_VERSION",
    meaning="The record's version is not a whole number from 1 on.",
    remedy="Leave the column empty for a first version; count up for a later one.",
)
VALUE_MISSING = Reason(
    "VALUE_MISSING",
    meaning="A value without which there is no record is missing.",
    remedy="Fill in the column named.",
    source="54号 clause 2",
)
VALUE_TOO_LONG = Reason(
    "VALUE_TOO_LONG",
    meaning="A cell holds more than 4,000 characters.",
    remedy="Shorten it to what the document decides; the house takes no more.",
    source="54号 clause 14 (necessity)",
)
ROW_TOO_WIDE = Reason(
    "ROW_TOO_WIDE",
    meaning="The row has more cells than the header has columns.",
    remedy="Look for a comma or a quotation mark that splits a cell, and put the cell in quotation marks.",
)
CATEGORY_UNKNOWN = Reason(
    "CATEGORY_UNKNOWN",
    meaning="The category is not in the mapping, so that no catalog item is known for it.",
    remedy="Use a category that the mapping names, or add this one to a copy of it (--mapping).",
    source="54号 clause 1",
)
CATEGORIES_OF_SEVERAL_ITEMS = Reason(
    "CATEGORIES_OF_SEVERAL_ITEMS",
    meaning="The categories named belong to different catalog items.",
    remedy="Hand in one row for each item.",
    source="54号 clause 1",
)
PARTY_TYPE_UNKNOWN = Reason(
    "PARTY_TYPE_UNKNOWN",
    meaning="The type of party is not in the mapping.",
    remedy="Write 法人及非法人组织, 个体工商户 or 自然人.",
)
ID_TYPE_UNKNOWN = Reason(
    "ID_TYPE_UNKNOWN",
    meaning="A natural person's kind of identity document is missing or not one that the house knows.",
    remedy="Write 身份证, 港澳台居民居住证 or 护照, and that document's number.",
    source="GB 11643-1999; docs/architecture.md, Identifiers",
)
IDENTIFIER_AMBIGUOUS = Reason(
    "IDENTIFIER_AMBIGUOUS",
    meaning="The row names both an organisation's code and a person's number, or one that its party type has not.",
    remedy="Give the USCC for an organisation, the document's number for a natural person, and only that one.",
    source="docs/architecture.md, Identifiers",
)
IDENTIFIER_OUTDATED = Reason(
    "IDENTIFIER_OUTDATED",
    meaning="Only a code that the Unified Social Credit Code has replaced is given.",
    remedy="Look up the party's Unified Social Credit Code and give it.",
    source="GB 32100-2015",
)
SEVERITY_UNDETERMINED = Reason(
    "SEVERITY_UNDETERMINED",
    meaning="The mapping gives no grade for this category and fine.",
    remedy="State the grade in the column 失信严重程度 (轻微, 一般, 严重), or give the fine.",
    source="信用修复管理办法 (2026), classification",
)

FILE_UNREADABLE = Reason(
    "FILE_UNREADABLE",
    meaning="The file cannot be read.",
    remedy="Open it in the program that made it, save it again, and look at the place named.",
)
FILE_TYPE_UNKNOWN = Reason(
    "FILE_TYPE_UNKNOWN",
    meaning="The file is neither CSV nor XLSX.",
    remedy="Save it as XLSX or as CSV (UTF-8).",
)
COLUMNS_UNKNOWN = Reason(
    "COLUMNS_UNKNOWN",
    meaning="The first rows hold no header of a hand-in file.",
    remedy="Begin with the columns of 行政处罚 or 行政许可, or give a mapping with your columns (--mapping).",
)
COLUMN_MISSING = Reason(
    "COLUMN_MISSING",
    meaning="The header lacks columns without which there is no record.",
    remedy="Add the columns named.",
    source="54号 clause 2",
)
COLUMN_TWICE = Reason(
    "COLUMN_TWICE",
    meaning="The header has a column twice.",
    remedy="Leave one of them out.",
)
MAPPING_INVALID = Reason(
    "MAPPING_INVALID",
    meaning="The mapping file is not of the form that chengxin/handin/columns.yaml shows.",
    remedy="Correct the place named; begin from a copy of columns.yaml.",
)
REJECTS_NOT_WRITABLE = Reason(
    "REJECTS_NOT_WRITABLE",
    meaning="The rejects file cannot be written.",
    remedy="Name another file with --rejects.",
)

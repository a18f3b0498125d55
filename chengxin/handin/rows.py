"""From a row to a record, or to everything that is wrong with it.

What the house itself judges (check digits, dates against its clock, required fields, who may hand in) is left to
it: a rule stands once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from chengxin.client.parties import Identifier, Party
from chengxin.client.records import Document, DocumentKind, Record, Severity
from chengxin.handin import cells, reasons
from chengxin.handin.csv_file import DAMAGED
from chengxin.handin.layout import Layout
from chengxin.handin.mapping import BY_FINE, Category, ColumnMapping, FieldKind, Part, PartyType
from chengxin.handin.reasons import Problem, Reason

LONGEST_TEXT = 4000
"""Characters in a field. Source: contract."""
WITHHELD = "withheld by the sender"
"""Sent in place of what stands in a column that the mapping does not know: the house refuses the row by the
column's name, and what may never be collected does not even leave the department (54号 clause 14)."""

_READERS: dict[FieldKind, Callable[[str], Any]] = {
    "text": cells.text,
    "number": cells.number,
    "date": cells.day,
    "end_date": cells.end_day,
    "wan_yuan": cells.yuan_from_wan,
}

T = TypeVar("T")


class UnfitRow(Exception):
    """The row is no record; `problems` names everything that is wrong, at least one."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__([problem.reason.code for problem in problems])
        self.problems = problems


def read_row(row: list[str], layout: Layout, mapping: ColumnMapping, *, sample: bool) -> Record:
    """Return the record that the row means. Raises UnfitRow."""
    return _Reading(row, layout, mapping).record(sample)


@dataclass(slots=True)
class _Reading:
    """One row being read; problems are gathered, so that all are told at once."""

    row: list[str]
    layout: Layout
    mapping: ColumnMapping
    problems: list[Problem] = field(default_factory=list)

    def record(self, sample: bool) -> Record:
        self._check_cells()
        categories = self._categories()
        first = categories[0] if categories else None
        party_type = self._party_type()
        identifier = self._identifier(party_type)
        determined_on = self._part("determined_on", cells.day, required=True)
        document_number = self._part("document_number", cells.number) or ""
        fields = self._fields()
        record = Record(
            record_number=self._part("record_number", cells.number) or document_number,
            item_code=first.item if first else "",
            party=Party(identifier, self._one_line("party_name")),
            document=Document(
                kind=first.document if first else DocumentKind.OTHER_BY_LAW,
                number=document_number,
                authority=self._part("authority", cells.number) or "",
                determined_on=determined_on or date.min,
                effective_on=self._part("effective_on", cells.day) or determined_on or date.min,
            ),
            severity=self._severity(categories, party_type, fields),
            fields=fields,
            publicity_until=self._part("publicity_until", cells.end_day),
            sample=sample,
            person_publicity_basis=self._part("person_publicity_basis", cells.text) or "",
            version=self._part("version", cells.version) or 1,
        )
        if self.problems:
            raise UnfitRow(list(dict.fromkeys(self.problems)))
        return record

    def _check_cells(self) -> None:
        width = len(self.layout.headers)
        if any(cell.strip() for cell in self.row[width:]):
            self._problem(reasons.ROW_TOO_WIDE, width)
        for position, cell in enumerate(self.row):
            if DAMAGED in cell:
                self._problem(reasons.BAD_ENCODING, position)
            if len(cell) > LONGEST_TEXT:
                self._problem(reasons.VALUE_TOO_LONG, position)
        if self.problems:  # nothing in a torn row can be trusted to stand in its column
            raise UnfitRow(self.problems)

    def _categories(self) -> list[Category]:
        """54号 clause 1: nothing without an item. A category that is not in the mapping names none."""
        written = self._part("category", cells.text, required=True)
        if written is None:
            return []
        known = self.layout.kind.categories
        words = [written] if written in known else self._words(written)
        found = [known[word] for word in words if word in known]
        if len(found) < len(words) or not found:
            self._problem(reasons.CATEGORY_UNKNOWN, "category")
            return []
        if len({(category.item, category.document) for category in found}) > 1:
            self._problem(reasons.CATEGORIES_OF_SEVERAL_ITEMS, "category")
        return found

    def _words(self, written: str) -> list[str]:
        parts = re.split(f"[{re.escape(self.mapping.category_separators)}\\n]", written)
        return [part.strip() for part in parts if part.strip()]

    def _party_type(self) -> PartyType:
        written = self._part("party_type", cells.text)
        if written is None:
            person = not self._has("uscc") and self._has("id_number")
            return "person" if person else "organisation"
        known = self.mapping.party_types.get(written)
        if known is None:
            self._problem(reasons.PARTY_TYPE_UNKNOWN, "party_type")
        return known or "organisation"

    def _identifier(self, party_type: PartyType) -> Identifier:
        """One number names the party, and it is clear whose it is."""
        uscc, id_number = self._part("uscc", cells.number), self._part("id_number", cells.number)
        if party_type == "person":
            if self._has("uscc"):
                self._problem(reasons.IDENTIFIER_AMBIGUOUS, "uscc")
            return self._persons_identifier(id_number or "")
        if self._has("id_number") and party_type == "organisation":
            self._problem(reasons.IDENTIFIER_AMBIGUOUS, "id_number")
        outdated = [at for at in self.layout.outdated_codes if self._cell(at)]
        if not self._has("uscc") and outdated:
            self._problem(reasons.IDENTIFIER_OUTDATED, outdated[0])
        return Identifier.uscc(uscc or "")

    def _persons_identifier(self, id_number: str) -> Identifier:
        kind = self.mapping.id_types.get(self._part("id_type", cells.text) or "")
        if kind is None:
            self._problem(reasons.ID_TYPE_UNKNOWN, "id_type")
            return Identifier.uscc("")
        return Identifier(kind, id_number)

    def _fields(self) -> dict[str, str]:
        values: dict[str, str] = {}
        for name, (column, position) in self.layout.fields.items():
            given = self._raw(position) if column.as_ == "text" else self._cell(position)
            value = self._read(position, given, _READERS[column.as_])
            if value is not None and value != "":
                values[name] = value.isoformat() if isinstance(value, date) else value
        for position in self.layout.unknown:
            if self._raw(position).strip():
                values[self.layout.header(position)] = WITHHELD
        return values

    def _severity(self, categories: list[Category], party_type: PartyType, fields: dict[str, str]) -> Severity | None:
        """What the authority states, else the gravest grade of the categories; none where none has one."""
        stated = self._part("severity", cells.text)
        if stated is not None:
            grade = self.mapping.severities.get(stated)
            if grade is None:
                self._problem(reasons.SEVERITY_UNDETERMINED, "severity")
            return grade
        if not categories or not self.layout.kind.graded:
            return None
        by_fine = self._grade_of_fine(party_type, fields)
        grades = [by_fine if one.severity == BY_FINE else one.severity and Severity(one.severity) for one in categories]
        known = [grade for grade in grades if grade is not None]
        if len(known) == len(grades):
            return max(known, key=list(Severity).index)
        if not self.problems:  # else the fine could not be read: that is told already
            self._problem(reasons.SEVERITY_UNDETERMINED, "category")
        return None

    def _grade_of_fine(self, party_type: PartyType, fields: dict[str, str]) -> Severity | None:
        if "fine_yuan" not in fields:
            return None
        fine = Decimal(fields["fine_yuan"])
        fitting = (
            grade.severity
            for grade in self.layout.kind.fine_grades
            if grade.party in (None, party_type) and (grade.up_to_yuan is None or fine <= grade.up_to_yuan)
        )
        return next(fitting, None)

    def _part(self, part: Part, read: Callable[[str], T], *, required: bool = False) -> T | None:
        """Read a part of the record; None where its column or its cell is empty, or cannot be read."""
        position = self.layout.parts.get(part)
        if position is None:
            return None
        if required and not self._has(part):
            self._problem(reasons.VALUE_MISSING, position)
        return self._read(position, self._cell(position), read)

    def _one_line(self, part: Part) -> str:
        return re.sub(r"\s*\n\s*", "", cells.text(self._raw(self.layout.parts[part])))

    def _has(self, part: Part) -> bool:
        return part in self.layout.parts and bool(self._cell(self.layout.parts[part]))

    def _cell(self, position: int) -> str:
        """The cell, empty where it says that there is nothing to say."""
        cell = cells.bare(self._raw(position))
        return "" if cell in self.mapping.blanks else cell

    def _raw(self, position: int) -> str:
        return self.row[position] if position < len(self.row) else ""

    def _read(self, position: int, cell: str, read: Callable[[str], T]) -> T | None:
        if not cell.strip():
            return None
        try:
            return read(cell)
        except cells.UnreadableCell as unreadable:
            self._problem(unreadable.reason, position)
            return None

    def _problem(self, reason: Reason, where: Part | int) -> None:
        self.problems.append(Problem(reason, self.layout.header(where)))

"""Finds a table's header among its first rows and says which column is what."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chengxin.handin import cells
from chengxin.handin.mapping import ColumnMapping, FieldColumn, FileKind, Part
from chengxin.handin.reasons import COLUMN_MISSING, COLUMN_TWICE, HandInError

HEADER_WITHIN = 10
"""Rows among which the header must stand; titles and notes may come before it."""
REJECT_COLUMNS = ("行号", "原因代码", "有误的列", "说明", "处理办法")
"""What the rejects file adds to each row; left out when the file is handed in again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where what stands in a table. Positions count from 0."""

    kind: FileKind
    headers: tuple[str, ...]
    data_from: int
    parts: dict[str, int]
    outdated_codes: tuple[int, ...]
    fields: Mapping[str, tuple[FieldColumn, int]]
    unknown: tuple[int, ...]

    def header(self, where: int | Part) -> str:
        """The header of the column at a position, or of a part, as the file writes it; else the usual name."""
        if isinstance(where, str):
            return self.header(self.parts[where]) if where in self.parts else self.kind.columns[where][0]
        written = self.headers[where] if where < len(self.headers) else ""
        return written or f"第{where + 1}列"

    def column_of(self, place: str) -> str:
        """The header of the column behind a request field such as `document.number`; "" where there is none."""
        if place.startswith("fields.") and (field := self.fields.get(place.removeprefix("fields."))):
            return self.header(field[1])
        part = _PART_OF_PLACE.get(place, place.removeprefix("document."))
        if place.startswith("party.identifier"):
            part = "uscc"
        if part == "uscc" and "id_number" in self.parts:
            return f"{self.header(self.parts['uscc'])} / {self.header(self.parts['id_number'])}"
        return self.header(self.parts[part]) if part in self.parts else ""


# Where the part behind a request field is called otherwise.
_PART_OF_PLACE = {
    "item_code": "category",
    "party.name": "party_name",
    "document.kind": "category",
    "document.number": "document_number",
}


def find_layout(first_rows: Sequence[Sequence[str]], mapping: ColumnMapping) -> Layout | None:
    """Return the layout of a table, or None where its first rows hold no known header.

    A header may take two rows, a group above its columns (merged cells). Raises HandInError(COLUMN_MISSING,
    COLUMN_TWICE) where a header is found that cannot be used.
    """
    best: tuple[int, FileKind, list[str], int] | None = None
    for headers, data_from in _candidates(first_rows[:HEADER_WITHIN], mapping):
        for kind in mapping.files.values():
            own = _names_of(kind)
            known = sum(1 for name in headers if cells.header(name) in own)
            if known >= 2 and (best is None or known > best[0]):
                best = (known, kind, headers, data_from)
    return None if best is None else _layout(*best[1:], mapping)


def _candidates(rows: Sequence[Sequence[str]], mapping: ColumnMapping) -> Iterator[tuple[list[str], int]]:
    """Each row as a header, then each pair of rows; whoever comes first wins among equals."""
    for number, row in enumerate(rows):
        yield [cell.strip() for cell in row], number + 1
    known = {name for kind in mapping.files.values() for name in _names_of(kind)}
    for number, (above, below) in enumerate(itertools.pairwise(rows)):
        if names := _merged(above, below, known):
            yield names, number + 2


def _merged(above: Sequence[str], below: Sequence[str], known: set[str]) -> list[str]:
    """The names of a header of two rows; nothing where the rows are not one.

    A group's header reaches over the empty cells to its right, as merged cells are stored. What stands under a
    header that is no group is data.
    """
    names: list[str] = []
    group = ""
    width = max(len(above), len(below))
    tops, unders = ([*map(str.strip, row), *[""] * (width - len(row))] for row in (above, below))
    for position, (top, under) in enumerate(zip(tops, unders, strict=True)):
        is_group = position + 1 < width and not tops[position + 1]
        if top and under and not is_group:
            return []
        group = top or group
        spellings = [top] if top and not under else [f"{group}_{under}", under, top]
        names.append(next((name for name in spellings if cells.header(name) in known), under or top))
    return names


def _names_of(kind: FileKind) -> set[str]:
    groups = [
        *kind.columns.values(),
        *kind.outdated_codes,
        kind.not_sent,
        *(field.headers for field in kind.fields.values()),
    ]
    return {cells.header(name) for group in groups for name in group}


def _layout(kind: FileKind, headers: list[str], data_from: int, mapping: ColumnMapping) -> Layout:
    own = _names_of(kind)
    positions: dict[str, int] = {}
    for position, name in enumerate(headers):
        folded = cells.header(name)
        if folded in positions and folded in own:
            raise HandInError(COLUMN_TWICE, f"{name}.")
        positions.setdefault(folded, position)

    def place(names: Sequence[str]) -> int | None:
        return next((at for name in names if (at := positions.get(cells.header(name))) is not None), None)

    parts = {part: at for part, names in kind.columns.items() if (at := place(names)) is not None}
    missing = [kind.columns[part][0] for part in kind.needed if part not in parts]
    if missing:
        raise HandInError(COLUMN_MISSING, f"{kind.title}: {'、'.join(missing)}.")
    silent = {cells.header(name) for name in (*mapping.ignored, *REJECT_COLUMNS)} | own
    return Layout(
        kind=kind,
        headers=tuple(headers),
        data_from=data_from,
        parts=parts,
        outdated_codes=tuple(at for names in kind.outdated_codes if (at := place(names)) is not None),
        fields={name: (field, at) for name, field in kind.fields.items() if (at := place(field.headers)) is not None},
        unknown=tuple(at for at, name in enumerate(headers) if cells.header(name) not in silent),
    )

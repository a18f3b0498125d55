"""A table of a hand-in file: its layout, and its rows as they are read."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chengxin.handin.layout import HEADER_WITHIN, Layout, find_layout
from chengxin.handin.mapping import ColumnMapping


@dataclass(frozen=True, slots=True)
class Row:
    """A row's cells as text, and its number in the file, counted from 1."""

    number: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet, or a whole CSV file (then `name` is empty). `rows` can be read once; empty ones are left out."""

    name: str
    layout: Layout
    rows: Iterator[Row]


@dataclass(frozen=True, slots=True)
class OpenFile:
    """An open hand-in file, read from disk as rows are asked for. `skipped` names sheets without a known header.

    `fraction_read` tells how much has been read, 0 to 1.
    """

    tables: list[Table]
    skipped: tuple[str, ...]
    fraction_read: Callable[[], float]


def table_of(name: str, rows: Iterator[Row], mapping: ColumnMapping) -> Table | None:
    """Return the table that `rows` hold, or None where they begin with no known header.

    Raises HandInError(COLUMN_MISSING, COLUMN_TWICE).
    """
    head = list(itertools.islice(rows, HEADER_WITHIN))
    layout = find_layout([row.cells for row in head], mapping)
    if layout is None:
        return None
    body = itertools.chain(head[layout.data_from :], rows)
    return Table(name, layout, (row for row in body if any(cell.strip() for cell in row.cells)))

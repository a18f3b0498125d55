"""Reads XLSX row by row: every visible sheet that has a known header, merged header cells included."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from chengxin.handin import cells
from chengxin.handin.mapping import ColumnMapping
from chengxin.handin.reasons import COLUMNS_UNKNOWN, FILE_UNREADABLE, HandInError
from chengxin.handin.table import OpenFile, Row, Table, table_of

_BROKEN = (zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, OSError, EOFError)


@contextmanager
def open_xlsx(path: Path, mapping: ColumnMapping) -> Generator[OpenFile]:
    """Open a workbook and find its tables, in its order. Raises HandInError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles and validations that openpyxl does not know
            book: Any = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except _BROKEN:
        raise HandInError(FILE_UNREADABLE, "It is not a whole XLSX workbook.") from None
    rows_read = 0

    def counted(rows: Iterator[Row]) -> Iterator[Row]:
        nonlocal rows_read
        for row in rows:
            rows_read += 1
            yield row

    with closing(book):
        found = [(sheet, _table(sheet, counted(_rows(sheet)), mapping)) for sheet in book.worksheets]
        tables = [table for _, table in found if table is not None]
        if not tables:
            raise HandInError(COLUMNS_UNKNOWN)
        expected = 1 + sum(sheet.max_row or 0 for sheet, table in found if table is not None)
        skipped = tuple(sheet.title for sheet, table in found if table is None)
        yield OpenFile(tables, skipped, lambda: min(rows_read / expected, 1.0))


def _table(sheet: Any, rows: Iterator[Row], mapping: ColumnMapping) -> Table | None:
    if sheet.sheet_state != "visible":
        return None
    try:
        return table_of(sheet.title, rows, mapping)
    except HandInError as error:
        raise HandInError(error.reason, f"{sheet.title}: {error.detail}") from None


def _rows(sheet: Any) -> Iterator[Row]:
    try:
        for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            yield Row(number, [cells.spreadsheet_text(cell) for cell in row])
    except _BROKEN:
        raise HandInError(FILE_UNREADABLE, f"{sheet.title} cannot be read to its end.") from None

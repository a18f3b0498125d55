"""Reads XLSX row by row: every visible sheet that has a known header, merged header cells included."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from chengxin.handin import cells
from chengxin.handin.mapping import ColumnMapping
from chengxin.handin.reasons import COLUMNS_UNKNOWN, FILE_UNREADABLE, HandInError
from chengxin.handin.table import Row, Table, table_of

_BROKEN = (zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, OSError, EOFError)


class XlsxFile:
    """An open workbook, read from disk as its rows are asked for. Use as a context manager."""

    def __init__(self, path: Path, mapping: ColumnMapping) -> None:
        """Open it and find its tables. `skipped` names the sheets without a known header. Raises HandInError."""
        self._read = 0
        self._expected = 1
        self._tables: list[Table] = []
        skipped: list[str] = []
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # styles and validations that openpyxl does not know
                self._book: Any = openpyxl.load_workbook(path, read_only=True, data_only=True)
        except _BROKEN:
            raise HandInError(FILE_UNREADABLE, "It is not a whole XLSX workbook.") from None
        try:
            for sheet in self._book.worksheets:
                table = self._table(sheet, mapping)
                if table is None:
                    skipped.append(sheet.title)
                else:
                    self._tables.append(table)
                    self._expected += sheet.max_row or 0
            if not self._tables:
                raise HandInError(COLUMNS_UNKNOWN)
        except BaseException:
            self._book.close()
            raise
        self.skipped = tuple(skipped)

    def __enter__(self) -> XlsxFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._book.close()

    def tables(self) -> list[Table]:
        """The sheets with a known header, in the workbook's order."""
        return self._tables

    def fraction_read(self) -> float:
        """How much of the file has been read, 0 to 1, by the sizes that its sheets state."""
        return min(self._read / self._expected, 1.0)

    def _table(self, sheet: Any, mapping: ColumnMapping) -> Table | None:
        if sheet.sheet_state != "visible":
            return None
        try:
            return table_of(sheet.title, self._rows(sheet), mapping)
        except HandInError as error:
            raise HandInError(error.reason, f"{sheet.title}: {error.detail}") from None

    def _rows(self, sheet: Any) -> Iterator[Row]:
        try:
            for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
                self._read += 1
                yield Row(number, [cells.spreadsheet_text(cell) for cell in row])
        except _BROKEN:
            raise HandInError(FILE_UNREADABLE, f"{sheet.title} cannot be read to its end.") from None

"""Reads CSV: UTF-8 with or without byte-order mark, or GB18030. Bytes that are no text mark their row."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from chengxin.handin.mapping import ColumnMapping
from chengxin.handin.reasons import (
    BAD_ENCODING,
    COLUMNS_UNKNOWN,
    FILE_UNREADABLE,
    HandInError,
)
from chengxin.handin.table import Row, Table, table_of

DAMAGED = "\ufffd"
"""Stands where bytes were no text; a row with it goes back."""
_HEAD_BYTES = 64 * 1024
_ENCODINGS = ("utf-8", "gb18030")
_FOREIGN_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class CsvFile:
    """An open CSV file. Use as a context manager."""

    def __init__(self, path: Path, mapping: ColumnMapping) -> None:
        """Open it, decide its encoding and find its header. Raises HandInError."""
        self.skipped: tuple[str, ...] = ()
        self._size = max(path.stat().st_size, 1)
        self._raw = path.open("rb")
        try:
            self._encoding = _encoding(self._raw.read(_HEAD_BYTES), mapping)
            self._raw.seek(0)
            table = table_of("", self._rows(), mapping)
            if table is None:
                raise HandInError(COLUMNS_UNKNOWN)
        except BaseException:
            self._raw.close()
            raise
        self._table = table

    def __enter__(self) -> CsvFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._raw.close()

    def tables(self) -> list[Table]:
        """The one table."""
        return [self._table]

    def fraction_read(self) -> float:
        """How much of the file has been read, 0 to 1."""
        return 1.0 if self._raw.closed else min(self._raw.tell() / self._size, 1.0)

    def _rows(self) -> Iterator[Row]:
        with io.TextIOWrapper(self._raw, self._encoding, errors="replace", newline="") as text:
            reader = csv.reader(text, strict=True)
            line = 1
            try:
                for row in reader:
                    yield Row(line, row)
                    line = reader.line_num + 1
            except csv.Error as error:
                raise HandInError(FILE_UNREADABLE, f"The row that begins on line {line}: {error}.") from None


def _encoding(head: bytes, mapping: ColumnMapping) -> str:
    """Decide by the header, which only the right encoding makes readable.

    A damaged byte further down is then one row's matter and cannot turn the whole file into nonsense.
    """
    if head.startswith(_FOREIGN_MARKS):
        raise HandInError(BAD_ENCODING, "The file is UTF-16.")
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    for encoding in _ENCODINGS:
        if _has_header(_decoded(head, encoding), mapping):
            return encoding
    readable = any(DAMAGED not in _decoded(head, encoding) for encoding in _ENCODINGS)
    raise HandInError(COLUMNS_UNKNOWN if readable else BAD_ENCODING)


def _decoded(head: bytes, encoding: str) -> str:
    """Decode the beginning of a file, whose last character may be cut."""
    return codecs.getincrementaldecoder(encoding)(errors="replace").decode(head)


def _has_header(text: str, mapping: ColumnMapping) -> bool:
    rows = (Row(number, row) for number, row in enumerate(csv.reader(io.StringIO(text, newline="")), start=1))
    try:
        return table_of("", rows, mapping) is not None
    except csv.Error:
        return False

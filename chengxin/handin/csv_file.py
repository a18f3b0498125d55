"""Reads CSV: UTF-8 with or without byte-order mark, or GB18030. Bytes that are no text mark their row."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chengxin.handin.mapping import ColumnMapping
from chengxin.handin.reasons import BAD_ENCODING, COLUMNS_UNKNOWN, FILE_UNREADABLE, HandInError
from chengxin.handin.table import OpenFile, Row, table_of

DAMAGED = "\ufffd"
"""Stands where bytes were no text; a row with it goes back."""
_HEAD_BYTES = 64 * 1024
_ENCODINGS = ("utf-8", "gb18030")
_FOREIGN_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@contextmanager
def open_csv(path: Path, mapping: ColumnMapping) -> Generator[OpenFile]:
    """Open it, decide its encoding and find its header. Raises HandInError."""
    size = max(path.stat().st_size, 1)
    with path.open("rb") as raw:
        encoding = _encoding(raw.read(_HEAD_BYTES), mapping)
        raw.seek(0)
        with io.TextIOWrapper(raw, encoding, errors="replace", newline="") as text:
            table = table_of("", _rows(text), mapping)
            if table is None:
                raise HandInError(COLUMNS_UNKNOWN)
            yield OpenFile([table], (), lambda: min(raw.tell() / size, 1.0))


def _rows(text: Iterable[str]) -> Iterator[Row]:
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

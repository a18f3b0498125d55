"""The rejects file: each refused row again, with why, where and what to do. CSV with byte-order mark.

It is made to be corrected in a spreadsheet and handed in again; its own columns are then left out.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chengxin.handin.layout import REJECT_COLUMNS
from chengxin.handin.reasons import REJECTS_NOT_WRITABLE, HandInError
from chengxin.handin.table import Row, Table

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_LONG_NUMBER = re.compile(r"[0-9]{12,}")


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a row was refused: reason codes, the columns concerned, what happened, what to do."""

    codes: tuple[str, ...]
    columns: tuple[str, ...]
    message: str
    remedy: str


class RejectsFile:
    """Written as rows are refused, one file for each table; none is made where nothing is refused.

    The files are readable by their owner alone: rows are about parties. Use as a context manager.
    """

    def __init__(self, path: Path) -> None:
        """`path` names the first table's file; further tables get a number before the suffix."""
        self.paths: list[Path] = []
        self._path = path
        self._files = ExitStack()
        self._writers: dict[int, Any] = {}

    def __enter__(self) -> RejectsFile:
        with _writable(self._path):
            self._path.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def add(self, table_number: int, table: Table, row: Row, why: Rejection) -> None:
        """Write a refused row. Raises HandInError(REJECTS_NOT_WRITABLE)."""
        with _writable(self._path):
            if table_number not in self._writers:
                self._begin(table_number, table)
            told = [str(row.number), "; ".join(why.codes), "; ".join(why.columns), why.message, why.remedy]
            self._writers[table_number].writerow(map(harmless, [*told, *row.cells]))

    def _begin(self, table_number: int, table: Table) -> None:
        suffix = f"-{table_number + 1}" if table_number else ""
        path = self._path.with_name(f"{self._path.stem}{suffix}{self._path.suffix}")
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        file = self._files.enter_context(os.fdopen(descriptor, "w", encoding="utf-8-sig", newline=""))
        writer = csv.writer(file)
        writer.writerow([*REJECT_COLUMNS, *map(harmless, table.layout.headers)])
        self._writers[table_number] = writer
        self.paths.append(path)


@contextmanager
def _writable(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise HandInError(REJECTS_NOT_WRITABLE, f"{path}: {error.strerror}.") from None


def harmless(cell: str) -> str:
    """Return the cell so that a spreadsheet takes it as text: neither as a formula nor as a number to round."""
    if cell.startswith(_FORMULA) or _LONG_NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell

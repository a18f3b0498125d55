"""Hands in one file: rows stream to the house, results are matched to rows, refused rows are written out."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from chengxin.client.answers import Refusal, SubmitResult
from chengxin.client.records import Record
from chengxin.handin.csv_file import open_csv
from chengxin.handin.layout import Layout
from chengxin.handin.mapping import ColumnMapping
from chengxin.handin.reasons import FILE_TYPE_UNKNOWN, FILE_UNREADABLE, REJECTS_NOT_WRITABLE, HandInError, Problem
from chengxin.handin.rejects import Rejection, RejectsFile
from chengxin.handin.rows import WITHHELD, UnfitRow, read_row
from chengxin.handin.table import OpenFile, Row, Table
from chengxin.handin.xlsx_file import open_xlsx

Submit = Callable[[Iterable[Record]], Iterator[SubmitResult]]
"""What hands records in: `Client.submit`."""
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_ZIP = b"PK\x03\x04"


@dataclass(slots=True)
class Summary:
    """What became of a file's rows. `reasons` counts refused rows by their first reason."""

    rows: int = 0
    accepted: int = 0
    already_held: int = 0
    refused: int = 0
    reasons: Counter[str] = field(default_factory=Counter[str])
    remedies: dict[str, str] = field(default_factory=dict[str, str])
    warnings: Counter[str] = field(default_factory=Counter[str])
    rejects: list[Path] = field(default_factory=list[Path])
    skipped_sheets: tuple[str, ...] = ()


class _Place(NamedTuple):
    """A row and where it stands; tables are numbered from 0."""

    table_number: int
    table: Table
    row: Row


class HandIn:
    """One file on its way. `summary` is true at any moment, also after an interruption."""

    def __init__(self, path: Path, mapping: ColumnMapping, *, rejects: Path, sample: bool = False) -> None:
        """`rejects` is replaced; `sample` marks every record as generated sample data."""
        self.summary = Summary()
        self._path = path
        self._mapping = mapping
        self._rejects_path = rejects
        self._sample = sample
        self._sent: deque[tuple[_Place, Record]] = deque()

    def run(
        self, submit: Submit, *, after_row: Callable[[Summary, float], None] = lambda _summary, _part: None
    ) -> Summary:
        """Hand in every row; `after_row` is told the summary and the part of the file that was read.

        Memory does not grow with the file. An interrupted run can be repeated: what the house holds already
        is held once. Raises HandInError, and what `submit` raises.
        """
        if self._rejects_path.exists() and self._rejects_path.samefile(self._path):
            raise HandInError(REJECTS_NOT_WRITABLE, "It is the file to be handed in.")
        with open_file(self._path, self._mapping) as file, RejectsFile(self._rejects_path) as rejects:
            self.summary.rejects = rejects.paths
            self.summary.skipped_sheets = file.skipped

            def told(records: Iterator[Record]) -> Iterator[Record]:
                for record in records:
                    after_row(self.summary, file.fraction_read())
                    yield record

            for result in submit(told(self._records(file.tables, rejects))):
                self._settle(result, rejects)
                after_row(self.summary, file.fraction_read())
        return self.summary

    def _records(self, tables: list[Table], rejects: RejectsFile) -> Iterator[Record]:
        for place in (_Place(number, table, row) for number, table in enumerate(tables) for row in table.rows):
            self.summary.rows += 1
            try:
                record = read_row(place.row.cells, place.table.layout, self._mapping, sample=self._sample)
            except UnfitRow as unfit:
                self._refuse(place, _rejection_of(unfit.problems), rejects)
            else:
                self._sent.append((place, record))
                yield record

    def _settle(self, result: SubmitResult, rejects: RejectsFile) -> None:
        place, record = self._sent.popleft()
        self.summary.warnings.update(result.warnings)
        if result.refusal is None:
            self.summary.accepted += 1
            self.summary.already_held += result.already_held
        else:
            self._refuse(place, _rejection_by_house(result.refusal, place.table.layout, record), rejects)

    def _refuse(self, place: _Place, rejection: Rejection, rejects: RejectsFile) -> None:
        self.summary.refused += 1
        self.summary.reasons[rejection.codes[0]] += 1
        self.summary.remedies.setdefault(rejection.codes[0], rejection.remedy)
        rejects.add(*place, rejection)


def open_file(path: Path, mapping: ColumnMapping) -> AbstractContextManager[OpenFile]:
    """Open a hand-in file by what it is, not by its name. Raises HandInError."""
    try:
        with path.open("rb") as file:
            beginning = file.read(4)
    except OSError as error:
        raise HandInError(FILE_UNREADABLE, f"{path}: {error.strerror}.") from None
    if beginning == _OLD_EXCEL:
        raise HandInError(FILE_TYPE_UNKNOWN, "It is a workbook of the old kind (.xls).")
    return open_xlsx(path, mapping) if beginning == _ZIP else open_csv(path, mapping)


def _rejection_of(problems: list[Problem]) -> Rejection:
    different = list({problem.reason.code: problem.reason for problem in problems}.values())
    return Rejection(
        codes=tuple(problem.reason.code for problem in problems),
        columns=tuple(problem.column for problem in problems),
        message=" ".join(reason.meaning for reason in different),
        remedy=" ".join(reason.remedy for reason in different),
    )


def _rejection_by_house(refusal: Refusal, layout: Layout, record: Record) -> Rejection:
    withheld = tuple(name for name, value in record.fields.items() if value == WITHHELD)
    named = (layout.column_of(refusal.field) or refusal.field,)
    columns = withheld if refusal.field == "fields" and withheld else named
    return Rejection((refusal.reason,), columns, refusal.message, refusal.remedy)

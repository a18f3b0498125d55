"""The generated hand-in file: the same for the same seed, plainly a sample, spoilt in known ways only."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from chengxin.handin.job import open_file
from chengxin.handin.layout import Layout
from chengxin.handin.mapping import load_mapping
from chengxin.handin.rows import UnfitRow, read_row
from chengxin.handin.table import Row
from standalone.sample import MARK, MARKET, SampleWorld
from standalone.sample_file import COLUMNS, EXPECTED_REASONS, NAME, NUMBER, ROWS, hand_in, write_csv

TODAY = date(2026, 11, 24)
WORLD = SampleWorld()


def test_a_few_hundred_rows_are_spoilt_each_reason_about_as_often() -> None:
    spoilt = Counter(row.refused_for for row in hand_in(WORLD, MARKET, today=TODAY))
    good = spoilt.pop("")
    assert good + spoilt.total() == ROWS
    assert good >= 10_000
    assert 200 <= spoilt.total() <= 400
    assert set(spoilt) == EXPECTED_REASONS
    assert len(EXPECTED_REASONS) >= 15
    assert max(spoilt.values()) - min(spoilt.values()) <= 1


def test_the_same_day_gives_the_same_rows() -> None:
    first, again = (list(hand_in(WORLD, MARKET, today=TODAY, rows=200)) for _ in range(2))
    assert first == again


def test_every_row_is_marked_and_every_good_number_its_own() -> None:
    rows = list(hand_in(WORLD, MARKET, today=TODAY))
    assert all(row.cells[NAME].startswith(MARK) for row in rows)
    good = [row.cells[NUMBER] for row in rows if not row.refused_for]
    assert len(set(good)) == len(good)


def test_the_rows_are_made_one_by_one() -> None:
    endless = hand_in(WORLD, MARKET, today=TODAY, rows=10**9)
    assert next(endless).refused_for == ""


def test_no_good_row_is_older_than_its_period(tmp_path: Path) -> None:
    for row in hand_in(WORLD, MARKET, today=TODAY, rows=2_000):
        if not row.refused_for:
            decided = row.cells["处罚决定日期"].replace("/", "").replace("-", "")
            assert TODAY - timedelta(days=900) < date.fromisoformat(decided) < TODAY


def test_a_department_writes_it_in_either_encoding(tmp_path: Path) -> None:
    for encoding in ("utf-8-sig", "gb18030"):
        file = tmp_path / f"{encoding}.csv"
        write_csv(file, hand_in(WORLD, MARKET, today=TODAY, rows=70), encoding=encoding)
        with file.open(encoding=encoding, newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert tuple(rows[0]) == COLUMNS
        assert len(rows) == 70


def test_the_hand_in_reads_every_good_row_and_names_the_fault_of_those_it_can_judge_itself(tmp_path: Path) -> None:
    rows = list(hand_in(WORLD, MARKET, today=TODAY, rows=1_700))
    write_csv(tmp_path / "file.csv", iter(rows))
    mapping = load_mapping()

    def judged(row: Row, layout: Layout) -> str:
        try:
            return "" if read_row(row.cells, layout, mapping, sample=True).sample else "no sample"
        except UnfitRow as unfit:
            return unfit.problems[0].reason.code

    with open_file(tmp_path / "file.csv", mapping) as file:
        (table,) = file.tables
        verdicts = [judged(row, table.layout) for row in table.rows]
    expected = [row.refused_for for row in rows]
    assert all(verdict in {"", right} for verdict, right in zip(verdicts, expected, strict=True))
    assert {"BAD_DATE", "BAD_AMOUNT", "CATEGORY_UNKNOWN", "NUMBER_RUINED_BY_EXCEL"} <= set(verdicts)

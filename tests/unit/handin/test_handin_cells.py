"""Cells: dates, amounts and numbers as they are written, and nothing else."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chengxin.handin import cells
from chengxin.handin.rejects import harmless

FULL_WIDTH = str.maketrans("0123456789./-", "０１２３４５６７８９．／－")


@given(st.integers(0, 10**14), st.booleans(), st.booleans())
def test_an_amount_in_wan_is_the_same_amount_in_yuan_to_the_fen(fen: int, commas: bool, wide: bool) -> None:
    wan = Decimal(fen) / Decimal(1_000_000)
    written = f"{wan:,f}" if commas else f"{wan:f}"
    given_yuan = cells.yuan_from_wan(written.translate(FULL_WIDTH) if wide else written)
    assert Decimal(given_yuan) * 100 == fen
    assert "E" not in given_yuan


@pytest.mark.parametrize(
    ("wan", "yuan"),
    [("5", "50000"), ("0.5", "5000"), ("0.123456", "1234.56"), ("0", "0"), ("1,234.5", "12345000"), ("'3", "30000")],
)
def test_amounts_as_they_are_met(wan: str, yuan: str) -> None:
    assert cells.yuan_from_wan(wan) == yuan


@pytest.mark.parametrize(
    "wrong",
    [
        "-5",
        "五万",
        "5万元",
        "5万",
        "1,23",
        "1.2.3",
        "0.1234567",
        "1E3",
        "NaN",
        "∞",
        "٥",
        "１，２",
        "+5",
        ".5",
        "5.",
        "1_000",
        "5 0",
        "",
    ],
)
def test_what_is_no_amount_is_never_guessed(wrong: str) -> None:
    with pytest.raises(cells.UnreadableCell, match="BAD_AMOUNT"):
        cells.yuan_from_wan(wrong)


FORMS = ["{0:%Y/%m/%d}", "{0:%Y-%m-%d}", "{0:%Y%m%d}", "{0.year}-{0.month}-{0.day}", "{0.year}/{0.month}/{0.day}"]
FORMS += ["{0.year}.{0.month}.{0.day}", "{0.year}年{0.month}月{0.day}日", "{0:%Y-%m-%d} 00:00:00", "{0:%Y/%m/%d} 0:00"]


@given(st.dates(date(1949, 10, 1), date(2098, 12, 31)), st.sampled_from(FORMS), st.booleans())
def test_a_day_is_the_same_day_in_every_form(day: date, form: str, wide: bool) -> None:
    written = form.format(day)
    assert cells.day(written.translate(FULL_WIDTH) if wide else written) == day
    assert cells.end_day(written) == day


@pytest.mark.parametrize(
    "wrong",
    [
        "2021-13-01",
        "2021-02-29",
        "2021/9-1",
        "21-9-1",
        "2021-9",
        "44440",
        "202191",
        "2021-09-01 13:00:00",
        "9/1/2021",
        "昨天",
        "٢٠٢١-٠٩-٠١",
        "2021-9-1日",
        "2021年9-1",
    ],
)
def test_what_is_no_day_is_never_guessed(wrong: str) -> None:
    with pytest.raises(cells.UnreadableCell, match="BAD_DATE"):
        cells.day(wrong)


def test_2099_as_an_end_means_that_no_end_is_stated() -> None:
    assert cells.end_day("2099/12/31") is None
    assert cells.end_day("2098/12/31") == date(2098, 12, 31)


@pytest.mark.parametrize("ruined", ["4.30102E+17", "4.30102e+17", "9E+17", "４．３Ｅ＋１７", "'4.3E+17"])
def test_a_number_that_excel_rounded_is_refused_as_such(ruined: str) -> None:
    with pytest.raises(cells.UnreadableCell, match="NUMBER_RUINED_BY_EXCEL"):
        cells.number(ruined)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("'91430100MA4L1ABC2X", "91430100MA4L1ABC2X"),
        (" 湘市监罚〔2021〕1号\n", "湘市监罚〔2021〕1号"),
        ("湘市监罚\r\n〔2021〕1号", "湘市监罚〔2021〕1号"),
        ("E12345678", "E12345678"),
    ],
)
def test_other_numbers_are_kept_as_written(written: str, kept: str) -> None:
    assert cells.number(written) == kept


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        ("文", "文"),
        (5, "5"),
        (5.0, "5"),
        (0.1 + 0.2, "0.3"),
        (1e-6, "0.000001"),
        (True, "True"),
        (430102199001011234, "4.30102E+17"),
        (4.30102199001011e17, "4.30102E+17"),
        (123456789012345, "123456789012345"),
        (datetime(2021, 9, 1), "2021-09-01"),
        (date(2021, 9, 1), "2021-09-01"),
        (datetime(2021, 9, 1, 13), "2021-09-01 13:00:00"),
    ],
)
def test_a_spreadsheet_cell_is_read_as_it_shows(value: object, shown: str) -> None:
    assert cells.spreadsheet_text(value) == shown


@pytest.mark.parametrize("wrong", ["0", "-1", "1.0", "v2", "1234567890", "٣"])
def test_a_version_counts_from_one(wrong: str) -> None:
    assert cells.version("２") == 2
    with pytest.raises(cells.UnreadableCell, match="BAD_VERSION"):
        cells.version(wrong)


def test_headers_are_compared_without_spaces_stars_and_widths() -> None:
    assert cells.header(" *罚款金额\n（万元）\u200b") == cells.header("罚款金额(万元)")


@given(st.text(max_size=30))
def test_a_harmless_cell_is_neither_formula_nor_long_number_and_reads_back_the_same(cell: str) -> None:
    shown = harmless(cell)
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
    assert cells.bare(shown) == cells.bare(cell) or cell.startswith(("\t", "\r"))


def test_long_numbers_in_a_rejects_file_survive_a_spreadsheet() -> None:
    assert harmless("430102199001011234") == "'430102199001011234"
    assert harmless("=HYPERLINK()") == "'=HYPERLINK()"
    assert harmless("12345") == "12345"

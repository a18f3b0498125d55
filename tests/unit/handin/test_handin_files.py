"""Files: encodings, sheets, merged headers, and every reason for which a whole file goes back."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from chengxin.handin import csv_file, job, reasons
from chengxin.handin.mapping import load_mapping
from chengxin.handin.reasons import HandInError, Reason
from chengxin.handin.table import Table
from tests.unit.handin.hand_in_files import LICENCE, PENALTY, as_rows, csv_bytes, write_csv, write_xlsx

MAPPING = load_mapping()


def tables_of(path: Path) -> list[tuple[Table, list[tuple[int, list[str]]]]]:
    with job.open_file(path, MAPPING) as file:
        return [(table, [(row.number, row.cells) for row in table.rows]) for table in file.tables]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("rows", [[PENALTY], [LICENCE]], ids=["penalty", "licence"])
def test_a_csv_file_is_read_in_the_encodings_that_offices_use(
    tmp_path: Path, encoding: str, rows: list[dict[str, str]]
) -> None:
    path = write_csv(tmp_path / "file.csv", rows, encoding=encoding)
    [(table, read)] = tables_of(path)
    assert table.layout.kind.title == ("行政处罚" if rows == [PENALTY] else "行政许可")
    assert read == [(2, list(rows[0].values()))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_damaged_byte_marks_its_row_and_no_other(tmp_path: Path, encoding: str) -> None:
    rows = [PENALTY, PENALTY | {"违法事实": "DAMAGE", "备注": "x"}, PENALTY]
    path = tmp_path / "file.csv"
    path.write_bytes(csv_bytes(rows, encoding=encoding).replace(b"DAMAGE", b"\xb3\xff"))
    [(_, read)] = tables_of(path)
    assert [any(csv_file.DAMAGED in cell for cell in cells) for _, cells in read] == [False, True, False]
    assert read[1][1][-1] == "x"
    assert read[0][1] == read[2][1] == list(PENALTY.values())


def test_rows_are_numbered_by_the_line_on_which_they_begin(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "file.csv", [PENALTY | {"违法事实": "一\n二\n三"}, PENALTY])
    [(_, read)] = tables_of(path)
    assert [number for number, _ in read] == [2, 5]


def test_titles_before_and_empty_rows_anywhere_are_passed_over(tmp_path: Path) -> None:
    body = csv_bytes([PENALTY, dict.fromkeys(PENALTY, ""), PENALTY], encoding="utf-8").decode()
    path = tmp_path / "file.csv"
    path.write_text(f"行政处罚信息公示表,,,\n\n{body}\n,,,\n,,\n", encoding="utf-8", newline="")
    [(_, read)] = tables_of(path)
    assert len(read) == 2


def test_a_workbook_may_hold_several_sheets_of_both_kinds(tmp_path: Path) -> None:
    sheets = {"处罚": as_rows([PENALTY, PENALTY]), "说明": [["填写说明"], ["无"]], "许可": as_rows([LICENCE])}
    path = write_xlsx(tmp_path / "file.xlsx", sheets)
    with job.open_file(path, MAPPING) as file:
        kinds = [(table.name, table.layout.kind.title, len(list(table.rows))) for table in file.tables]
        assert file.skipped == ("说明",)
        assert file.fraction_read() > 0
    assert kinds == [("处罚", "行政处罚", 2), ("许可", "行政许可", 1)]


def test_hidden_sheets_are_left_out(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "file.xlsx", {"a": as_rows([PENALTY]), "b": as_rows([PENALTY])})
    book = openpyxl.load_workbook(path)
    book["b"].sheet_state = "hidden"
    book.save(path)
    assert [table.name for table, _ in tables_of(path)] == ["a"]


def test_a_header_of_two_merged_rows_is_understood(tmp_path: Path) -> None:
    above = ["行政相对人名称", "行政相对人代码", None, "行政处罚决定书文号"]
    above += ["处罚类别", "处罚决定日期", "处罚机关统一社会信用代码"]
    below = [None, "统一社会信用代码", "工商注册号", None, None, None, None]
    row = ["湘江食品有限公司", "91430100MA4L1ABC2X", "", "1号", "警告", "2021-9-1", "11430000006112345A"]
    path = write_xlsx(tmp_path / "f.xlsx", {"a": [["公示表"], above, below, row]}, merged=["A1:G1", "B2:C2", "A2:A3"])
    [(table, read)] = tables_of(path)
    assert table.layout.parts["uscc"] == 1
    assert table.layout.outdated_codes == (2,)
    assert not table.layout.unknown
    assert [cells[0] for _, cells in read] == ["湘江食品有限公司"]


def test_a_thousand_empty_rows_at_the_end_are_nothing(tmp_path: Path) -> None:
    empty: list[list[object]] = [["", None, " "]] * 1000
    path = write_xlsx(tmp_path / "file.xlsx", {"a": as_rows([PENALTY]) + empty})
    [(_, read)] = tables_of(path)
    assert len(read) == 1


def test_numbers_typed_into_a_sheet_are_read_as_they_show(tmp_path: Path) -> None:
    values: dict[str, object] = {**PENALTY, "证件号码": 430102199001011234, "罚款金额（万元）": 0.1 + 0.2}
    path = write_xlsx(tmp_path / "file.xlsx", {"a": [list(values), list(values.values())]})
    [(table, read)] = tables_of(path)
    cells = read[0][1]
    assert cells[table.layout.headers.index("证件号码")] == "4.30102E+17"
    assert cells[table.layout.headers.index("罚款金额（万元）")] == "0.3"


def _csv(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _without(name: str) -> bytes:
    return csv_bytes([{key: value for key, value in PENALTY.items() if key != name}])


REFUSED: list[tuple[bytes, Reason]] = [
    (csv_bytes([PENALTY], encoding="utf-16"), reasons.BAD_ENCODING),
    (b"\xff\xfe\xfd\x81\x20" * 50, reasons.BAD_ENCODING),
    (b"name,number\n1,2\n", reasons.COLUMNS_UNKNOWN),
    (b"", reasons.COLUMNS_UNKNOWN),
    (_without("处罚决定日期"), reasons.COLUMN_MISSING),
    (csv_bytes([PENALTY]).replace("备注".encode(), "处罚机关".encode()), reasons.COLUMN_TWICE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", reasons.FILE_TYPE_UNKNOWN),
    (b"PK\x03\x04rubbish", reasons.FILE_UNREADABLE),
    (csv_bytes([PENALTY]) + b'"never closed', reasons.FILE_UNREADABLE),
]


@pytest.mark.parametrize(("content", "reason"), REFUSED, ids=lambda value: getattr(value, "code", None))
def test_a_file_goes_back_as_a_whole_with_its_reason(tmp_path: Path, content: bytes, reason: Reason) -> None:
    with pytest.raises(HandInError) as caught:
        tables_of(_csv(tmp_path / "file.csv", content))
    assert caught.value.reason is reason


def test_a_workbook_without_any_known_header_goes_back(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "file.xlsx", {"a": [["x"]]})
    with pytest.raises(HandInError, match="COLUMNS_UNKNOWN"):
        tables_of(path)


def test_a_sheet_that_lacks_a_column_is_named(tmp_path: Path) -> None:
    lacking = {key: value for key, value in PENALTY.items() if key != "处罚类别"}
    path = write_xlsx(tmp_path / "file.xlsx", {"第三季度": as_rows([lacking])})
    with pytest.raises(HandInError, match=r"第三季度.*处罚类别"):
        tables_of(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(HandInError, match="FILE_UNREADABLE"):
        tables_of(tmp_path / "none.csv")

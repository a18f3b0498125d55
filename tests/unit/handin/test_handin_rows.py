"""Rows: what a row of each kind means, and every reason for which one goes back."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import chengxin
from chengxin.client.parties import IdentifierKind
from chengxin.client.records import DocumentKind, Record, Severity
from chengxin.handin import reasons
from chengxin.handin.layout import find_layout
from chengxin.handin.mapping import ColumnMapping, load_mapping
from chengxin.handin.reasons import HandInError, Problem, Reason
from chengxin.handin.rows import WITHHELD, UnfitRow, read_row
from foundation.policy import LawBook
from tests.unit.handin.hand_in_files import LICENCE, PENALTY, PERSON

ROOT = Path(chengxin.__file__).parent.parent
LAW = ROOT / "law"
MAPPING = load_mapping()


def read(row: dict[str, str], mapping: ColumnMapping = MAPPING) -> Record:
    layout = find_layout([list(row)], mapping)
    assert layout is not None
    return read_row(list(row.values()), layout, mapping, sample=False)


def problems_of(row: dict[str, str]) -> list[Problem]:
    with pytest.raises(UnfitRow) as caught:
        read(row)
    return caught.value.problems


def test_a_penalty_of_an_organisation() -> None:
    record = read(PENALTY)
    assert record.item_code == "cn.penalty"
    assert record.record_number == "湘市监罚〔2021〕1号"
    assert (record.party.identifier.kind, record.party.name) == (IdentifierKind.USCC, "湘江食品有限公司")
    assert record.document.kind is DocumentKind.PENALTY_DECISION
    assert record.document.determined_on == record.document.effective_on == date(2021, 9, 1)
    assert record.document.authority == "11430000006112345A"
    assert record.publicity_until == date(2022, 9, 1)
    assert record.severity is Severity.ORDINARY
    assert record.fields["fine_yuan"] == "50000"
    assert record.fields["confiscated_yuan"] == "1234"
    assert record.fields["facts"] == "货架上有过期食品"
    assert "penalty_valid_until" not in record.fields
    assert "remarks" not in record.fields


def test_a_licence_is_no_negative_finding() -> None:
    record = read(LICENCE)
    assert (record.item_code, record.severity) == ("cn.licence", None)
    assert record.document.kind is DocumentKind.LICENCE_DECISION
    assert record.fields["valid_from"] == "2021-09-01"
    assert "valid_until" not in record.fields
    assert record.fields["certificate_number"] == "JY14301000000001"


def test_a_natural_persons_row_names_the_person_by_its_document() -> None:
    record = read(PENALTY | PERSON)
    assert record.party.identifier.kind is IdentifierKind.RESIDENT_ID
    assert record.party.identifier.value == "430102199001011234"


def test_a_party_type_that_is_not_stated_follows_from_the_number_that_is() -> None:
    assert read(PENALTY | PERSON | {"行政相对人类别": ""}).party.identifier.kind is IdentifierKind.RESIDENT_ID
    assert read(PENALTY | {"行政相对人类别": ""}).party.identifier.kind is IdentifierKind.USCC


def test_a_sole_trader_is_named_by_its_code_whatever_the_person_fills_in() -> None:
    row = PENALTY | {"行政相对人类别": "个体工商户", "证件类型": "身份证", "证件号码": "430102199001011234"}
    assert read(row).party.identifier.kind is IdentifierKind.USCC


def test_the_legal_representatives_id_number_is_never_sent() -> None:
    assert "430102199001011234" not in str(dict(read(PENALTY).fields))


def test_what_stands_in_an_unknown_column_does_not_leave_the_department() -> None:
    record = read(PENALTY | {"血型": "A", "家庭住址": ""})
    assert record.fields["血型"] == WITHHELD
    assert "家庭住址" not in record.fields


def test_own_columns_of_the_provider_are_taken() -> None:
    own = {"记录编号": "N-1", "记录版本": "3", "生效日期": "2021-9-20", "自然人公示依据": "express_law"}
    record = read(PENALTY | own)
    assert (record.record_number, record.version) == ("N-1", 3)
    assert record.document.effective_on == date(2021, 9, 20)
    assert record.person_publicity_basis == "express_law"


@pytest.mark.parametrize(
    ("category", "fine", "party", "severity"),
    [
        ("警告", "", {}, Severity.SLIGHT),
        ("罚款", "0.3", {}, Severity.SLIGHT),
        ("罚款", "0.300001", {}, Severity.ORDINARY),
        ("罚款", "0.02", PERSON, Severity.SLIGHT),
        ("罚款", "0.03", PERSON, Severity.ORDINARY),
        ("罚款", "100", {}, Severity.ORDINARY),
        ("罚款", "100.01", {}, Severity.SERIOUS),
        ("警告、罚款", "0.1", {}, Severity.SLIGHT),
        ("警告；没收违法所得", "", {}, Severity.ORDINARY),
        ("罚款,吊销许可证件", "0.1", {}, Severity.SERIOUS),
    ],
)
def test_the_gravest_grade_of_category_and_fine_counts(
    category: str, fine: str, party: dict[str, str], severity: Severity
) -> None:
    assert read(PENALTY | party | {"处罚类别": category, "罚款金额（万元）": fine}).severity is severity


def test_a_grade_that_the_authority_states_comes_before_the_table() -> None:
    assert read(PENALTY | {"处罚类别": "其他", "失信严重程度": "严重"}).severity is Severity.SERIOUS


def test_placeholders_in_codes_and_amounts_say_nothing() -> None:
    record = read(
        PENALTY | {"证件号码": "无", "行政相对人代码_2（工商注册号）": "/", "罚款金额（万元）": "-", "处罚类别": "警告"}
    )
    assert "fine_yuan" not in record.fields


def test_line_breaks_of_a_sheet_do_not_become_part_of_a_name() -> None:
    record = read(PENALTY | {"行政相对人名称": "湘江\r\n食品有限公司", "违法事实": "一\r\n二"})
    assert record.party.name == "湘江食品有限公司"
    assert record.fields["facts"] == "一\n二"


REFUSED: list[tuple[dict[str, str], Reason, str]] = [
    ({"行政处罚决定书文号": "4.30102E+17"}, reasons.NUMBER_RUINED_BY_EXCEL, "行政处罚决定书文号"),
    (
        {"行政相对人代码_1（统一社会信用代码）": "9.1E+17"},
        reasons.NUMBER_RUINED_BY_EXCEL,
        "行政相对人代码_1（统一社会信用代码）",
    ),
    ({"处罚决定日期": "2021-02-30"}, reasons.BAD_DATE, "处罚决定日期"),
    ({"公示截止期": "明年"}, reasons.BAD_DATE, "公示截止期"),
    ({"处罚有效期": "三年"}, reasons.BAD_DATE, "处罚有效期"),
    ({"罚款金额（万元）": "五万"}, reasons.BAD_AMOUNT, "罚款金额（万元）"),
    ({"违法事实": "货架\ufffd有"}, reasons.BAD_ENCODING, "违法事实"),
    ({"记录版本": "第二版"}, reasons.BAD_VERSION, "记录版本"),
    ({"处罚决定日期": ""}, reasons.VALUE_MISSING, "处罚决定日期"),
    ({"处罚类别": ""}, reasons.VALUE_MISSING, "处罚类别"),
    ({"违法事实": "长" * 4001}, reasons.VALUE_TOO_LONG, "违法事实"),
    ({"处罚类别": "口头教育"}, reasons.CATEGORY_UNKNOWN, "处罚类别"),
    ({"处罚类别": "罚款、口头教育"}, reasons.CATEGORY_UNKNOWN, "处罚类别"),
    ({"行政相对人类别": "外星人"}, reasons.PARTY_TYPE_UNKNOWN, "行政相对人类别"),
    (PERSON | {"证件类型": "军官证"}, reasons.ID_TYPE_UNKNOWN, "证件类型"),
    (PERSON | {"证件类型": ""}, reasons.ID_TYPE_UNKNOWN, "证件类型"),
    (
        PERSON | {"行政相对人代码_1（统一社会信用代码）": "91430100MA4L1ABC2X"},
        reasons.IDENTIFIER_AMBIGUOUS,
        "行政相对人代码_1（统一社会信用代码）",
    ),
    ({"证件号码": "430102199001011234"}, reasons.IDENTIFIER_AMBIGUOUS, "证件号码"),
    (
        {"行政相对人代码_1（统一社会信用代码）": "", "行政相对人代码_2（工商注册号）": "430000000001"},
        reasons.IDENTIFIER_OUTDATED,
        "行政相对人代码_2（工商注册号）",
    ),
    ({"处罚类别": "其他"}, reasons.SEVERITY_UNDETERMINED, "处罚类别"),
    ({"罚款金额（万元）": ""}, reasons.SEVERITY_UNDETERMINED, "处罚类别"),
    ({"失信严重程度": "很严重"}, reasons.SEVERITY_UNDETERMINED, "失信严重程度"),
]


@pytest.mark.parametrize(("change", "reason", "column"), REFUSED, ids=lambda value: getattr(value, "code", None))
def test_a_row_goes_back_with_its_reason_and_column(change: dict[str, str], reason: Reason, column: str) -> None:
    assert problems_of(PENALTY | change) == [Problem(reason, column)]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    wrong = PENALTY | {"处罚决定日期": "x", "罚款金额（万元）": "y", "处罚类别": "z"}
    assert {problem.reason.code for problem in problems_of(wrong)} == {"BAD_DATE", "BAD_AMOUNT", "CATEGORY_UNKNOWN"}


def test_a_row_wider_than_its_header_is_not_read() -> None:
    layout = find_layout([list(PENALTY)], MAPPING)
    assert layout is not None
    with pytest.raises(UnfitRow, match="ROW_TOO_WIDE"):
        read_row([*PENALTY.values(), "x"], layout, MAPPING, sample=False)
    assert read_row([*PENALTY.values(), " "], layout, MAPPING, sample=True).sample


def test_a_short_row_is_read_as_far_as_it_goes() -> None:
    layout = find_layout([list(PENALTY)], MAPPING)
    assert layout is not None
    with pytest.raises(UnfitRow, match="VALUE_MISSING"):
        read_row(["湘江食品有限公司"], layout, MAPPING, sample=False)


def test_categories_of_different_items_need_a_row_each(tmp_path: Path) -> None:
    own = (ROOT / "chengxin/handin/columns.yaml").read_text(encoding="utf-8")
    own = own.replace("警告: {item: cn.penalty,", "警告: {item: cn.penalty.environment,")
    (tmp_path / "own.yaml").write_text(own, encoding="utf-8")
    mapping = load_mapping(tmp_path / "own.yaml")
    assert read(PENALTY | {"处罚类别": "警告"}, mapping).item_code == "cn.penalty.environment"
    with pytest.raises(UnfitRow, match="CATEGORIES_OF_SEVERAL_ITEMS"):
        read(PENALTY | {"处罚类别": "警告、罚款"}, mapping)


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("", "mapping"),
        ("[", "line"),
        ("format: 2", "format"),
        ("format: 1\nfiles: {}", "party_types"),
        ("format: 1\nparty_types: {甲: ghost}", "party_types.甲"),
        ("format: 1\nparty_types: {}\nid_types: {身份证: dna}", "id_types.身份证"),
        ("format: 1\nparty_types: {}\nid_types: {}\nfiles: {a: {columns: {taste: [味]}}}", "files.a.columns"),
        ("format: 1\nblanks: 无", "blanks"),
    ],
)
def test_a_mapping_that_is_wrong_says_where(tmp_path: Path, written: str, place: str) -> None:
    (tmp_path / "own.yaml").write_text(written, encoding="utf-8")
    with pytest.raises(HandInError, match=f"MAPPING_INVALID.*{place}"):
        load_mapping(tmp_path / "own.yaml")


def test_a_mapping_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(HandInError, match="MAPPING_INVALID"):
        load_mapping(tmp_path / "none.yaml")


def test_every_item_and_field_of_the_mapping_is_in_the_catalog() -> None:
    book = LawBook.load(LAW)
    for kind in MAPPING.files.values():
        for category in kind.categories.values():
            item = book.item(category.item, on=date(2026, 5, 1))
            assert item is not None, category.item
            assert category.document.value in item.document_kinds
            assert kind.fields.keys() <= {field.name for field in item.fields}
            assert {field.name for field in item.fields if field.required} <= kind.fields.keys()
            assert item.negative == kind.graded

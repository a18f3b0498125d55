"""A generated hand-in file of administrative penalties: sample rows, some of them spoilt in known ways.

Columns as in the 行政处罚 hand-in file, with the columns that the house adds.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from foundation.identity import resident_check_digit
from standalone.sample import HOUSING, MARK, SampleAuthority, SampleParty, SampleWorld

Row = dict[str, str]

NAME = "行政相对人名称"
TYPE = "行政相对人类别"
USCC = "行政相对人代码_1（统一社会信用代码）"
ID_TYPE = "证件类型"
ID_NUMBER = "证件号码"
DOCUMENT = "行政处罚决定书文号"
FACTS = "违法事实"
CATEGORY = "处罚类别"
FINE = "罚款金额（万元）"
DECIDED = "处罚决定日期"
EFFECTIVE = "生效日期"
AUTHORITY = "处罚机关统一社会信用代码"
SEVERITY = "失信严重程度"
BASIS = "自然人公示依据"
NUMBER = "记录编号"
PROHIBITED = "血型"
NOT_IN_THE_CATALOG = "信用评分"

COLUMNS: tuple[str, ...] = (
    NAME,
    TYPE,
    USCC,
    "行政相对人代码_2（工商注册号）",
    "行政相对人代码_3（组织机构代码）",
    "行政相对人代码_4（税务登记号）",
    "行政相对人代码_5（事业单位证书号）",
    "行政相对人代码_6（社会组织登记证号）",
    "法定代表人",
    "法定代表人证件类型",
    "法定代表人证件号码",
    ID_TYPE,
    ID_NUMBER,
    DOCUMENT,
    "违法行为类型",
    FACTS,
    "处罚依据",
    CATEGORY,
    "处罚内容",
    FINE,
    "没收违法所得、没收非法财物的金额（万元）",
    "暂扣或吊销证照名称及编号",
    DECIDED,
    "处罚有效期",
    "公示截止期",
    "处罚机关",
    AUTHORITY,
    "数据来源单位",
    "数据来源单位统一社会信用代码",
    "备注",
    EFFECTIVE,
    SEVERITY,
    BASIS,
    NUMBER,
    PROHIBITED,
    NOT_IN_THE_CATALOG,
)

ROWS = 10_400
SPOILT_EVERY = 35
"""Every 35th row is spoilt: 297 of 10,400."""
PERSONS_EVERY = 7

# Category, fine in ten-thousand yuan, and how many days ago it may lie so that its period still runs.
_PENALTIES = (
    ("警告", "", 60),
    ("罚款", "0.2", 60),
    ("罚款", "5.5", 300),
    ("没收违法所得", "", 300),
    ("责令停产停业", "", 300),
    ("罚款", "120", 900),
    ("吊销许可证件", "", 900),
)
_CONDUCTS = ("未按规定公示许可信息", "销售标签不合格的产品", "未建立进货查验记录", "超出许可范围经营")


@dataclass(frozen=True, slots=True)
class SampleRow:
    """A row, and the reason for which the house must refuse it; "" for a good one."""

    cells: Row
    refused_for: str


def hand_in(
    world: SampleWorld, authority: SampleAuthority, *, today: date, rows: int = ROWS
) -> Iterator[SampleRow]:
    """The rows of the file that `authority` hands in on `today` (the house's day in Shanghai)."""
    choose = random.Random(f"{world.seed} hand-in {authority.code}")  # noqa: S311  a world, not a secret
    last_good: Row = {}
    for number in range(1, rows + 1):
        party = (
            choose.choice(world.persons) if number % PERSONS_EVERY == 0 else choose.choice(world.enterprises)
        )
        cells = _good_row(number, party, authority, today, choose)
        if number % SPOILT_EVERY:
            last_good = cells
            yield SampleRow(cells, "")
            continue
        fault = _FAULTS[(number // SPOILT_EVERY) % len(_FAULTS)]
        spoilt = _good_row(number, fault.party(world, choose), authority, today, choose)
        fault.spoil(spoilt, last_good, today)
        yield SampleRow(spoilt, fault.reason)


def write_csv(file: Path, rows: Iterator[SampleRow], *, encoding: str = "utf-8-sig") -> None:
    """Write the rows as a department's office program does."""
    with file.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(row.cells for row in rows)


def _good_row(
    number: int, party: SampleParty, authority: SampleAuthority, today: date, choose: random.Random
) -> Row:
    category, fine, oldest = choose.choice(_PENALTIES)
    decided = today - timedelta(days=choose.randrange(1, oldest))
    person = party.identifier_kind == "resident_id"
    conduct = choose.choice(_CONDUCTS)
    return {
        NAME: party.name,
        TYPE: "自然人" if person else "法人及非法人组织",
        USCC: "" if person else party.identifier,
        ID_TYPE: "身份证" if person else "",
        ID_NUMBER: party.identifier if person else "",
        DOCUMENT: f"{MARK}罚〔{decided.year}〕{number:05d}号",
        "违法行为类型": conduct,
        FACTS: f"{MARK}：{conduct}，经查证属实。",
        "处罚依据": "样例法规第一条",
        CATEGORY: category,
        "处罚内容": f"{category}{fine and f'{fine}万元'}",
        FINE: fine,
        DECIDED: choose.choice((f"{decided:%Y/%m/%d}", f"{decided:%Y-%m-%d}", f"{decided:%Y%m%d}")),
        "公示截止期": choose.choice(("", "2099/12/31")),
        "处罚机关": authority.name,
        AUTHORITY: authority.code,
        "数据来源单位": authority.name,
        "数据来源单位统一社会信用代码": authority.code,
        "备注": MARK,
        NUMBER: f"{MARK}-{number:05d}",
    }


@dataclass(frozen=True, slots=True)
class _Fault:
    """A way in which rows go wrong. `spoil` changes a good row; it may look at the last good one before it."""

    reason: str
    spoil: Callable[[Row, Row, date], None]
    of_person: bool = False

    def party(self, world: SampleWorld, choose: random.Random) -> SampleParty:
        return choose.choice(world.persons if self.of_person else world.enterprises)


def _put(column: str, value: str) -> Callable[[Row, Row, date], None]:
    def spoil(row: Row, _last: Row, _today: date) -> None:
        row[column] = value

    return spoil


def _day(column: str, days_from_today: int) -> Callable[[Row, Row, date], None]:
    def spoil(row: Row, _last: Row, today: date) -> None:
        row[column] = f"{today + timedelta(days=days_from_today):%Y-%m-%d}"

    return spoil


def _wrong_check_character(row: Row, _last: Row, _today: date) -> None:
    code = row[USCC]
    row[USCC] = code[:-1] + ("1" if code[-1] != "1" else "2")


def _cyrillic(row: Row, _last: Row, _today: date) -> None:
    row[USCC] = row[USCC][:9] + "Х" + row[USCC][10:]


def _number_of_another_record(row: Row, last: Row, _today: date) -> None:
    row[NUMBER] = last[NUMBER]


def _born_tomorrow(row: Row, _last: Row, today: date) -> None:
    first17 = f"{row[ID_NUMBER][:6]}{today + timedelta(days=1):%Y%m%d}001"
    row[ID_NUMBER] = first17 + resident_check_digit(first17)


def _residence_permit(row: Row, _last: Row, _today: date) -> None:
    first17 = f"810000{row[ID_NUMBER][6:17]}"
    row[ID_NUMBER] = first17 + resident_check_digit(first17)


def _long_past(row: Row, _last: Row, today: date) -> None:
    row[DECIDED] = f"{today - timedelta(days=2_600):%Y-%m-%d}"


_FAULTS = (
    _Fault("IDENTIFIER_CHECK_FAILED", _wrong_check_character),
    _Fault("IDENTIFIER_CHARACTER", _cyrillic),
    _Fault("IDENTIFIER_LENGTH", _put(USCC, "9143999900000")),
    _Fault("NUMBER_RUINED_BY_EXCEL", _put(USCC, "9.1439999E+17")),
    _Fault("IDENTIFIER_MISSING", _put(USCC, "")),
    _Fault("IDENTIFIER_BIRTH_DATE", _born_tomorrow, of_person=True),
    _Fault("IDENTIFIER_KIND_MISMATCH", _residence_permit, of_person=True),
    _Fault("DOCUMENT_MISSING", _put(DOCUMENT, "")),
    _Fault("DOCUMENT_NOT_EFFECTIVE", _day(EFFECTIVE, 30)),
    _Fault("DATE_IN_FUTURE", _day(DECIDED, 3)),
    _Fault("DATES_CONTRADICT", _day(EFFECTIVE, -2_000)),
    _Fault("BAD_DATE", _put(DECIDED, "2026年13月45日")),
    _Fault("BAD_AMOUNT", _put(FINE, "三万元")),
    _Fault("CATEGORY_UNKNOWN", _put(CATEGORY, "口头教育")),
    _Fault("SEVERITY_UNDETERMINED", _put(CATEGORY, "限制开展生产经营活动")),
    _Fault("WRONG_AUTHORITY", _put(AUTHORITY, HOUSING.code)),
    _Fault("AUTHORITY_INVALID", _put(AUTHORITY, "1143999900000")),
    _Fault("RETENTION_PASSED", _long_past),
    _Fault("NUMBER_USED_FOR_OTHER_CONTENT", _number_of_another_record),
    _Fault("FIELD_MISSING", _put(FACTS, "")),
    _Fault("FIELD_PROHIBITED", _put(PROHIBITED, "AB")),
    _Fault("FIELD_UNKNOWN", _put(NOT_IN_THE_CATALOG, "620")),
    _Fault("PERSON_PUBLICITY_WITHOUT_BASIS", _put(BASIS, "同意"), of_person=True),
)
EXPECTED_REASONS = frozenset(fault.reason for fault in _FAULTS)
"""The reasons for which rows of a whole file are refused."""

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
from typing import Any

import yaml

from standalone.sample import DIVISION, HOUSING, MARK, SampleAuthority, SampleParty, SampleWorld, resident_id

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
NUMBER = "记录编号"
PROHIBITED = "血型"

_WRITTEN: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
COLUMNS = tuple(_WRITTEN["columns"])
"""The header of the file."""

ROWS = 10_400
SPOILT_EVERY = 35
"""Every 35th row is spoilt: 297 of 10,400."""
PERSONS_EVERY = 7


@dataclass(frozen=True, slots=True)
class SampleRow:
    """A row, and the reason for which the house must refuse it; "" for a good one."""

    cells: Row
    refused_for: str


def hand_in(world: SampleWorld, authority: SampleAuthority, *, today: date, rows: int = ROWS) -> Iterator[SampleRow]:
    """The rows of the file that `authority` hands in on `today` (the house's day in Shanghai)."""
    choose = random.Random(f"{world.seed} hand-in {authority.code}")  # noqa: S311  a world, not a secret
    last_good: Row = {}
    for number in range(1, rows + 1):
        reason = "" if number % SPOILT_EVERY else _FAULTS[(number // SPOILT_EVERY) % len(_FAULTS)]
        of_person = reason in _OF_PERSONS or (not reason and number % PERSONS_EVERY == 0)
        party = choose.choice(world.persons if of_person else world.enterprises)
        cells = _good_row(number, party, authority, today, choose)
        if not reason:
            last_good = cells
        elif reason in _SPOILT:
            cells |= _SPOILT[reason]
        else:
            cells |= _COMPUTED[reason](cells, last_good, today)
        yield SampleRow(cells, reason)


def write_csv(file: Path, rows: Iterator[SampleRow], *, encoding: str = "utf-8-sig") -> None:
    """Write the rows as a department's office program does."""
    with file.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(row.cells for row in rows)


def _good_row(number: int, party: SampleParty, authority: SampleAuthority, today: date, choose: random.Random) -> Row:
    category, fine, oldest = choose.choice(_WRITTEN["penalties"])
    decided = today - timedelta(days=choose.randrange(1, oldest))
    person = party.identifier_kind == "resident_id"
    conduct = choose.choice(_WRITTEN["conducts"])
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


def _in_days(today: date, days: int) -> str:
    return f"{today + timedelta(days=days):%Y-%m-%d}"


# Reason -> the cells that spoil a good row. What is computed looks at the row, the last good one before it, and the day.
_SPOILT: dict[str, Row] = _WRITTEN["spoilt"]
_COMPUTED: dict[str, Callable[[Row, Row, date], Row]] = {
    "IDENTIFIER_CHECK_FAILED": lambda row, _, __: {USCC: row[USCC][:-1] + ("2" if row[USCC][-1] == "1" else "1")},
    "IDENTIFIER_CHARACTER": lambda row, _, __: {USCC: row[USCC][:9] + "Х" + row[USCC][10:]},
    "IDENTIFIER_BIRTH_DATE": lambda _, __, today: {ID_NUMBER: resident_id(DIVISION, today + timedelta(days=1), 1)},
    "IDENTIFIER_KIND_MISMATCH": lambda _, __, today: {ID_NUMBER: resident_id("810000", date(1980, 1, 1), 1)},
    "DOCUMENT_NOT_EFFECTIVE": lambda _, __, today: {EFFECTIVE: _in_days(today, 30)},
    "DATE_IN_FUTURE": lambda _, __, today: {DECIDED: _in_days(today, 3)},
    "DATES_CONTRADICT": lambda _, __, today: {EFFECTIVE: _in_days(today, -2_000)},
    "RETENTION_PASSED": lambda _, __, today: {DECIDED: _in_days(today, -2_600)},
    "WRONG_AUTHORITY": lambda _, __, ___: {AUTHORITY: HOUSING.code},
    "NUMBER_USED_FOR_OTHER_CONTENT": lambda _, last_good, __: {NUMBER: last_good[NUMBER]},
}
_OF_PERSONS = {"IDENTIFIER_BIRTH_DATE", "IDENTIFIER_KIND_MISMATCH", "PERSON_PUBLICITY_WITHOUT_BASIS"}
_FAULTS = (*_SPOILT, *_COMPUTED)
EXPECTED_REASONS = frozenset(_FAULTS)
"""The reasons for which rows of a whole file are refused."""

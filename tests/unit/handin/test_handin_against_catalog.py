"""What the mapping makes of a row, held against the catalog's own rules: names agree, refusals can be reached."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import chengxin
from chengxin.client import requests
from chengxin.handin.layout import find_layout
from chengxin.handin.mapping import load_mapping
from chengxin.handin.rows import read_row
from foundation.identity import resident_check_digit, uscc_check_character
from foundation.policy import LawBook, load_policy
from foundation.refusal import Refused
from services.catalog.domain.admission import admit
from services.catalog.rpc.drafts import draft_from
from tests.unit.handin.hand_in_files import LICENCE, PENALTY, PERSON

LAW = Path(chengxin.__file__).parent.parent / "law"
TODAY = date(2026, 6, 1)
AUTHORITY = "11430000006112345"
AUTHORITY += uscc_check_character(AUTHORITY)
PARTY = "91430100MA4L1ABC2"
PARTY += uscc_check_character(PARTY)
PERSON_NUMBER = "43010219900101123"
PERSON_NUMBER += resident_check_digit(PERSON_NUMBER)

CODES = {
    "行政相对人代码_1（统一社会信用代码）": PARTY,
    "处罚机关统一社会信用代码": AUTHORITY,
    "数据来源单位统一社会信用代码": AUTHORITY,
}
GOOD_PENALTY = PENALTY | CODES | {"处罚决定日期": "2026/05/01", "公示截止期": "2027-2-1"}
GOOD_PERSON = GOOD_PENALTY | PERSON | {"证件号码": PERSON_NUMBER}
GOOD_LICENCE = LICENCE | {"行政相对人代码_1（统一社会信用代码）": PARTY, "许可机关统一社会信用代码": AUTHORITY}


@pytest.fixture(scope="module")
def lawbook() -> LawBook:
    return LawBook.load(LAW)


def hand_in(row: dict[str, str], lawbook: LawBook) -> str:
    """The end of sharing that the catalog gives the row, or its refusal as "REASON field"."""
    mapping = load_mapping()
    layout = find_layout([list(row)], mapping)
    assert layout is not None
    record = read_row(list(row.values()), layout, mapping, sample=False)
    try:
        draft = draft_from(requests.draft(record), today=TODAY)
        admitted = admit(
            draft, lawbook=lawbook, policy=load_policy(LAW), provider=AUTHORITY, on_behalf=False, today=TODAY
        )
    except Refused as refused:
        return f"{refused.reason.code} {refused.field}"
    return admitted.ends_before.isoformat()


ADMITTED = [
    (GOOD_PENALTY, "2027-02-01"),
    (GOOD_PENALTY | {"公示截止期": "2099/12/31"}, "2027-05-01"),
    (GOOD_PERSON, "2027-02-01"),
    (GOOD_LICENCE, "2041-09-01"),
]


@pytest.mark.parametrize(("row", "ends_before"), ADMITTED)
def test_a_row_that_is_right_is_admitted(row: dict[str, str], ends_before: str, lawbook: LawBook) -> None:
    assert hand_in(row, lawbook) == ends_before


REFUSED = [
    ({"血型": "A"}, "FIELD_PROHIBITED fields"),
    ({"家庭住址": "x"}, "FIELD_UNKNOWN fields"),
    ({"违法事实": ""}, "FIELD_MISSING fields.facts"),
    ({"行政处罚决定书文号": ""}, "DOCUMENT_MISSING document.number"),
    ({"生效日期": "2026-7-1"}, "DOCUMENT_NOT_EFFECTIVE document.effective_on"),
    ({"生效日期": "2026-4-1"}, "DATES_CONTRADICT document.effective_on"),
    ({"处罚决定日期": "2026-7-1"}, "DATE_IN_FUTURE document.determined_on"),
    ({"处罚决定日期": "2019-7-1"}, "RETENTION_PASSED document.determined_on"),
    ({"处罚机关统一社会信用代码": PARTY}, "WRONG_AUTHORITY document.authority"),
    ({"行政相对人代码_1（统一社会信用代码）": f"{PARTY[:-1]}0"}, "IDENTIFIER_CHECK_FAILED party.identifier.value"),
    ({"行政相对人代码_1（统一社会信用代码）": ""}, "IDENTIFIER_MISSING party.identifier.value"),
    ({"行政相对人名称": ""}, "VALUE_REQUIRED party.name"),
]


@pytest.mark.parametrize(("change", "refusal"), REFUSED, ids=lambda value: value if isinstance(value, str) else "")
def test_what_the_law_forbids_is_refused_by_the_catalog(change: dict[str, str], refusal: str, lawbook: LawBook) -> None:
    assert hand_in(GOOD_PENALTY | change, lawbook) == refusal


def test_publicity_about_a_person_needs_a_basis(lawbook: LawBook) -> None:
    refusal = "PERSON_PUBLICITY_WITHOUT_BASIS person_publicity_basis"
    assert hand_in(GOOD_PERSON | {"自然人公示依据": "express_law"}, lawbook) == refusal

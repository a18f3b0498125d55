"""Notice and decision hold everything that the law asks of them; the listing's record says the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.calendar import Deadline
from foundation.identity import IdentifierKind, canonicalise, resident_check_digit, uscc_check_character
from foundation.personal import Personal
from foundation.policy import listing_period
from services.blacklist.domain import documents
from services.blacklist.domain.dossier import Answered, Basis, FactsFound, Party, StandardMatched, Stated
from services.blacklist.domain.leniency import Leniency
from services.blacklist.domain.listing import LONGEST_FIELD, ListingRecord, listing_of, record_of
from services.blacklist.domain.measures import fitting_measures, scheme_in_force
from tests.unit.blacklist.blacklist_cases import (
    ANNA,
    BOOK,
    DECISION_SECTIONS,
    DROP_SECTIONS,
    MEASURES,
    NOTICE_SECTIONS,
    OPENED,
    POLICY,
    first_free_day,
    notified,
    taken,
    to_list,
)

SCHEME = scheme_in_force(BOOK, "market_regulation", on=OPENED)
CITED = fitting_measures(BOOK, MEASURES, SCHEME, "enterprise", on=OPENED)
CODE = "91439999MA0000001" + uscc_check_character("91439999MA0000001")
COMPANY = Party(identifier=canonicalise(IdentifierKind.USCC, CODE, today=OPENED), name=Personal("样例食品有限公司"))
NUMBER = "439999198003050011"[:17]
PERSON = Party(
    identifier=canonicalise(IdentifierKind.RESIDENT_ID, NUMBER + resident_check_digit(NUMBER), today=OPENED),
    name=Personal("样例某"),
)
MATCHED = StandardMatched(criterion_codes=("M1",), reasoning=Personal("抽检不合格，数量大。"))
FOUND = FactsFound(
    facts=Personal("生产经营不符合食品安全标准的食品。\n货值较大。"),
    basis=Basis(
        kind="penalty_decision",
        number=Personal("样例罚〔2026〕1号"),
        authority=CODE,
        determined_on=date(2026, 4, 1),
        effective_on=date(2026, 4, 8),
    ),
    leniency=Leniency(
        under_age=False, force_majeure=False, unintentional=False, slight=False, reasons=Personal("无从宽情形。")
    ),
)
SUBJECT = documents.Subject(
    case_id=UUID(int=7),
    authority=CODE,
    sample=True,
    scheme=SCHEME,
    party=COMPANY,
    matched=MATCHED,
    found=FOUND,
    heard=(
        (Stated(statement=Personal("我方已召回。")), Answered(answer=Personal("经核实，召回不足一成。"), upheld=False)),
    ),
)
PERIOD = listing_period(SCHEME.earliest_removal, SCHEME.period, OPENED, POLICY)


def decision(subject: documents.Subject = SUBJECT, *, published: bool = True) -> str:
    """The decision to list."""
    return documents.listing_decision(
        subject,
        CITED,
        number=Personal("样例列〔2026〕1号"),
        reasons=Personal("违法事实清楚，证据确凿。"),
        decided_on=OPENED,
        published=published,
        period=PERIOD,
    ).reveal()


def test_the_decision_says_everything_that_clause_eight_names() -> None:
    text = decision()
    for section in DECISION_SECTIONS:
        assert f"、{section}\n" in text
    for said in (
        "样例列〔2026〕1号",
        COMPANY.name.reveal(),
        CODE,
        "生产经营不符合食品安全标准的食品。",
        "货值较大。",
        "违法事实清楚，证据确凿。",
        "抽检不合格，数量大。",
        SCHEME.criteria[0].text,
        SCHEME.instrument,
        SCHEME.bases[0].title,
        "样例罚〔2026〕1号",
        *(measure.title for measure in CITED),
        *(measure.bases[0].article for measure in CITED),
        "无从宽情形。",
        "我方已召回。",
        "经核实，召回不足一成。",
        SCHEME.removal_conditions,
        SCHEME.removal_procedure,
        SCHEME.remedies,
        "2026年6月1日",
        "2027年6月1日",
        "2029年6月1日",
        "样本数据",
    ):
        assert said in text


def test_the_notice_of_the_repair_path_goes_out_with_the_decision() -> None:
    repair = decision().partition("信用修复告知\n")[2]
    assert "2027年6月1日起" in repair
    assert "不收取任何费用" in repair
    assert "谁认定、谁修复" in repair


def test_the_decision_does_not_force_banks_or_trade_bodies() -> None:
    assert "不强制金融机构、行业协会商会" in decision()


def test_the_notice_tells_facts_reasons_basis_measures_and_rights() -> None:
    window = Deadline(date(2026, 6, 8), provisional=False)
    text = documents.notice(SUBJECT, CITED, served_on=OPENED, method="post", window=window).reveal()
    for section in NOTICE_SECTIONS:
        assert f"、{section}\n" in text
    for said in (
        "陈述和申辩",
        "要求听证",
        "至2026年6月8日（含当日）止",
        "不因陈述、申辩而作出更重的认定",
        "邮寄送达",
        FOUND.facts.reveal().splitlines()[0],
        CITED[0].title,
        SCHEME.remedies,
    ):
        assert said in text
    assert "尚未公布" not in text
    later = Deadline(date(2026, 12, 31), provisional=True)
    assert "尚未公布" in documents.notice(SUBJECT, CITED, served_on=OPENED, method="post", window=later).reveal()


def test_the_decision_on_a_minor_says_that_nothing_is_published() -> None:
    text = decision(replace(SUBJECT, party=PERSON), published=False)
    assert "不予公示" in text
    assert "依法公示并共享" not in text


def test_a_dropped_case_has_a_document_too() -> None:
    said = {"number": Personal("样例不列1号"), "reasons": Personal("证据不足。")}
    text = documents.drop_decision(SUBJECT, **said, decided_on=OPENED).reveal()
    for section in DROP_SECTIONS:
        assert f"、{section}\n" in text
    assert "证据不足。" in text
    assert "不公示、不共享" in text


@given(st.text(max_size=200))
def test_nobody_can_write_a_heading_or_a_signature_into_a_document(written: str) -> None:
    said = Personal(written)
    subject = replace(SUBJECT, found=replace(FOUND, facts=said), party=replace(COMPANY, name=said))
    ours = [line for line in decision().splitlines() if not line.startswith("　　")]
    text = decision(subject)
    theirs = [line for line in text.split("\n")[:-1] if not line.startswith("　　")]
    assert len(theirs) == len(ours)
    assert [line for line in theirs if not line.startswith("当事人：")] == [
        line for line in ours if not line.startswith("当事人：")
    ]
    assert all(c == "\n" or ord(c) >= 0x20 for c in text)


def _record(party: Party, *, facts: Personal = FOUND.facts, under_age: bool = False) -> ListingRecord:
    case = replace(notified(under_age=under_age), listing_id=UUID(int=9))
    day = first_free_day(case)
    case = taken(case, to_list(case, day), day)
    case = taken(case, case.serve_decision(by=ANNA), day)
    return record_of(
        case,
        party,
        book=BOOK,
        matched=MATCHED,
        found=replace(FOUND, facts=facts),
        decision_number=Personal("样例列〔2026〕1号"),
    )


def test_the_record_of_a_listing_has_every_field_that_its_item_asks_for() -> None:
    record = _record(COMPANY)
    item = BOOK.item(SCHEME.item_code, on=OPENED)
    assert item is not None
    assert {f.name for f in item.fields if f.required} <= {name for name, _ in record.fields}
    assert record.item_code == item.code
    assert record.record_number.reveal() == "A/样例列〔2026〕1号"
    assert record.determined_on == record.effective_on == date(2026, 6, 9)
    assert not record.express_law
    assert "食品安全" not in repr(record)


def test_long_facts_are_cut_with_a_reference_to_the_decision() -> None:
    facts = dict(_record(COMPANY, facts=Personal("很" * 8000)).fields)["facts"].reveal()
    assert len(facts) == LONGEST_FIELD
    assert facts.endswith("（全文见决定书）")


@pytest.mark.parametrize("under_age", [False, True])
def test_a_person_is_published_by_the_express_law_of_the_item_only_and_a_minor_never(under_age: bool) -> None:
    item = BOOK.item(SCHEME.item_code, on=OPENED)
    assert item is not None
    assert _record(PERSON, under_age=under_age).express_law == (item.public_persons and not under_age)


def test_there_is_no_listing_before_the_decision_is_served() -> None:
    assert listing_of(notified()) is None

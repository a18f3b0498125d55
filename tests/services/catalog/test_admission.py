"""What may come into the catalog: one lawful draft, changed in one way each, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chengxin.catalog.v1.record_pb2 import RecordDraft
from chengxin.common.v1 import common_pb2 as common
from foundation.identity import reasons as identity
from foundation.lawfile import LawError
from foundation.policy import LawBook
from foundation.policy.reasons import PUBLICITY_ENDS_BEFORE_IT_STARTS
from foundation.reasons import VALUE_INVALID, VALUE_REQUIRED
from foundation.refusal import Reason
from services.catalog.domain import reasons
from services.catalog.domain.admission import Draft
from services.catalog.keys import CatalogKeys
from services.catalog.law import load_law
from tests.services.catalog.drafts import (
    ENDED_ITEM,
    LICENCE,
    WAGES,
    Change,
    about_a_person,
    ago,
    both,
    giving,
    handed_in,
    lawful,
    read,
    setting,
    without,
)
from tests.support.catalog_house import LAWBOOK, CatalogHouse, catalog_house, uscc
from tests.support.databases import SchemaDatabase

TOMORROW, LONG_AGO = ago(-1), ago(10_000)


def twice(draft: RecordDraft) -> None:
    draft.fields.append(draft.fields[0])


def of(item: str, change: Change) -> Change:
    """A change to a lawful draft under another item."""

    def replaced(draft: RecordDraft) -> None:
        draft.CopyFrom(lawful(change, item=item))

    return replaced


REFUSALS: dict[str, tuple[Change, Reason, str]] = {
    "no number": (setting("record_number", " "), VALUE_REQUIRED, "record_number"),
    "number too long": (setting("record_number", "9" * 101), VALUE_INVALID, "record_number"),
    "no item": (setting("item_code", ""), VALUE_REQUIRED, "item_code"),
    "item not in the catalog": (setting("item_code", "cn.rumours"), reasons.ITEM_UNKNOWN, "item_code"),
    "item no longer in force": (setting("item_code", ENDED_ITEM), reasons.ITEM_NOT_IN_FORCE, "item_code"),
    "no kind of party": (setting("party.identifier.kind", 0), VALUE_REQUIRED, "party.identifier.kind"),
    "no party": (setting("party.identifier.value", ""), identity.IDENTIFIER_MISSING, "party.identifier.value"),
    "check character": (
        setting("party.identifier.value", uscc(1)[:-1] + ("0" if uscc(1)[-1] != "0" else "1")),
        identity.IDENTIFIER_CHECK_FAILED,
        "party.identifier.value",
    ),
    "no name": (setting("party.name", ""), VALUE_REQUIRED, "party.name"),
    "party of a type not covered": (
        both(setting("item_code", "cn.contract_breach"), about_a_person),
        reasons.SUBJECT_TYPE_NOT_COVERED,
        "party.identifier.kind",
    ),
    "no kind of document": (setting("document.kind", 0), reasons.DOCUMENT_MISSING, "document.kind"),
    "unknown kind of document": (setting("document.kind", 99), reasons.DOCUMENT_MISSING, "document.kind"),
    "no number of the document": (setting("document.number", ""), reasons.DOCUMENT_MISSING, "document.number"),
    "no authority": (setting("document.authority", ""), reasons.DOCUMENT_MISSING, "document.authority"),
    "no date": (setting("document.determined_on", ""), reasons.DOCUMENT_MISSING, "document.determined_on"),
    "no effective date": (setting("document.effective_on", ""), reasons.DOCUMENT_MISSING, "document.effective_on"),
    "kind of document not allowed": (
        setting("document.kind", common.DOCUMENT_KIND_JUDGMENT),
        reasons.DOCUMENT_KIND_NOT_ALLOWED,
        "document.kind",
    ),
    "authority without a code": (
        setting("document.authority", "样例市监局"),
        reasons.AUTHORITY_INVALID,
        "document.authority",
    ),
    "another's decision": (setting("document.authority", uscc(5)), reasons.WRONG_AUTHORITY, "document.authority"),
    "no date of the calendar": (
        setting("document.determined_on", "2026-02-30"),
        VALUE_INVALID,
        "document.determined_on",
    ),
    "a week for a date": (setting("document.determined_on", "2026-W05-1"), VALUE_INVALID, "document.determined_on"),
    "digits of another script": (
        setting("document.effective_on", "２０２６-01-05"),
        VALUE_INVALID,
        "document.effective_on",
    ),
    "determined in the future": (
        setting("document.determined_on", TOMORROW),
        reasons.DATE_IN_FUTURE,
        "document.determined_on",
    ),
    "effective before it was made": (
        setting("document.effective_on", ago(41)),
        reasons.DATES_CONTRADICT,
        "document.effective_on",
    ),
    "not yet effective": (
        setting("document.effective_on", TOMORROW),
        reasons.DOCUMENT_NOT_EFFECTIVE,
        "document.effective_on",
    ),
    "unknown field": (giving("mood", "x"), reasons.FIELD_UNKNOWN, "fields.mood"),
    "field with a name that is none": (giving("事实", "x"), reasons.FIELD_UNKNOWN, "fields"),
    "prohibited field": (giving("religion", "x"), reasons.FIELD_PROHIBITED, "fields.religion"),
    "required field missing": (without("facts"), reasons.FIELD_MISSING, "fields.facts"),
    "required field empty": (giving("facts", ""), reasons.FIELD_INVALID, "fields.facts"),
    "field too long": (giving("facts", "x" * 4001), reasons.FIELD_INVALID, "fields.facts"),
    "field with a control character": (giving("facts", "a\x00b"), reasons.FIELD_INVALID, "fields.facts"),
    "amount in words": (giving("fine_yuan", "一万元"), reasons.FIELD_INVALID, "fields.fine_yuan"),
    "amount in full-width digits": (giving("fine_yuan", "１００"), reasons.FIELD_INVALID, "fields.fine_yuan"),
    "negative amount": (giving("fine_yuan", "-1"), reasons.FIELD_INVALID, "fields.fine_yuan"),
    "amount that is no number": (giving("fine_yuan", "NaN"), reasons.FIELD_INVALID, "fields.fine_yuan"),
    "date field that is a week": (
        giving("penalty_valid_until", "2026-W05-1"),
        reasons.FIELD_INVALID,
        "fields.penalty_valid_until",
    ),
    "field given twice": (twice, reasons.FIELD_TWICE, "fields.violation_type"),
    "no severity": (setting("severity", 0), reasons.SEVERITY_REQUIRED, "severity"),
    "unknown severity": (setting("severity", 99), VALUE_INVALID, "severity"),
    "severity of what is no finding": (
        of(LICENCE, setting("severity", common.SEVERITY_ORDINARY)),
        reasons.SEVERITY_NOT_APPLICABLE,
        "severity",
    ),
    "period over": (
        both(setting("document.determined_on", LONG_AGO), setting("document.effective_on", LONG_AGO)),
        reasons.RETENTION_PASSED,
        "document.determined_on",
    ),
    "period that the authority let end today": (
        setting("publicity_until", ago(0)),
        reasons.RETENTION_PASSED,
        "document.determined_on",
    ),
    "period that ends before it starts": (
        setting("publicity_until", ago(40)),
        PUBLICITY_ENDS_BEFORE_IT_STARTS,
        "publicity_until",
    ),
    "publicity of a person without a law": (
        both(about_a_person, setting("person_publicity_basis", "express_law")),
        reasons.PERSON_PUBLICITY_WITHOUT_BASIS,
        "person_publicity_basis",
    ),
    "publicity of a person by another basis": (
        of(WAGES, both(about_a_person, setting("person_publicity_basis", "consent"))),
        reasons.PERSON_PUBLICITY_WITHOUT_BASIS,
        "person_publicity_basis",
    ),
    "version below zero": (setting("version", -1), VALUE_INVALID, "version"),
}


async def test_a_lawful_draft_is_recorded(desk: CatalogHouse) -> None:
    for item in (LICENCE, WAGES):
        (result,) = await handed_in(desk, lawful(item=item))
        assert result.refused is None
        assert result.record_id


@pytest.mark.parametrize("what", REFUSALS)
async def test_a_draft_that_breaks_a_rule_is_refused_by_its_field_and_journalled(desk: CatalogHouse, what: str) -> None:
    change, reason, place = REFUSALS[what]
    ((before,),) = desk.sql("SELECT max(entry_id) FROM catalog.journal")
    bad, good = await handed_in(desk, lawful(change), lawful())
    assert bad.refused is not None
    assert (bad.refused.reason, bad.refused.field, bad.record_id) == (reason, place, None)
    assert good.record_id, "a bad neighbour hurts nobody"
    entries = desk.sql(
        "SELECT kind, decision, reason FROM catalog.journal WHERE entry_id > %s ORDER BY entry_id", before
    )
    kind = "RecordService.SubmitRecords"
    assert entries == [(kind, "refused", reason.code), (kind, "changed", "")]


def test_every_reason_that_admission_can_give_is_in_the_table() -> None:
    reached = {reason for _, reason, _ in REFUSALS.values()}
    of_other_calls = {
        reasons.BATCH_TOO_LARGE,
        reasons.TOO_MANY_PERSONS,
        reasons.END_REASON_NOT_ALLOWED,
        reasons.PURPOSE_UNKNOWN,
        reasons.PURPOSE_IS_YES_NO,
        reasons.NOT_GRANTED,
        reasons.CURSOR_INVALID,
        reasons.GRANT_STATE,
        reasons.SAME_OFFICIAL,
        reasons.NOT_ENDED,
        reasons.ARCHIVE_BASIS_UNKNOWN,
        reasons.ARCHIVE_DELAY_NOT_ALLOWED,
        reasons.ARCHIVE_OTHER_PARTY,
        reasons.ARCHIVE_OPENING_STATE,
        reasons.PERSON_NOT_SEARCHED,
    }
    below = {reasons.NUMBER_USED_FOR_OTHER_CONTENT, reasons.SAMPLE_IN_REAL_HOUSE}
    every = {value for value in vars(reasons).values() if isinstance(value, Reason)}
    assert every - of_other_calls - below == reached & every


async def test_the_party_of_a_refused_draft_can_find_the_attempt(desk: CatalogHouse) -> None:
    message = lawful(giving("religion", "x"))
    await handed_in(desk, message)
    draft = read(message)
    assert isinstance(draft, Draft)
    private = await CatalogKeys.open(desk.sealer.keyring, await desk.reading.now())
    assert desk.sql(
        "SELECT reason, items FROM catalog.journal_private p JOIN catalog.journal j USING (bucket, entry_id)"
        " WHERE subject_tag = %s",
        private.tags_of([draft.party])[2][0],
    ) == [("FIELD_PROHIBITED", ["cn.penalty"])]


async def test_sample_data_stays_out_of_a_real_house(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> None:
    async with catalog_house(schema_db, tmp_path, sample=False) as real:
        refused, taken = await handed_in(real, lawful(), lawful(setting("sample", False)))
        assert refused.refused is not None
        assert (refused.refused.reason, refused.refused.field) == (reasons.SAMPLE_IN_REAL_HOUSE, "sample")
        assert taken.record_id


async def test_an_item_repealed_while_the_office_runs_takes_nothing_more(house: CatalogHouse) -> None:
    """The database asks again, under the policy lock, what the office's own copy of the law may not know yet."""
    house.sql("UPDATE catalog.item SET in_force_until = catalog.house_today() WHERE code = 'cn.licence'")
    repealed, other = await handed_in(house, lawful(item=LICENCE), lawful())
    assert repealed.refused is not None
    assert repealed.refused.reason is reasons.ITEM_NOT_IN_FORCE
    assert other.record_id


def test_an_item_cannot_name_a_field_like_what_every_record_has(house_law: LawBook) -> None:
    class Nowhere:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError("nothing is loaded")

    with pytest.raises(LawError, match=r"cn\.penalty"):
        load_law(Nowhere(), house_law)  # type: ignore[arg-type]


@pytest.fixture
def house_law() -> LawBook:
    """The law, with a field that would stand in the place of the party's name."""
    item = next(item for item in LAWBOOK.items if item.code == "cn.penalty")
    named = replace(item, fields=(*item.fields, replace(item.fields[0], name="party_name")))
    return replace(LAWBOOK, items=(named,))


async def test_a_number_of_an_unknown_county_is_a_remark_and_no_refusal(desk: CatalogHouse) -> None:
    from foundation.identity import resident_check_digit

    first = "99990119900307001"
    (result,) = await handed_in(
        desk, lawful(lambda draft: about_a_person(draft, number=first + resident_check_digit(first)))
    )
    assert result.record_id
    assert result.warnings == ("COUNTY_UNKNOWN",)

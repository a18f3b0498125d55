"""What may come into the catalog: one lawful draft, changed in one way each, and what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from chengxin.catalog.v1.record_pb2 import RecordDraft
from chengxin.common.v1 import common_pb2 as common
from foundation.calendar import add_months
from foundation.identity import reasons as identity
from foundation.lawfile import LawError
from foundation.policy import LawBook, Severity
from foundation.policy.reasons import PUBLICITY_ENDS_BEFORE_IT_STARTS
from foundation.reasons import UNAVAILABLE, VALUE_INVALID, VALUE_REQUIRED
from foundation.refusal import Reason, Refused
from services.catalog.domain import reasons
from services.catalog.domain.admission import Admitted, Draft, admit
from services.catalog.law import load_law
from services.catalog.office.records import HandedIn
from services.catalog.rpc.drafts import draft_from
from tests.services.catalog.drafts import (
    ENDED_ITEM,
    LICENCE,
    PROVIDER,
    TODAY,
    WAGES,
    Change,
    about_a_person,
    ago,
    field,
    lawful,
    resident,
)
from tests.support.catalog_house import LAWBOOK, POLICY, CatalogHouse, catalog_house, uscc
from tests.support.databases import SchemaDatabase

TOMORROW, LONG_AGO = ago(-1), ago(10_000)


def setting(path: str, value: object) -> Change:
    """Set one value of the draft, by its dotted path."""

    def change(draft: RecordDraft) -> None:
        holder: Any = draft
        *outer, last = path.split(".")
        for name in outer:
            holder = getattr(holder, name)
        setattr(holder, last, value)

    return change


def without(name: str) -> Change:
    """Leave one field out."""

    def change(draft: RecordDraft) -> None:
        kept = [one for one in draft.fields if one.name != name]
        del draft.fields[:]
        draft.fields.extend(kept)

    return change


def giving(name: str, value: str) -> Change:
    """Give one field."""
    return lambda draft: field(draft, name, value)


def both(*changes: Change) -> Change:
    """Several changes that make up one."""

    def change(draft: RecordDraft) -> None:
        for one in changes:
            one(draft)

    return change


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
    "no party": (
        setting("party.identifier.value", ""),
        identity.IDENTIFIER_MISSING,
        "party.identifier.value",
    ),
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
    "no number of the document": (
        setting("document.number", ""),
        reasons.DOCUMENT_MISSING,
        "document.number",
    ),
    "no authority": (setting("document.authority", ""), reasons.DOCUMENT_MISSING, "document.authority"),
    "no date": (setting("document.determined_on", ""), reasons.DOCUMENT_MISSING, "document.determined_on"),
    "no effective date": (
        setting("document.effective_on", ""),
        reasons.DOCUMENT_MISSING,
        "document.effective_on",
    ),
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
    "another's decision": (
        setting("document.authority", uscc(5)),
        reasons.WRONG_AUTHORITY,
        "document.authority",
    ),
    "no date of the calendar": (
        setting("document.determined_on", "2026-02-30"),
        VALUE_INVALID,
        "document.determined_on",
    ),
    "a week for a date": (
        setting("document.determined_on", "2026-W05-1"),
        VALUE_INVALID,
        "document.determined_on",
    ),
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


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(
    schema_db: Callable[..., SchemaDatabase], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[CatalogHouse]:
    """A catalog of a sample house, one for this module."""
    async with catalog_house(schema_db, tmp_path_factory.mktemp("desk")) as house:
        assert house.provider.authority == PROVIDER
        yield house


def read(message: RecordDraft, *, today: date = TODAY) -> Draft | Refused:
    """What the office reads in a message."""
    try:
        return draft_from(message, today=today)
    except Refused as refused:
        return refused


async def handed_in(desk: CatalogHouse, *messages: RecordDraft) -> list[HandedIn]:
    """Hand a batch in as the provider."""
    results, _ = await desk.records.hand_in(desk.provider, [read(message) for message in messages])
    return results


async def test_a_lawful_draft_is_recorded(desk: CatalogHouse) -> None:
    for item in (LICENCE, WAGES):
        (result,) = await handed_in(desk, lawful(item=item))
        assert result.refused is None
        assert result.record_id


@pytest.mark.parametrize("what", REFUSALS)
async def test_a_draft_that_breaks_a_rule_is_refused_by_its_field_and_journalled(
    desk: CatalogHouse, what: str
) -> None:
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
        reasons.END_REASON_NOT_ALLOWED,
        reasons.PURPOSE_UNKNOWN,
        reasons.PURPOSE_IS_YES_NO,
        reasons.NOT_GRANTED,
        reasons.CURSOR_INVALID,
        reasons.GRANT_STATE,
        reasons.SAME_OFFICIAL,
        reasons.NOT_ENDED,
    }
    below = {reasons.NUMBER_USED_FOR_OTHER_CONTENT, reasons.SAMPLE_IN_REAL_HOUSE}
    every = {value for value in vars(reasons).values() if isinstance(value, Reason)}
    assert every - of_other_calls - below == reached & every


async def test_the_party_of_a_refused_draft_can_find_the_attempt(desk: CatalogHouse) -> None:
    message = lawful(giving("religion", "x"))
    await handed_in(desk, message)
    draft = read(message)
    assert isinstance(draft, Draft)
    private = await desk.sharing.keys(await desk.sharing.now())
    assert desk.sql(
        "SELECT reason, items FROM catalog.journal_private p JOIN catalog.journal j USING (bucket, entry_id)"
        " WHERE subject_tag = %s",
        private.journal_tag(draft.party),
    ) == [("FIELD_PROHIBITED", ["cn.penalty"])]


async def test_sample_data_stays_out_of_a_real_house(
    schema_db: Callable[..., SchemaDatabase], tmp_path: Path
) -> None:
    async with catalog_house(schema_db, tmp_path, sample=False) as real:
        refused, taken = await handed_in(real, lawful(), lawful(setting("sample", False)))
        assert refused.refused is not None
        assert (refused.refused.reason, refused.refused.field) == (reasons.SAMPLE_IN_REAL_HOUSE, "sample")
        assert taken.record_id


async def test_an_item_repealed_while_the_office_runs_takes_nothing_more(
    house: CatalogHouse,
) -> None:
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


def admitted(message: RecordDraft, *, today: date = TODAY, on_behalf: bool = False) -> Admitted:
    """What follows for a draft that keeps every rule."""
    draft = draft_from(message, today=today)
    return admit(draft, lawbook=LAWBOOK, policy=POLICY, provider=PROVIDER, on_behalf=on_behalf, today=today)


def test_the_authority_of_a_document_is_kept_in_its_canonical_form() -> None:
    for written in (PROVIDER.lower(), f" {PROVIDER} ", "'" + PROVIDER):
        assert admitted(lawful(setting("document.authority", written))).draft.authority == PROVIDER
    other = uscc(5)
    assert admitted(lawful(setting("document.authority", other)), on_behalf=True).draft.authority == other


BY_LAW = setting("person_publicity_basis", "express_law")
EIGHTEEN_YEARS_AGO = date(
    TODAY.year - 18, TODAY.month, 28 if (TODAY.month, TODAY.day) == (2, 29) else TODAY.day
)


def born(day: date) -> Change:
    """Make the party a resident born on a day."""
    return lambda draft: about_a_person(draft, number=resident(7, day))


@pytest.mark.parametrize(
    ("message", "public"),
    [
        (lawful(), True),
        (lawful(setting("severity", common.SEVERITY_SERIOUS)), True),
        (lawful(setting("severity", common.SEVERITY_SLIGHT)), False),
        (lawful(item=LICENCE), True),
        (lawful(about_a_person), False),
        (lawful(about_a_person, item=LICENCE), False),
        (lawful(about_a_person, item=WAGES), False),
        (lawful(both(about_a_person, BY_LAW), item=WAGES), True),
        (lawful(both(born(EIGHTEEN_YEARS_AGO - timedelta(days=1)), BY_LAW), item=WAGES), True),
        (lawful(both(born(EIGHTEEN_YEARS_AGO), BY_LAW), item=WAGES), False),
        (lawful(both(born(TODAY - timedelta(days=16 * 365)), BY_LAW), item=WAGES), False),
        (
            lawful(
                both(
                    lambda draft: about_a_person(
                        draft, number="E12345678", kind=common.IDENTIFIER_KIND_PASSPORT
                    ),
                    BY_LAW,
                ),
                item=WAGES,
            ),
            False,
        ),
        (
            lawful(both(about_a_person, BY_LAW, setting("severity", common.SEVERITY_SLIGHT)), item=WAGES),
            False,
        ),
    ],
    ids=[
        "enterprise",
        "serious",
        "slight",
        "licence",
        "person",
        "licence of a person",
        "person, no basis named",
        "person by express law",
        "since yesterday of age",
        "on the eighteenth birthday",
        "under age",
        "age unknown",
        "slight finding about a person",
    ],
)
def test_what_is_public_of_whom(message: RecordDraft, public: bool) -> None:
    """54号 clauses 4 and 10; 信用修复管理办法 (2026): a slight finding is not published."""
    assert admitted(message).public is public


def on(day: date, change: Change | None = None, *, item: str = "cn.penalty") -> RecordDraft:
    """A lawful draft determined on a day."""
    dates = both(
        setting("document.determined_on", day.isoformat()), setting("document.effective_on", day.isoformat())
    )
    return lawful(both(dates, *([change] if change else [])), item=item)


@pytest.mark.parametrize(
    ("severity", "least", "most"),
    [
        (common.SEVERITY_ORDINARY, 3, 12),
        (common.SEVERITY_SERIOUS, 12, 36),
        (common.SEVERITY_SLIGHT, 0, 3),
    ],
)
def test_a_finding_is_shared_as_long_as_its_severity_says(severity: int, least: int, most: int) -> None:
    day = TODAY - timedelta(days=30)
    result = admitted(on(day, setting("severity", severity)))
    assert result.earliest_repair_on == add_months(day, least)
    assert result.ends_before == add_months(day, most)
    assert result.warnings == ()


def test_a_listing_is_shared_as_long_as_its_scheme_says() -> None:
    scheme = LAWBOOK.scheme_of_item(WAGES, on=TODAY)
    assert scheme is not None
    day = TODAY - timedelta(days=30)
    result = admitted(on(day, item=WAGES))
    assert result.earliest_repair_on == POLICY.number(scheme.earliest_removal, on=day).after(day)
    assert result.ends_before == POLICY.number(scheme.period, on=day).after(day)


def test_what_is_no_finding_is_shared_as_long_as_its_item_says() -> None:
    item = LAWBOOK.item(LICENCE, on=TODAY)
    assert item is not None
    result = admitted(on(TODAY, item=LICENCE))
    assert (result.earliest_repair_on, result.ends_before) == (None, add_months(TODAY, item.retention_months))


def test_the_last_day_of_a_period_is_still_shared_and_the_next_is_not() -> None:
    days = (TODAY - timedelta(days=n) for n in range(340, 380))
    over = next(day for day in days if add_months(day, 12) <= TODAY)
    assert admitted(on(over + timedelta(days=1))).ends_before == TODAY + timedelta(days=1)
    with pytest.raises(Refused) as refused:
        admitted(on(over))
    assert refused.value.reason is reasons.RETENTION_PASSED


@pytest.mark.parametrize("item", ["cn.penalty", LICENCE, WAGES])
@given(days=st.integers(min_value=1, max_value=9000))
@settings(max_examples=25, deadline=None)
def test_what_the_authority_states_may_shorten_a_period_and_never_lengthen_it(item: str, days: int) -> None:
    """54号 clause 5."""
    plain = admitted(on(TODAY, item=item))
    stated = TODAY + timedelta(days=days)
    result = admitted(on(TODAY, setting("publicity_until", stated.isoformat()), item=item))
    assert result.ends_before == min(stated, plain.ends_before)
    assert ("PUBLICITY_CAPPED" in result.warnings) is (stated > plain.ends_before)
    if plain.earliest_repair_on is not None:
        assert result.earliest_repair_on == min(plain.earliest_repair_on, result.ends_before)


async def test_a_number_of_an_unknown_county_is_a_remark_and_no_refusal(desk: CatalogHouse) -> None:
    from foundation.identity import resident_check_digit

    first = "99990119900307001"
    (result,) = await handed_in(
        desk, lawful(lambda draft: about_a_person(draft, number=first + resident_check_digit(first)))
    )
    assert result.record_id
    assert result.warnings == ("COUNTY_UNKNOWN",)


async def test_the_same_record_again_is_held_and_not_recorded_twice(desk: CatalogHouse) -> None:
    message = lawful()
    (first,) = await handed_in(desk, message)
    (again,) = await handed_in(desk, message)
    assert (again.record_id, again.already_held, again.refused) == (first.record_id, True, None)
    assert not first.already_held


async def test_the_order_of_fields_is_no_content(desk: CatalogHouse) -> None:
    message = lawful()
    (first,) = await handed_in(desk, message)
    turned = list(reversed(message.fields))
    del message.fields[:]
    message.fields.extend(turned)
    (again,) = await handed_in(desk, message)
    assert (again.record_id, again.already_held) == (first.record_id, True)


BREACH = {"document_kind": "judgment", "item_code": "cn.contract_breach", "severity": Severity.SERIOUS}
OTHER_CONTENT: dict[str, dict[str, object]] = {
    "item_code": {
        "item_code": "cn.abnormal_operation",
        "document_kind": "administrative_ruling",
        "fields": (("legal_basis", "样例"), ("listing_reason", "样例")),
    },
    "party": {},
    "party_name": {"party_name": "样例企业乙"},
    "document_kind": {"document_kind": "arbitral_award"},
    "document_number": {"document_number": "样例〔2026〕2号"},
    "authority": {"authority": uscc(9_000_009)},
    "determined_on": {"determined_on": TODAY - timedelta(days=41)},
    "effective_on": {"effective_on": TODAY - timedelta(days=39)},
    "severity": {"severity": Severity.ORDINARY},
    "fields": {"fields": (("facts", "样例"), ("performance", "其他"))},
    "publicity_until": {"publicity_until": TODAY + timedelta(days=90)},
    "person_publicity_basis": {"person_publicity_basis": "express_law"},
    "sample": {"sample": True},
    "version": {"version": 2},
}


def test_every_part_of_a_draft_but_its_number_is_content() -> None:
    assert {part.name for part in fields(Draft)} - {"record_number"} == set(OTHER_CONTENT)


@pytest.mark.parametrize("part", OTHER_CONTENT)
async def test_a_number_is_not_used_for_other_content(desk: CatalogHouse, part: str) -> None:
    base = desk.draft(**BREACH, fields=(("facts", "样例"), ("performance", "样例")))
    changes = OTHER_CONTENT[part] or {"party": desk.party()}
    for drafts in ([base, replace(base, **changes)], [replace(base, **changes), base]):  # type: ignore[arg-type]
        numbered = [replace(draft, record_number=str(uuid4())) for draft in drafts]
        same = replace(numbered[1], record_number=numbered[0].record_number)
        results, _ = await desk.records.hand_in(desk.repair, [numbered[0]])
        again, _ = await desk.records.hand_in(desk.repair, [same])
        assert [result.refused for result in results] == [None]
        (second,) = again
        assert second.refused is not None
        assert (second.refused.reason, second.refused.field) == (
            reasons.NUMBER_USED_FOR_OTHER_CONTENT,
            "record_number",
        )


async def test_a_number_twice_within_one_batch_counts_once(desk: CatalogHouse) -> None:
    one = desk.draft()
    first, same, other = await desk.hand_in(one, one, replace(one, party_name="样例企业乙"))
    assert first.record_id == same.record_id
    assert (first.already_held, same.already_held) == (False, True)
    assert other.refused is not None
    assert other.refused.reason is reasons.NUMBER_USED_FOR_OTHER_CONTENT
    assert desk.sql("SELECT count(*) FROM catalog.record_place WHERE record_id = %s", first.record_id) == [
        (1,)
    ]


async def test_two_providers_may_use_the_same_number(desk: CatalogHouse) -> None:
    other = desk.enrol(uscc(9_000_010), "provider")
    draft = desk.draft()
    (mine,) = await desk.hand_in(draft)
    (theirs,), _ = await desk.records.hand_in(other, [replace(draft, authority=other.authority)])
    assert mine.record_id
    assert theirs.record_id
    assert mine.record_id != theirs.record_id


async def test_the_same_batch_from_many_at_once_is_recorded_once(desk: CatalogHouse) -> None:
    """Who meets another at the same number is told to come again, and then finds the record held."""
    drafts = [desk.draft() for _ in range(5)]
    ((before,),) = desk.sql("SELECT count(*) FROM catalog.record")
    turned = [drafts, list(reversed(drafts))]
    calls = await asyncio.gather(*(desk.hand_in(*turned[n % 2]) for n in range(8)))
    results = [result for call in calls for result in call]
    assert sum(1 for one in results if one.record_id and not one.already_held) == 5
    assert {one.refused.reason for one in results if one.refused} <= {UNAVAILABLE}
    again = await desk.hand_in(*drafts)
    assert all(one.already_held for one in again)
    assert {one.record_id for one in again} == {one.record_id for one in results if one.record_id}
    assert desk.sql("SELECT count(*) FROM catalog.record") == [(before + 5,)]

"""54号 clause 14: lawful, proper, necessary, minimal; what may never be collected; nothing once for life."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import psycopg
import pytest

from foundation.access import Officer
from foundation.calendar import day_of
from foundation.lawfile import LawError
from foundation.policy import FieldDefinition
from foundation.policy.lawfulness import check_item
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from services.catalog.domain import reasons
from tests.support.catalog_house import LAWBOOK, CatalogHouse

TODAY = day_of(datetime.now(UTC))
DIVISIONS = frozenset(division.code for division in LAWBOOK.divisions)
PROHIBITED = [name for category in LAWBOOK.prohibited for name in category.names]
NEVER = {"religion", "genes", "fingerprint", "blood_type", "illness"}
PUBLIC_PERSONS = next(
    item
    for item in LAWBOOK.items_in_force(TODAY)
    if item.public_persons and "person" in item.subject_types and "listing_decision" in item.document_kinds
)


def test_the_categories_that_clause_14_names_are_all_prohibited() -> None:
    assert {category.code for category in LAWBOOK.prohibited} >= NEVER


@pytest.mark.parametrize("name", PROHIBITED)
def test_no_item_can_define_a_prohibited_field(name: str) -> None:
    field = FieldDefinition(name=name, title="样例", kind="text", sensitivity="personal", required=False, why="样例")
    item = next(item for item in LAWBOOK.items_in_force(TODAY) if "person" in item.subject_types)
    check_item(item, LAWBOOK.prohibited, DIVISIONS)
    with pytest.raises(LawError):
        check_item(replace(item, fields=(*item.fields, field)), LAWBOOK.prohibited, DIVISIONS)


async def test_no_record_can_bring_a_prohibited_field(catalog: CatalogHouse) -> None:
    lawful = catalog.draft(catalog.person())
    drafts = [replace(lawful, fields=(*lawful.fields, (name, "样例"))) for name in PROHIBITED]
    for name, result in zip(PROHIBITED, await catalog.hand_in(*drafts), strict=True):
        assert result.refused is not None
        assert (result.refused.reason, result.refused.field) == (reasons.FIELD_PROHIBITED, f"fields.{name}")


async def test_a_field_that_the_item_does_not_name_is_refused_by_name(catalog: CatalogHouse) -> None:
    fields = (*catalog.draft().fields, ("shoe_size", "42"))
    assert await catalog.refusal_of(catalog.draft(fields=fields)) == (reasons.FIELD_UNKNOWN, "fields.shoe_size")


async def test_a_field_name_that_is_no_name_is_not_repeated_in_the_refusal(catalog: CatalogHouse) -> None:
    fields = (*catalog.draft().fields, ("张某 43999919800305001X", "x"))
    assert await catalog.refusal_of(catalog.draft(fields=fields)) == (reasons.FIELD_UNKNOWN, "fields")


async def test_a_purpose_that_needs_yes_or_no_gets_yes_or_no_and_no_report(catalog: CatalogHouse) -> None:
    purpose = next(p.code for p in LAWBOOK.purposes if p.yes_no)
    await catalog.grant(catalog.consumer, purpose, [catalog.item], ["party_name"])
    party = catalog.party()
    await catalog.hand_in(catalog.draft(party))
    checked = await catalog.check(party, purpose=purpose)
    assert (checked.found, checked.items) == (True, [])
    with pytest.raises(Refused) as refusal:
        await catalog.report(party, purpose=purpose)
    assert refusal.value.reason is reasons.PURPOSE_IS_YES_NO


async def test_a_report_shows_the_fields_that_the_grant_names_and_no_others(catalog: CatalogHouse) -> None:
    party = catalog.party()
    await catalog.hand_in(catalog.draft(party))
    (shown,) = await catalog.report(party)
    assert set(shown.fields) == {"party_name"}


@pytest.mark.parametrize("days", [0, 367, 3650])
async def test_no_grant_is_for_longer_than_a_year(catalog: CatalogHouse, days: int) -> None:
    (known,) = await catalog.access.list(catalog.consumer)
    with pytest.raises(psycopg.errors.CheckViolation):
        catalog.sql("UPDATE catalog.access_grant SET days = %s WHERE grant_id = %s", days, known.row.grant_id)
    with pytest.raises(psycopg.errors.CheckViolation):
        catalog.sql("UPDATE catalog.access_grant SET ends_at = starts_at + interval '367 days'")


async def test_a_grant_for_longer_than_a_year_cannot_be_applied_for(catalog: CatalogHouse) -> None:
    applicant = Officer(subject="a", authority=catalog.consumer.authority, roles=frozenset({"case_officer"}))
    with pytest.raises(Refused) as refusal:
        await catalog.access.request(
            catalog.consumer,
            applicant,
            purpose=catalog.purpose,
            item_codes=[catalog.item],
            field_names=[],
            days=367,
            justification="样例",
        )
    assert (refusal.value.reason, refusal.value.field) == (VALUE_INVALID, "days")


async def test_publicity_about_a_person_needs_an_express_law_that_the_item_cites(catalog: CatalogHouse) -> None:
    draft = catalog.draft(catalog.person(), person_publicity_basis="express_law")
    assert await catalog.refusal_of(draft) == (reasons.PERSON_PUBLICITY_WITHOUT_BASIS, "person_publicity_basis")
    await catalog.hand_in(replace(draft, person_publicity_basis=""))
    assert await catalog.reading.published(item_code="", before=None, after=None, most=10) == []


@pytest.mark.parametrize(
    ("born", "published"), [(date(1980, 3, 5), 1), (date(TODAY.year - 17, 3, 5), 0)], ids=["adult", "minor"]
)
async def test_a_published_person_is_masked_and_a_minor_is_never_published(
    catalog: CatalogHouse, born: date, published: int
) -> None:
    person = catalog.person(born=born)
    draft = catalog.draft(
        person,
        item_code=PUBLIC_PERSONS.code,
        document_kind="listing_decision",
        party_name="样例人员",
        person_publicity_basis="express_law",
        fields=tuple((f.name, "样例") for f in PUBLIC_PERSONS.fields if f.required),
    )
    await catalog.hand_in(draft)
    shown = await catalog.reading.published(item_code="", before=None, after=None, most=10)
    assert len(shown) == published
    for record in shown:
        assert record.fields["party_name"].reveal() == "样**"
        assert record.fields["party_identifier"].reveal() == "4399********"

"""54号 clause 1: information is recorded only as far as law and catalog say (目录制), at every level."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from foundation.calendar import day_of
from foundation.lawfile import LawError
from foundation.policy import CatalogItem
from foundation.policy.lawfulness import check_item, check_local_items
from foundation.refusal import Refused
from services.catalog.domain import reasons
from services.catalog.domain.admission import admit
from services.catalog.law import load_law
from tests.support.catalog_house import LAWBOOK, POLICY, CatalogHouse

TODAY = day_of(datetime.now(UTC))
DIVISIONS = frozenset(division.code for division in LAWBOOK.divisions)
ITEMS = LAWBOOK.items_in_force(TODAY)
PENALTY = next(item for item in ITEMS if item.code == "cn.penalty")
LOCAL = next(item for item in ITEMS if item.level == "province")


def test_the_catalog_holds_at_least_twenty_items_of_all_levels_each_with_instrument_and_article() -> None:
    assert len(ITEMS) >= 20
    assert {item.level for item in ITEMS} == {"national", "province", "municipality"}
    for item in ITEMS:
        assert item.bases, item.code
        assert all(basis.title and basis.article for basis in item.bases), item.code


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.code)
def test_an_item_says_what_it_covers_where_it_comes_from_and_why_it_needs_each_field(item: CatalogItem) -> None:
    assert item.conduct
    assert item.source_channel
    assert item.update_frequency
    assert item.retention_months > 0
    assert all(field.why for field in item.fields)


def test_an_item_without_a_legal_basis_is_refused() -> None:
    with pytest.raises(LawError, match="no legal basis"):
        check_item(replace(ITEMS[0], bases=()), LAWBOOK.prohibited, DIVISIONS)


def test_a_local_item_on_anything_below_a_local_regulation_is_refused() -> None:
    weaker = tuple(replace(basis, instrument_kind="department_rule") for basis in LOCAL.bases)
    with pytest.raises(LawError, match="no local regulation"):
        check_item(replace(LOCAL, bases=weaker), LAWBOOK.prohibited, DIVISIONS)


def test_a_local_item_may_not_repeat_a_higher_one() -> None:
    national = next(item for item in ITEMS if item.level == "national")
    repeated = replace(LOCAL, title=national.title)
    with pytest.raises(LawError):
        check_local_items([national, repeated])


async def test_a_record_under_no_item_is_refused(catalog: CatalogHouse) -> None:
    draft = catalog.draft(item_code="cn.no_such_item")
    assert await catalog.refusal_of(draft) == (reasons.ITEM_UNKNOWN, "item_code")


@pytest.mark.parametrize(
    "changed",
    [{"in_force_from": TODAY + timedelta(days=1)}, {"in_force_until": TODAY}],
    ids=["not yet in force", "repealed today"],
)
async def test_a_record_under_an_item_not_in_force_is_refused(
    catalog: CatalogHouse, changed: dict[str, object]
) -> None:
    items = tuple(replace(item, **changed) if item.code == catalog.item else item for item in LAWBOOK.items)  # type: ignore[arg-type]
    with pytest.raises(Refused) as refusal:
        admit(
            catalog.draft(),
            lawbook=replace(LAWBOOK, items=items),
            policy=POLICY,
            provider=catalog.provider.authority,
            on_behalf=False,
            today=TODAY,
        )
    assert refusal.value.reason is reasons.ITEM_NOT_IN_FORCE


async def test_the_database_refuses_it_too_where_an_office_still_believes_in_the_item(catalog: CatalogHouse) -> None:
    remaining = tuple(item for item in LAWBOOK.items if item.code != catalog.item)
    with psycopg.connect(catalog.database.admin_dsn) as admin:
        load_law(admin, replace(LAWBOOK, items=remaining))
    reason, _ = await catalog.refusal_of(catalog.draft())
    assert reason is reasons.ITEM_NOT_IN_FORCE
    assert catalog.sql("SELECT count(*) FROM catalog.record") == [(0,)]


async def test_an_item_covers_only_the_types_of_party_that_it_names(catalog: CatalogHouse) -> None:
    item = next(item for item in ITEMS if item.subject_types == ("enterprise",))
    draft = catalog.draft(catalog.person(), item_code=item.code)
    assert await catalog.refusal_of(draft) == (reasons.SUBJECT_TYPE_NOT_COVERED, "party.identifier.kind")


async def test_a_field_that_the_item_requires_cannot_be_left_out(catalog: CatalogHouse) -> None:
    lawful = catalog.draft()
    for name, _ in lawful.fields:
        rest = tuple(field for field in lawful.fields if field[0] != name)
        assert await catalog.refusal_of(replace(lawful, fields=rest)) == (reasons.FIELD_MISSING, f"fields.{name}")


async def test_a_field_cannot_be_given_twice(catalog: CatalogHouse) -> None:
    lawful = catalog.draft()
    draft = replace(lawful, fields=(*lawful.fields, lawful.fields[0]))
    assert (await catalog.refusal_of(draft))[0] is reasons.FIELD_TWICE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fine_yuan", "-1"),
        ("fine_yuan", "1e9"),
        ("fine_yuan", "１００"),  # full-width digits
        ("penalty_valid_until", "2026-02-30"),
        ("penalty_valid_until", "20260228"),
        ("facts", ""),
        ("facts", "x" * 4001),
        ("facts", "a\x00b"),
    ],
)
async def test_a_value_must_be_of_the_kind_that_the_item_names(catalog: CatalogHouse, name: str, value: str) -> None:
    fields = {field.name: "样例" for field in PENALTY.fields if field.required} | {name: value}
    draft = catalog.draft(item_code=PENALTY.code, fields=tuple(fields.items()))
    assert await catalog.refusal_of(draft) == (reasons.FIELD_INVALID, f"fields.{name}")

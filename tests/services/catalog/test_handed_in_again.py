"""A record handed in again: the same is held, other content is refused, from many at once it is recorded once."""

from __future__ import annotations

import asyncio
from dataclasses import fields, replace
from datetime import timedelta
from uuid import uuid4

import pytest

from foundation.policy import Severity
from foundation.reasons import UNAVAILABLE
from services.catalog.domain import reasons
from services.catalog.domain.admission import Draft
from tests.services.catalog.drafts import TODAY, handed_in, lawful
from tests.support.catalog_house import CatalogHouse, uscc


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
        assert (second.refused.reason, second.refused.field) == (reasons.NUMBER_USED_FOR_OTHER_CONTENT, "record_number")


async def test_a_number_twice_within_one_batch_counts_once(desk: CatalogHouse) -> None:
    one = desk.draft()
    first, same, other = await desk.hand_in(one, one, replace(one, party_name="样例企业乙"))
    assert first.record_id == same.record_id
    assert (first.already_held, same.already_held) == (False, True)
    assert other.refused is not None
    assert other.refused.reason is reasons.NUMBER_USED_FOR_OTHER_CONTENT
    assert desk.sql("SELECT count(*) FROM catalog.record_place WHERE record_id = %s", first.record_id) == [(1,)]


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

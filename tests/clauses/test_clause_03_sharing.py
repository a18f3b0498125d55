"""54号 clause 3: the catalog says what is shared and with whom; collected once; who produces it answers for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from foundation.calendar import day_of
from foundation.reasons import NOT_FOUND
from foundation.refusal import Refused
from services.catalog.domain import reasons
from services.catalog.store.answers import Position
from tests.support.catalog_house import LAWBOOK, CatalogHouse, uscc

TODAY = day_of(datetime.now(UTC))
KEPT = next(item for item in LAWBOOK.items_in_force(TODAY) if item.sharing == "none")


async def test_an_item_that_is_not_shared_is_in_no_answer(catalog: CatalogHouse) -> None:
    await catalog.grant(catalog.consumer, catalog.purpose, [KEPT.code], [])
    values = {"date": TODAY.isoformat(), "amount": "1.00"}
    draft = catalog.draft(
        item_code=KEPT.code,
        document_kind=KEPT.document_kinds[0],
        severity=None,
        fields=tuple((f.name, values.get(f.kind, "样例")) for f in KEPT.fields if f.required),
    )
    (result,) = await catalog.hand_in(draft)
    assert result.record_id
    assert not (await catalog.check(draft.party)).found


async def test_an_authority_hands_in_only_what_it_determined_itself(catalog: CatalogHouse) -> None:
    draft = catalog.draft(authority=uscc(9000888))
    assert await catalog.refusal_of(draft) == (reasons.WRONG_AUTHORITY, "document.authority")


async def test_an_office_that_carries_out_a_decision_hands_it_in_for_the_authority_that_made_it(
    catalog: CatalogHouse,
) -> None:
    determining = uscc(9000888)
    (result,) = await catalog.hand_in(catalog.draft(authority=determining), by=catalog.repair)
    assert catalog.sql(
        "SELECT provider, determining_authority FROM catalog.record WHERE record_id = %s", result.record_id
    ) == [(catalog.repair.authority, determining)]


async def test_a_record_handed_in_again_is_held_once(catalog: CatalogHouse) -> None:
    draft = catalog.draft()
    (first,) = await catalog.hand_in(draft)
    (again,) = await catalog.hand_in(draft)
    assert (again.record_id, again.already_held) == (first.record_id, True)
    assert catalog.sql("SELECT count(*) FROM catalog.record") == [(1,)]


async def test_a_record_number_names_one_content(catalog: CatalogHouse) -> None:
    draft = catalog.draft()
    await catalog.hand_in(draft)
    assert await catalog.refusal_of(replace(draft, party=catalog.party())) == (
        reasons.NUMBER_USED_FOR_OTHER_CONTENT,
        "record_number",
    )


async def test_two_providers_may_use_the_same_number(catalog: CatalogHouse) -> None:
    other = catalog.enrol(uscc(9000889), "provider")
    number = f"R-{uuid4()}"
    (mine,) = await catalog.hand_in(catalog.draft(record_number=number))
    (theirs,) = await catalog.hand_in(catalog.draft(record_number=number, authority=other.authority), by=other)
    assert mine.record_id != theirs.record_id


async def test_nobody_but_its_own_authorities_can_end_a_record(catalog: CatalogHouse) -> None:
    party = catalog.party()
    (result,) = await catalog.hand_in(catalog.draft(party))
    stranger = catalog.enrol(uscc(9000890), "provider", "repair_authority", "list_authority")
    with pytest.raises(Refused) as refusal:
        await catalog.records.withdraw(
            stranger, record_id=result.record_id, record_number="", reason="repaired", matter="x"
        )
    assert refusal.value.reason is NOT_FOUND
    assert (await catalog.check(party)).found


async def test_the_feed_brings_a_record_to_whom_the_grant_shows_its_item_and_to_nobody_else(
    catalog: CatalogHouse,
) -> None:
    other = catalog.enrol(uscc(9000891), "consumer")
    elsewhere = next(item.code for item in LAWBOOK.items_in_force(TODAY) if item.code != catalog.item)
    await catalog.grant(other, catalog.purpose, [elsewhere], [])
    (result,) = await catalog.hand_in(catalog.draft())
    watching = catalog.context(kind="SharingService.WatchChanges")
    events, _, receipt = await catalog.sharing.changes(watching, Position())
    assert [(event["kind"], event["record_id"]) for event in events] == [("recorded", str(result.record_id))]
    assert receipt is not None
    unseen, _, nothing = await catalog.sharing.changes(watching._replace(fingerprint=other.fingerprint), Position())
    assert (unseen, nothing) == ([], None)


async def test_a_withdrawal_is_told_to_everybody_who_ever_received_the_record(catalog: CatalogHouse) -> None:
    party = catalog.party()
    (result,) = await catalog.hand_in(catalog.draft(party))
    await catalog.check(party)
    await catalog.records.withdraw(
        catalog.repair, record_id=result.record_id, record_number="", reason="repaired", matter="样例-修复"
    )
    watching = catalog.context(kind="SharingService.WatchChanges")
    events, _, _ = await catalog.sharing.changes(watching, Position())
    assert [(event["kind"], event["end_reason"]) for event in events] == [("withdrawn", "repaired")]

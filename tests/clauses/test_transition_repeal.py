"""54号, supporting measures (四): rules without a basis stop; what rested on them stops at that moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from foundation.calendar import day_of
from foundation.policy import LawBook
from foundation.refusal import Refused
from services.catalog.domain import reasons
from services.catalog.law import load_law
from services.catalog.store.answers import Position
from tests.support.catalog_house import LAWBOOK, CatalogHouse

TODAY = day_of(datetime.now(UTC))


def _load(catalog: CatalogHouse, lawbook: LawBook) -> None:
    with psycopg.connect(catalog.database.admin_dsn) as admin:
        load_law(admin, lawbook)


def _without(code: str) -> LawBook:
    return replace(LAWBOOK, items=tuple(item for item in LAWBOOK.items if item.code != code))


def _ending(code: str, until: date) -> LawBook:
    items = (replace(item, in_force_until=until) if item.code == code else item for item in LAWBOOK.items)
    return replace(LAWBOOK, items=tuple(items))


async def test_repealing_an_item_stops_the_sharing_of_everything_under_it_at_that_moment(catalog: CatalogHouse) -> None:
    party = catalog.party()
    await catalog.hand_in(catalog.draft(party))
    assert (await catalog.check(party)).found
    _load(catalog, _without(catalog.item))
    assert not (await catalog.check(party)).found
    assert await catalog.report(party) == []
    assert await catalog.reading.published(item_code="", before=None, after=None, most=10) == []
    assert catalog.sql("SELECT count(*) FROM catalog.record WHERE ended_at IS NOT NULL") == [(0,)]


async def test_an_item_that_ends_tomorrow_is_shared_today_and_not_tomorrow(catalog: CatalogHouse) -> None:
    party = catalog.party()
    await catalog.hand_in(catalog.draft(party))
    _load(catalog, _ending(catalog.item, TODAY + timedelta(days=1)))
    assert (await catalog.check(party)).found
    catalog.advance(days=1)
    assert not (await catalog.check(party)).found


async def test_the_repeal_is_carried_out_told_to_every_receiver_and_takes_the_key(catalog: CatalogHouse) -> None:
    party = catalog.party()
    (result,) = await catalog.hand_in(catalog.draft(party))
    await catalog.check(party)
    _load(catalog, _without(catalog.item))
    assert await catalog.sweeper().sweep() == 1
    assert catalog.sql("SELECT end_reason, share_wrap FROM catalog.record WHERE record_id = %s", result.record_id) == [
        ("repealed", None)
    ]
    events, _, _ = await catalog.sharing.changes(catalog.context(kind="SharingService.WatchChanges"), Position())
    assert [(event["kind"], event["end_reason"]) for event in events] == [("withdrawn", "repealed")]


async def test_what_an_item_was_in_the_past_is_not_deleted_with_it(catalog: CatalogHouse) -> None:
    _load(catalog, _without(catalog.item))
    ((until,),) = catalog.sql("SELECT in_force_until FROM catalog.item WHERE code = %s", catalog.item)
    assert until == TODAY


@pytest.mark.parametrize("reason", ["repealed", "expired", "document_revoked", ""])
async def test_nobody_can_end_a_record_by_calling_it_repealed(catalog: CatalogHouse, reason: str) -> None:
    party = catalog.party()
    (result,) = await catalog.hand_in(catalog.draft(party))
    with pytest.raises(Refused) as refusal:
        await catalog.records.withdraw(
            catalog.provider, record_id=result.record_id, record_number="", reason=reason, matter="样例"
        )
    assert refusal.value.reason is reasons.END_REASON_NOT_ALLOWED
    assert (await catalog.check(party)).found


async def test_there_is_no_withdrawal_to_certify_while_a_record_is_shared(catalog: CatalogHouse) -> None:
    (result,) = await catalog.hand_in(catalog.draft())
    assert result.record_id
    with pytest.raises(Refused) as refusal:
        await catalog.reading.certificate(catalog.provider, None, result.record_id, uuid4())
    assert refusal.value.reason is reasons.NOT_ENDED

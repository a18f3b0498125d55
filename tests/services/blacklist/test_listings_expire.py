"""A listing that nobody closes is closed when its period is over, so that its case is erased in the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest_asyncio

from foundation.access import Caller
from foundation.erasure import load_retention
from foundation.policy import listing_period
from services.blacklist.domain.steps import State, Step
from services.blacklist.office import DecisionOffice, ListingOffice
from services.blacklist.office.listings import EXPIRED
from tests.services.blacklist.alone import BOOK, POLICY, SAID, Alone, alone_on
from tests.services.blacklist.processes import AUTHORITY
from tests.support.databases import SchemaDatabase

HOUSE = Caller(authority=AUTHORITY, system="blacklist", fingerprint=bytes(32), roles=frozenset({"office"}))


@pytest_asyncio.fixture
async def alone(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[Alone]:
    async with alone_on(schema_db("blacklist", sample=True), tmp_path) as alone:
        yield alone


async def listed(alone: Alone, listings: ListingOffice) -> tuple[UUID, date]:
    """A listed case, and the first day after the listing's period."""
    view = await alone.notify(await alone.panel_held(sample=True))
    assert view.case.window is not None
    alone.pass_days((view.case.window.on - alone.today()).days + 1)
    case_id, decided_on = (await alone.decide(view)).case.case_id, alone.today()
    await DecisionOffice(alone.desk).serve_decision(alone.call("Serve"), case_id, method="post", proof=SAID)
    await listings.acknowledged(case_id, uuid4(), house=HOUSE)
    scheme = BOOK.scheme("market_regulation", on=decided_on)
    assert scheme is not None
    return case_id, listing_period(scheme.earliest_removal, scheme.period, decided_on, POLICY).ends_before


def erased_later(alone: Alone, case_id: UUID) -> bool:
    return alone.sql("SELECT dossier_over(%s)", case_id)[0][0]


async def test_a_listing_is_closed_the_day_after_its_period_and_erased_ten_years_later(alone: Alone) -> None:
    listings = ListingOffice(alone.desk)
    case_id, ends_before = await listed(alone, listings)
    alone.pass_days((ends_before - alone.today()).days)
    assert await listings.expire(house=HOUSE) == 0, "the catalog's own end comes first"
    alone.pass_days(1)
    assert await listings.expire(house=HOUSE) == 1
    assert await listings.expire(house=HOUSE) == 0
    async with alone.pool.transaction() as tx:
        file = await alone.desk.store.of_house(tx, case_id)
        said = await alone.desk.store.said(tx, file, dict[str, str], Step.CLOSE_LISTING)
    assert (file.case.state, said) == (State.CLOSED, [{"matter": EXPIRED, "reason": EXPIRED}])
    jobs = alone.sql(
        "SELECT task_name, args ->> 'case_id' FROM procrastinate_jobs WHERE task_name = 'withdraw_listing'"
    )
    assert jobs == [("withdraw_listing", str(case_id))]
    assert alone.sql("SELECT authority, decision, bucket FROM journal WHERE kind = 'ListingWorker.ExpireListing'") == [
        (AUTHORITY, "changed", case_id.bytes[0])
    ]
    with psycopg.connect(alone.database.admin_dsn) as admin:
        load_retention(admin, "blacklist", POLICY)
    assert not erased_later(alone, case_id)
    alone.pass_days(3660)
    assert erased_later(alone, case_id)


async def test_a_listing_that_was_closed_is_not_closed_again(alone: Alone) -> None:
    listings = ListingOffice(alone.desk)
    case_id, ends_before = await listed(alone, listings)
    (listing_id,) = alone.sql("SELECT listing_id FROM listing WHERE case_id = %s", case_id)[0]
    await listings.close(alone.call("Close"), "listing_id", listing_id, matter=SAID, reason=SAID)
    alone.pass_days((ends_before - alone.today()).days + 1)
    assert await listings.expire(house=HOUSE) == 0

"""What runs without a caller: having the catalog share a listing, and stop sharing a closed one."""

from __future__ import annotations

import asyncio
from uuid import UUID

import structlog

from foundation.access import Caller
from foundation.jobs import Tasks
from foundation.refusal import Refused
from services.blacklist.catalog import Catalog
from services.blacklist.office import ListingOffice
from services.blacklist.office.decisions import DELIVERY, QUEUE
from services.blacklist.office.listings import WITHDRAWAL, WITHDRAWAL_QUEUE

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

TAKE_UP_S = 30.0
"""Seconds between two looks for parked jobs."""


def listing_tasks(office: ListingOffice, *, catalog: Catalog, house: Caller) -> Tasks:
    """The jobs of this office. `house` is this office as a caller, for the journal."""
    tasks = Tasks()

    @tasks.task(DELIVERY, queue=QUEUE)
    async def deliver_listing(case_id: str) -> None:  # pyright: ignore[reportUnusedFunction]
        """Hand the listing in, then note the record that it became."""
        record = await office.to_deliver(UUID(case_id), house=house)
        if record is not None:
            await office.acknowledged(UUID(case_id), await catalog.submit(record), house=house)

    @tasks.task(WITHDRAWAL, queue=WITHDRAWAL_QUEUE)
    async def withdraw_listing(case_id: str) -> None:  # pyright: ignore[reportUnusedFunction]
        """Have the catalog end the sharing."""
        record_id, matter = await office.to_withdraw(UUID(case_id))
        await catalog.withdraw(record_id, matter=matter)

    return tasks


async def take_up_parked(office: ListingOffice, *, every_s: float = TAKE_UP_S) -> None:
    """Try parked jobs again, loudly, until the catalog has acknowledged them."""
    while True:
        await asyncio.sleep(every_s)
        try:
            parked = await office.take_up_parked()
        except Refused:  # the database is away; the next round tries again
            continue
        if parked:
            log.error("listings not acknowledged by the catalog, tried again", count=parked)

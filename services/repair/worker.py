"""What runs without a caller: having a repaired record withdrawn everywhere, until everybody has acknowledged."""

from __future__ import annotations

import asyncio
from uuid import UUID

import structlog

from foundation.access import Caller
from foundation.jobs import Tasks
from foundation.refusal import Refused
from services.repair.neighbours import BlackList, Catalog
from services.repair.office import DELIVERY, DELIVERY_QUEUE, RepairOffice

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

HEAL_S = 5.0
"""Seconds between two looks for granted applications that nobody carries out."""
REASON = "信用修复（credit repaired by the determining authority）"


def delivery_tasks(office: RepairOffice, *, catalog: Catalog, black_list: BlackList, house: Caller) -> Tasks:
    """The jobs of this office. `house` is this office as a caller, for the journal."""
    tasks = Tasks()

    @tasks.task(DELIVERY, queue=DELIVERY_QUEUE)
    async def deliver_withdrawal(application_id: str) -> None:  # pyright: ignore[reportUnusedFunction]
        """End sharing in the catalog first, then close the listing, then note both."""
        record_id = await office.record_to_withdraw(UUID(application_id))
        if record_id is None:
            return
        await catalog.withdraw(record_id, matter=application_id)
        await black_list.close(record_id, matter=application_id, reason=REASON)
        await office.carried_out(UUID(application_id), house=house)

    return tasks


async def heal(office: RepairOffice, *, every_s: float = HEAL_S) -> None:
    """Put parked and lost deliveries down again, so that a repair is retried until it is acknowledged."""
    while True:
        await asyncio.sleep(every_s)
        try:
            again = await office.put_down_missing_deliveries()
        except Refused:  # the database is away; the next round tries again
            continue
        if again:
            log.error("repairs granted but not acknowledged, tried again", count=again)

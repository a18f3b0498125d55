"""What runs without a caller: having the catalog share a listing and stop sharing a closed one."""

from __future__ import annotations

from uuid import UUID

from foundation.access import Caller
from foundation.jobs import Tasks
from services.blacklist.catalog import Catalog
from services.blacklist.office import ListingOffice
from services.blacklist.office.decisions import DELIVERY
from services.blacklist.office.listings import WITHDRAWAL

EXPIRE_EVERY_S = 60.0
"""Seconds between two looks for listings whose period is over."""


def listing_tasks(office: ListingOffice, *, catalog: Catalog, house: Caller) -> Tasks:
    """The jobs of this office. `house` is this office as a caller, for the journal."""

    async def deliver_listing(case_id: str) -> None:
        """Hand the listing in, then note the record that it became."""
        record = await office.to_deliver(UUID(case_id), house=house)
        if record is not None:
            await office.acknowledged(UUID(case_id), await catalog.submit(record), house=house)

    async def withdraw_listing(case_id: str) -> None:
        """Have the catalog end the sharing."""
        record_id, matter = await office.to_withdraw(UUID(case_id))
        await catalog.withdraw(record_id, matter=matter)

    return {DELIVERY: deliver_listing, WITHDRAWAL: withdraw_listing}

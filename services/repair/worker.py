"""What runs without a caller: having a repaired record withdrawn everywhere, until everybody has acknowledged."""

from __future__ import annotations

from uuid import UUID

from foundation.access import Caller
from foundation.jobs import Tasks
from services.repair.neighbours import BlackList, Catalog
from services.repair.office import DELIVERY, RepairOffice

REASON = "信用修复（credit repaired by the determining authority）"


def delivery_tasks(office: RepairOffice, *, catalog: Catalog, black_list: BlackList, house: Caller) -> Tasks:
    """The jobs of this office. `house` is this office as a caller, for the journal."""

    async def deliver_withdrawal(application_id: str) -> None:
        """End sharing in the catalog first, then close the listing, then note both."""
        record_id = await office.record_to_withdraw(UUID(application_id))
        if record_id is None:
            return
        await catalog.withdraw(record_id, matter=application_id)
        await black_list.close(record_id, matter=application_id, reason=REASON)
        await office.carried_out(UUID(application_id), house=house)

    return {DELIVERY: deliver_withdrawal}

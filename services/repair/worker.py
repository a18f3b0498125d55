"""What runs without a caller: a repaired record is withdrawn everywhere, a party is told that something waits for it."""

from __future__ import annotations

from uuid import UUID

from foundation.access import Caller
from foundation.jobs import Tasks
from services.repair.messenger import Messenger
from services.repair.neighbours import BlackList, Catalog
from services.repair.office import DELIVERY, TELLING, RepairOffice

REASON = "信用修复（credit repaired by the determining authority）"


def tasks_of(
    office: RepairOffice, *, catalog: Catalog, black_list: BlackList, messenger: Messenger | None, house: Caller
) -> Tasks:
    """The jobs of this office. `house` is this office as a caller, for the journal."""

    async def deliver_withdrawal(application_id: str, record_id: str) -> None:
        """End sharing in the catalog first, then close the listing, then note both: what is done already stays so."""
        await catalog.withdraw(record_id, matter=application_id)
        await black_list.close(record_id, matter=application_id, reason=REASON)
        await office.carried_out(UUID(application_id), house=house)

    async def tell_party(application_id: str, step: int) -> None:
        """Have the sender tell the party, unless the operator connects none any more."""
        party = await office.party_to_tell(UUID(application_id), house=house) if messenger else None
        if messenger and party:
            await messenger.tell(party, key=f"{application_id}/{step}")

    return {DELIVERY: deliver_withdrawal, TELLING: tell_party}

"""Listings: reading and closing them, and having the catalog share them and stop sharing them."""

from __future__ import annotations

from uuid import UUID

from foundation.access import Caller
from foundation.jobs import defer
from foundation.journal import Receipt
from foundation.reasons import NOT_FOUND
from foundation.refusal import Refused
from foundation.rpc import Call
from services.blacklist.domain.dossier import Decided, FactsFound, StandardMatched
from services.blacklist.domain.listing import Listing, ListingRecord, listing_of, record_of
from services.blacklist.domain.reasons import LISTING_BEING_CARRIED_OUT
from services.blacklist.domain.steps import State, Step
from services.blacklist.office.desk import OFFICER_ROLE, SYSTEM_ROLE, Desk, acting
from services.blacklist.store import ListingName, OpenFile

WITHDRAWAL = "withdraw_listing"
"""The job that has the catalog end the sharing of a closed listing's record."""
WITHDRAWAL_QUEUE = "desharing"
OTHER_OFFICE = "office"
_DELIVERY = "ListingWorker.DeliverListing"


class ListingOffice:
    """Listings that came out of cases."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def listing(self, call: Call, listing_id: UUID) -> tuple[Listing, Receipt]:
        """One listing of the caller's authority. Raises Refused(NOT_FOUND)."""
        call.require_role(SYSTEM_ROLE)
        async with self._desk.database.transaction() as tx:
            case_id = await self._desk.store.case_of(tx, "listing_id", listing_id)
            file = await self._desk.store.of_authority(tx, call.caller.authority, case_id)
            view = await self._desk.journalled(tx, call, file, "answered")
            return _listing(file), view.receipt

    async def close(
        self, call: Call, name: ListingName, row_id: UUID, *, matter: str, reason: str
    ) -> tuple[Listing, bool]:
        """Close a listing, named by its id or its record's; True when it had been closed before.

        The authority's officer orders it, or the repair office, after a repair that ended the record's sharing.
        The catalog is told in either case: it says itself whether the sharing had ended before.
        Raises Refused(NOT_FOUND, LISTING_BEING_CARRIED_OUT).
        """
        ordered, store = OTHER_OFFICE in call.caller.roles, self._desk.store
        if not ordered:
            call.require_role(SYSTEM_ROLE, OTHER_OFFICE)
            call.require_officer(OFFICER_ROLE)
        async with self._desk.database.transaction() as tx:
            case_id = await store.case_of(tx, name, row_id)
            file = await store.of_house(tx, case_id)
            if not ordered and file.case.authority != call.caller.authority:
                raise Refused(NOT_FOUND, field=name)
            if file.case.state is State.CLOSED:
                await self._desk.journalled(tx, call, file, "answered")
                return _listing(file), True
            if file.case.state is State.SERVED:
                raise Refused(LISTING_BEING_CARRIED_OUT)
            move = file.case.close_listing(by="" if ordered else acting(call))
            closed = await store.take(tx, file, move, {"matter": matter, "reason": reason})
            await self._desk.journalled(tx, call, closed, "changed")
            await defer(tx, WITHDRAWAL, queue=WITHDRAWAL_QUEUE, lock=str(case_id), case_id=str(case_id))
            return _listing(closed), False

    async def to_deliver(self, case_id: UUID, *, house: Caller) -> ListingRecord | None:
        """The record of a served case; None when the catalog has acknowledged it before."""
        async with self._desk.database.transaction() as tx:
            file, said = await self._desk.store.of_house(tx, case_id), self._desk.store.said
            if file.case.state is not State.SERVED:
                return None
            (matched,) = await said(tx, file, StandardMatched, Step.MATCH_STANDARD)
            (found,) = await said(tx, file, FactsFound, Step.FIND_FACTS)
            (decided,) = await said(tx, file, Decided, Step.DECIDE_TO_LIST)
            await self._desk.journalled(tx, Call(caller=house, method=_DELIVERY), file, "answered")
            return record_of(
                file.case,
                file.party,
                book=self._desk.book,
                matched=matched,
                found=found,
                decision_number=decided.number,
            )

    async def acknowledged(self, case_id: UUID, record_id: UUID, *, house: Caller) -> None:
        """Note which record a listing became; noted before, it stays as it is."""
        async with self._desk.database.transaction() as tx:
            file = await self._desk.store.of_house(tx, case_id)
            if file.case.state is not State.SERVED:
                return
            await self._desk.store.hold_record(tx, file.case, record_id)
            move = file.case.acknowledge_listing(record_id=record_id)
            call = Call(caller=house, method=_DELIVERY)
            await self._desk.taken(tx, call, file, move, {"record_id": record_id})

    async def to_withdraw(self, case_id: UUID) -> tuple[UUID, str]:
        """The record of a closed listing, and the matter in which it was closed."""
        async with self._desk.database.transaction() as tx:
            file = await self._desk.store.of_house(tx, case_id)
            record_id = _listing(file).record_id
            assert record_id is not None
            (closed,) = await self._desk.store.said(tx, file, dict[str, str], Step.CLOSE_LISTING)
            return record_id, closed["matter"]


def _listing(file: OpenFile) -> Listing:
    listing = listing_of(file.case)
    if listing is None:
        raise Refused(NOT_FOUND)
    return listing

"""Listings: reading and closing them, and having the catalog share them and stop sharing them."""

from __future__ import annotations

from uuid import UUID

from foundation.access import Caller
from foundation.db import Transaction
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
from services.blacklist.store import OpenFile, said

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
            case_id = await self._desk.store.case_of_listing(tx, listing_id)
            file = await self._desk.store.of_authority(tx, call.caller.authority, case_id)
            view = await self._desk.journalled(tx, call, file, "answered")
            return _listing(file), view.receipt

    async def close(
        self, call: Call, *, listing_id: UUID | None, record_id: UUID | None, matter: str, reason: str
    ) -> tuple[Listing, bool]:
        """Close a listing, by its id or its record's; True when it had been closed before.

        The authority's officer orders it, or the repair office, after a repair that ended the record's sharing.
        The catalog is told in either case: it says itself whether the sharing had ended before.
        Raises Refused(NOT_FOUND, LISTING_BEING_CARRIED_OUT).
        """
        by = "" if OTHER_OFFICE in call.caller.roles else self._officer(call)
        async with self._desk.database.transaction() as tx:
            file = await self._closing(tx, call, listing_id=listing_id, record_id=record_id)
            if file.case.state is State.CLOSED:
                await self._desk.journalled(tx, call, file, "answered")
                return _listing(file), True
            if file.case.state is State.SERVED:
                raise Refused(LISTING_BEING_CARRIED_OUT)
            move, content = file.case.close_listing(by=by), {"matter": matter, "reason": reason}
            file = await self._desk.store.take(tx, file, move, content)
            await self._desk.journalled(tx, call, file, "changed")
            case_id = str(file.case.case_id)
            await defer(tx, WITHDRAWAL, queue=WITHDRAWAL_QUEUE, lock=case_id, case_id=case_id)
            return _listing(file), False

    async def to_deliver(self, case_id: UUID, *, house: Caller) -> ListingRecord | None:
        """The record of a served case; None when the catalog has acknowledged it before."""
        async with self._desk.database.transaction() as tx:
            file = await self._desk.store.of_house(tx, case_id)
            case = file.case
            if case.state is not State.SERVED:
                return None
            contents = await self._desk.store.contents(tx, file)
            by_step = {step.move.step: contents[step.seq] for step in case.steps}
            await self._desk.journalled(tx, Call(caller=house, method=_DELIVERY), file, "answered")
            return record_of(
                case,
                file.party,
                book=self._desk.book,
                matched=said(StandardMatched, by_step[Step.MATCH_STANDARD]),
                found=said(FactsFound, by_step[Step.FIND_FACTS]),
                decision_number=said(Decided, by_step[Step.DECIDE_TO_LIST]).number,
            )

    async def acknowledged(self, case_id: UUID, record_id: UUID, *, house: Caller) -> None:
        """Note which record a listing became; noted before, it stays as it is."""
        async with self._desk.database.transaction() as tx:
            file = await self._desk.store.of_house(tx, case_id)
            if file.case.state is not State.SERVED:
                return
            await self._desk.store.hold_record(tx, file.case, record_id)
            move, call = (
                file.case.acknowledge_listing(record_id=record_id),
                Call(caller=house, method=_DELIVERY),
            )
            await self._desk.taken(tx, call, file, move, {"record_id": record_id})

    async def to_withdraw(self, case_id: UUID) -> tuple[UUID, str]:
        """The record of a closed listing, and the matter in which it was closed."""
        async with self._desk.database.transaction() as tx:
            file = await self._desk.store.of_house(tx, case_id)
            closed, record_id = file.case.last(Step.CLOSE_LISTING), _listing(file).record_id
            assert closed is not None
            assert record_id is not None
            matter: str = (await self._desk.store.contents(tx, file))[closed.seq]["matter"]
            return record_id, matter

    async def _closing(
        self, tx: Transaction, call: Call, *, listing_id: UUID | None, record_id: UUID | None
    ) -> OpenFile:
        store = self._desk.store
        if listing_id is not None:
            case_id = await store.case_of_listing(tx, listing_id)
        else:
            assert record_id is not None
            case_id = await store.case_of_record(tx, record_id)
        if OTHER_OFFICE in call.caller.roles:
            return await store.of_house(tx, case_id)
        return await store.of_authority(tx, call.caller.authority, case_id)

    def _officer(self, call: Call) -> str:
        call.require_role(SYSTEM_ROLE, OTHER_OFFICE)
        call.require_officer(OFFICER_ROLE)
        return acting(call)


def _listing(file: OpenFile) -> Listing:
    listing = listing_of(file.case)
    if listing is None:
        raise Refused(NOT_FOUND)
    return listing

"""Listings: reading and closing them, and having the catalog share them and stop sharing them."""

from __future__ import annotations

from uuid import UUID

from foundation.access import Caller
from foundation.db import Transaction
from foundation.jobs import defer
from foundation.journal import Receipt
from foundation.personal import NOTHING, Personal
from foundation.policy import listing_period
from foundation.reasons import NOT_FOUND
from foundation.refusal import Refused
from foundation.rpc import Call
from services.blacklist.domain.dossier import Decided, FactsFound, StandardMatched
from services.blacklist.domain.listing import Listing, ListingRecord, listing_of, record_of
from services.blacklist.domain.measures import scheme_in_force
from services.blacklist.domain.reasons import LISTING_BEING_CARRIED_OUT
from services.blacklist.domain.steps import State, Step
from services.blacklist.domain.texts import Text
from services.blacklist.office.desk import OFFICER_ROLE, SYSTEM_ROLE, Desk, acting
from services.blacklist.store import ListingName, OpenFile

WITHDRAWAL = "withdraw_listing"
"""The job that has the catalog end the sharing of a closed listing's record."""
WITHDRAWAL_QUEUE = "desharing"
OTHER_OFFICE = "office"
EXPIRED = "expired"
"""Matter and reason of a listing that its period has ended."""
STEP = 100
"""Listings closed in one round, each in a transaction of its own."""
_DELIVERY = "ListingWorker.DeliverListing"
_EXPIRY = "ListingWorker.ExpireListing"


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
        self, call: Call, name: ListingName, row_id: UUID, *, matter: Personal, reason: Personal
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
            by = NOTHING if ordered else acting(call)
            return await self._closed(tx, call, file, by=by, matter=matter, reason=reason), False

    async def expire(self, *, house: Caller) -> int:
        """Close listings whose period is over, and have the catalog told as of every closed one; gives how many.

        No answer waits for it: the catalog shares nothing past its period.
        """
        async with self._desk.database.transaction() as tx:
            over = await self._desk.store.over(tx, STEP)
        call = Call(caller=house, method=_EXPIRY)
        for case_id in over:
            async with self._desk.database.transaction() as tx:
                file = await self._desk.store.of_house(tx, case_id)
                if file.case.state is State.LISTED:
                    await self._closed(tx, call, file, by=NOTHING, matter=Personal(EXPIRED), reason=Personal(EXPIRED))
        return len(over)

    async def _closed(
        self, tx: Transaction, call: Call, file: OpenFile, *, by: Personal, matter: Personal, reason: Personal
    ) -> Listing:
        move, case_id = file.case.close_listing(by=by), str(file.case.case_id)
        closed = await self._desk.store.take(tx, file, move, {"matter": matter, "reason": reason})
        await self._desk.journalled(tx, call, closed, "changed")
        await defer(tx, WITHDRAWAL, queue=WITHDRAWAL_QUEUE, lock=case_id, case_id=case_id)
        return _listing(closed)

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
            decided_on, terms = _listing(file).determined_on, self._desk.terms
            scheme = scheme_in_force(self._desk.book, file.case.scheme_code, on=decided_on)
            period = listing_period(scheme.earliest_removal, scheme.period, decided_on, terms.policy)
            await self._desk.store.hold_record(tx, file.case, record_id, period.ends_before)
            move = file.case.acknowledge_listing(record_id=record_id)
            call = Call(caller=house, method=_DELIVERY)
            await self._desk.taken(tx, call, file, move, {"record_id": record_id})

    async def to_withdraw(self, case_id: UUID) -> tuple[UUID, Personal]:
        """The record of a closed listing, and the matter in which it was closed."""
        async with self._desk.database.transaction() as tx:
            file = await self._desk.store.of_house(tx, case_id)
            record_id = _listing(file).record_id
            assert record_id is not None
            (closed,) = await self._desk.store.said(tx, file, dict[str, Text], Step.CLOSE_LISTING)
            return record_id, closed["matter"]


def _listing(file: OpenFile) -> Listing:
    listing = listing_of(file.case)
    if listing is None:
        raise Refused(NOT_FOUND)
    return listing

"""The use cases of the repair office. One public method is one transaction, its journal entry included.

The party acts through the gateway, an officer through the system of the authority that determined the finding.
What is another's is refused exactly as what does not exist. Nothing here costs anything (54号 clause 12).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal
from uuid import UUID

from foundation.access import Caller, Officer
from foundation.calendar import day_of
from foundation.db import Database, Transaction
from foundation.jobs import defer
from foundation.journal import Entry, Journal, Receipt
from foundation.reasons import NOT_FOUND
from foundation.refusal import Refused
from foundation.rpc import Call
from services.repair.domain.application import Application, QueueEntry, State, Step, submit
from services.repair.domain.deadlines import Deadlines
from services.repair.domain.eligibility import Eligibility, Finding, eligibility
from services.repair.domain.reasons import IDEMPOTENCY_KEY_REUSED
from services.repair.keys import ApplicationKeys, Party, bucket_in, new_application_id
from services.repair.neighbours import Catalog
from services.repair.store import Held, NewApplication, Store, lock_bucket

AUTHORITY_ROLE = "repair_authority"
OFFICER_ROLE = "repair_officer"
DELIVERY = "deliver_withdrawal"
"""The job that has a repaired record withdrawn everywhere."""
DELIVERY_QUEUE = "desharing"
ELIGIBILITY_MATTER = "repair eligibility"


class RepairOffice:
    """Eligibility, applications and decisions."""

    def __init__(
        self,
        *,
        database: Database,
        journal: Journal,
        keys: ApplicationKeys,
        deadlines: Deadlines,
        catalog: Catalog,
        random: Callable[[int], bytes],
    ) -> None:
        self._database = database
        self._journal = journal
        self._keys = keys
        self._store = Store(keys)
        self._deadlines = deadlines
        self._catalog = catalog
        self._random = random

    async def check_eligibility(self, call: Call, record_id: str) -> tuple[Finding, Eligibility, Receipt]:
        """Whether and from when the party may apply. Raises Refused(NOT_FOUND, UNAVAILABLE)."""
        party = await self._party(call)
        finding = await self._catalog.finding(record_id, matter=ELIGIBILITY_MATTER, about=party.identifier)
        async with self._database.transaction() as tx:
            judged = await self._judged(tx, party, finding)
            entry = Entry(
                kind=call.method,
                caller=call.caller,
                matter=ELIGIBILITY_MATTER,
                subject=party.identifier,
                disclosed=(f"{finding.record_id}:{finding.version}:eligibility",),
            )
            return finding, judged, await self._journal.write(tx, entry)

    async def submit(
        self, call: Call, *, record_id: str, correction: str, commitment: bool, idempotency_key: str
    ) -> tuple[Application, Receipt]:
        """Hand an application in; the same key of the same party gives the application that it made before.

        Raises Refused with an obstacle to repair, COMMITMENT_REQUIRED, IDEMPOTENCY_KEY_REUSED, NOT_FOUND,
        UNAVAILABLE.
        """
        party = await self._party(call)
        request_tag = await self._keys.request_tag(party, idempotency_key)
        async with self._database.transaction() as tx:
            known = await self._known(tx, call, party, request_tag, record_id)
        if known is not None:
            return known
        application_id = new_application_id(party, self._random)
        finding = await self._catalog.finding(record_id, matter=str(application_id), about=party.identifier)
        async with self._database.transaction() as tx:
            await lock_bucket(tx, party.bucket)
            known = await self._known(tx, call, party, request_tag, record_id)
            if known is not None:
                return known
            today = day_of(tx.now)
            step = submit(
                eligibility=await self._judged(tx, party, finding),
                commitment=commitment,
                day=today,
                deadlines=self._deadlines,
            )
            new = NewApplication(
                application_id=application_id,
                party=party,
                request_tag=request_tag,
                finding=finding,
                correction=correction,
                key=await self._keys.new(application_id, today),
            )
            await self._store.insert(tx, new)
            await self._store.take(tx, application_id, new.key.dek, step, authority="")
            return await self._changed(tx, call, application_id)

    async def accept(
        self, call: Call, application_id: UUID, *, missing: Sequence[str]
    ) -> tuple[Application, Receipt]:
        """Accept the application, or name everything that is missing, once.

        Raises Refused(STEP_NOT_POSSIBLE, MISSING_NAMED_BEFORE, NOT_FOUND).
        """
        async with self._database.transaction() as tx:
            officer, held = await self._to_handle(tx, call, application_id)
            step = held.application.accept(
                missing=missing,
                missing_named_before=await self._store.missing_named(
                    tx, held.bucket, held.application.record_id
                ),
                officer=officer.subject,
                day=day_of(tx.now),
                deadlines=self._deadlines,
            )
            return await self._taken(tx, call, held, step, authority=officer.authority)

    async def decide(
        self, call: Call, application_id: UUID, *, grant: bool, reasons: str, verification: str
    ) -> tuple[Application, Receipt]:
        """Grant or refuse; the transaction of a grant puts down the job that withdraws the record everywhere.

        Raises Refused(STEP_NOT_POSSIBLE, NOT_FOUND).
        """
        async with self._database.transaction() as tx:
            officer, held = await self._to_handle(tx, call, application_id)
            step = held.application.decide(
                grant=grant,
                reasons=reasons,
                verification=verification,
                officer=officer.subject,
                day=day_of(tx.now),
            )
            if grant:
                await _put_down_delivery(tx, application_id, held.application.record_id)
            return await self._taken(tx, call, held, step, authority=officer.authority)

    async def withdraw(self, call: Call, application_id: UUID) -> tuple[Application, Receipt]:
        """The party takes its application back. Raises Refused(STEP_NOT_POSSIBLE, NOT_FOUND)."""
        party = await self._party(call)
        async with self._database.transaction() as tx:
            await lock_bucket(tx, party.bucket)
            held = _found(await self._store.of_party(tx, party, application_id))
            return await self._taken(tx, call, held, held.application.withdraw(day=day_of(tx.now)))

    async def get(self, call: Call, application_id: UUID) -> tuple[Application, Receipt]:
        """One application, to its party or to an officer of the determining authority. Raises Refused(NOT_FOUND)."""
        if call.person is not None:
            party = await self._party(call)
            async with self._database.transaction() as tx:
                held = _found(await self._store.of_party(tx, party, application_id))
                return held.application, await self._read(tx, call, held)
        officer = _officer(call)
        async with self._database.transaction() as tx:
            held = _found(await self._store.of_authority(tx, officer.authority, application_id))
            return held.application, await self._read(tx, call, held)

    async def list_own(self, call: Call) -> tuple[list[Application], Receipt]:
        """The party's own applications, next deadline first, at most 500."""
        party = await self._party(call)
        async with self._database.transaction() as tx:
            applications = await self._store.list_of_party(tx, party)
            entry = Entry(
                kind=call.method,
                caller=call.caller,
                matter="own applications",
                subject=party.identifier,
                disclosed=tuple(_version(one) for one in applications),
            )
            return applications, await self._journal.write(tx, entry)

    async def queue(self, call: Call) -> tuple[list[QueueEntry], Receipt]:
        """What waits at the officer's authority, next deadline first, at most 500.

        The queue shows nothing about a party, so its one journal entry concerns none; opening an application
        (`get`) is an entry about its party.
        """
        officer = _officer(call)
        async with self._database.transaction() as tx:
            entries = await self._store.queue(tx, officer.authority)
            entry = Entry(
                kind=call.method,
                caller=call.caller,
                matter="queue",
                officer=officer.subject,
                disclosed=tuple(f"{one.application_id}:{one.state.value}:queue" for one in entries),
            )
            return entries, await self._journal.write(tx, entry)

    async def record_to_withdraw(self, application_id: UUID) -> str | None:
        """The record of a granted application; None once it is carried out."""
        async with self._database.transaction() as tx:
            return await self._store.granted_record(tx, application_id)

    async def carried_out(self, application_id: UUID, *, house: Caller) -> None:
        """Note that every office has acknowledged; done before, it stays as it is."""
        async with self._database.transaction() as tx:
            await lock_bucket(tx, bucket_in(application_id))
            held = _found(await self._store.of_house(tx, application_id))
            if held.application.state is State.CARRIED_OUT:
                return
            call = Call(caller=house, method="RepairWorker.DeliverWithdrawal")
            await self._taken(tx, call, held, held.application.carry_out(day=day_of(tx.now)))

    async def put_down_missing_deliveries(self) -> int:
        """Put a job down for every granted application that has none any more; give how many."""
        async with self._database.transaction() as tx:
            left = await self._store.granted_without_job(tx, DELIVERY)
            for application_id, record_id in left:
                await _put_down_delivery(tx, application_id, record_id)
            return len(left)

    async def _party(self, call: Call) -> Party:
        return await self._keys.party(call.require_person().identifier)

    async def _judged(self, tx: Transaction, party: Party, finding: Finding) -> Eligibility:
        is_open = await self._store.open_about(tx, party, finding.record_id)
        return eligibility(finding, today=day_of(tx.now), application_open=is_open)

    async def _known(
        self, tx: Transaction, call: Call, party: Party, request_tag: bytes, record_id: str
    ) -> tuple[Application, Receipt] | None:
        held = await self._store.of_request(tx, party, request_tag)
        if held is None:
            return None
        if held.application.record_id != record_id:
            raise Refused(IDEMPOTENCY_KEY_REUSED, field="idempotency_key")
        return held.application, await self._read(tx, call, held)

    async def _to_handle(self, tx: Transaction, call: Call, application_id: UUID) -> tuple[Officer, Held]:
        """The officer who takes the step, and the application, held against every other step."""
        officer = _officer(call)
        await lock_bucket(tx, bucket_in(application_id))
        return officer, _found(await self._store.of_authority(tx, officer.authority, application_id))

    async def _taken(
        self, tx: Transaction, call: Call, held: Held, step: Step, *, authority: str = ""
    ) -> tuple[Application, Receipt]:
        application_id = held.application.application_id
        await self._store.take(tx, application_id, held.dek, step, authority=authority)
        return await self._changed(tx, call, application_id)

    async def _changed(
        self, tx: Transaction, call: Call, application_id: UUID
    ) -> tuple[Application, Receipt]:
        held = _found(await self._store.of_house(tx, application_id))
        return held.application, await self._journal.write(tx, entry_about(call, held, decision="changed"))

    async def _read(self, tx: Transaction, call: Call, held: Held) -> Receipt:
        return await self._journal.write(tx, entry_about(call, held, decision="answered"))


def entry_about(call: Call, held: Held, *, decision: Literal["answered", "changed"]) -> Entry:
    """The journal entry of a call about one application."""
    return Entry(
        kind=call.method,
        caller=call.caller,
        matter=str(held.application.application_id),
        officer=call.officer.subject if call.officer else "",
        subject=held.subject,
        decision=decision,
        disclosed=(_version(held.application),),
    )


def _version(application: Application) -> str:
    """How an application is named in the digest of an entry: id, number of steps, what was shown."""
    return f"{application.application_id}:{len(application.history)}:application"


def _officer(call: Call) -> Officer:
    """The officer of the calling authority who handles repairs."""
    call.require_role(AUTHORITY_ROLE)
    return call.require_officer(OFFICER_ROLE)


def _found(held: Held | None) -> Held:
    if held is None:
        raise Refused(NOT_FOUND, field="application_id")
    return held


async def _put_down_delivery(tx: Transaction, application_id: UUID, record_id: str) -> None:
    await defer(
        tx,
        DELIVERY,
        queue=DELIVERY_QUEUE,
        lock=f"record:{record_id}",
        application_id=str(application_id),
    )

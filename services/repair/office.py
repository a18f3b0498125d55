"""The use cases of the repair office. One public method is one transaction, its journal entry included.

The party acts through the gateway, an officer through the system of the authority that determined the finding.
What is another's is refused exactly as what does not exist. Nothing here costs anything (54号 clause 12).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from foundation.access import Caller, Officer
from foundation.calendar import day_of
from foundation.db import Database, Row, Transaction
from foundation.evidence import FileHeader, Uploads, seal_file
from foundation.identity import Identifier
from foundation.jobs import defer
from foundation.journal import Entry, Journal, Receipt
from foundation.personal import Personal
from foundation.reasons import IDEMPOTENCY_KEY_REUSED
from foundation.refusal import Refused
from foundation.rpc import Call
from services.repair.domain.application import EVIDENCE_FILES, OPEN, Application, State, Step, submit
from services.repair.domain.deadlines import Deadlines
from services.repair.domain.eligibility import Eligibility, Finding, eligibility
from services.repair.domain.reasons import EVIDENCE_TOO_MANY
from services.repair.neighbours import Catalog
from services.repair.store import Held, Store

AUTHORITY_ROLE = "repair_authority"
OFFICER_ROLE = "repair_officer"
HEAD_ROLE = "repair_head"
"""The head of the deciding authority (主要负责人), who alone puts a last day off."""
DELIVERY = "deliver_withdrawal"
"""The job that has a repaired record withdrawn everywhere."""
DELIVERY_QUEUE = "desharing"
TELLING = "tell_party"
"""The job that has a party told to sign in; one at a time, so that a sender that hangs never holds up a withdrawal."""
ELIGIBILITY_MATTER = "repair eligibility"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairOffice:
    """Eligibility, applications and decisions.

    `tells`: whether a party is told outside the portal that an official, or the house, has acted on its application.
    """

    database: Database
    journal: Journal
    store: Store
    deadlines: Deadlines
    catalog: Catalog
    uploads: Uploads = field(default_factory=Uploads)
    tells: bool = False

    async def check_eligibility(self, call: Call, record_id: str) -> tuple[Finding, Eligibility, Receipt]:
        """Whether and from when the party may apply. Raises Refused(NOT_FOUND, UNAVAILABLE)."""
        party = call.require_person().identifier
        finding = await self.catalog.finding(record_id, matter=ELIGIBILITY_MATTER, about=party)
        async with self.database.transaction() as tx:
            disclosed = (f"{finding.record_id}:{finding.version}:eligibility",)
            entry = call.entry(purpose="own", matter=ELIGIBILITY_MATTER, subject=party, disclosed=disclosed)
            judged = await self._judged(tx, party, finding)
            return finding, judged, await self.journal.write(tx, entry)

    async def submit(
        self, call: Call, *, record_id: str, correction: Personal, commitment: bool, idempotency_key: str
    ) -> tuple[Application, Receipt]:
        """Hand an application in; the same key of the same party gives the application that it made before.

        Raises Refused with an obstacle to repair, COMMITMENT_REQUIRED, IDEMPOTENCY_KEY_REUSED, NOT_FOUND,
        UNAVAILABLE.
        """
        party = call.require_person().identifier
        async with self.database.transaction() as tx:
            known = await self._known(tx, call, party, idempotency_key, record_id)
        if known is not None:
            return known
        application_id = await self.store.new_application_id(party)
        finding = await self.catalog.finding(record_id, matter=str(application_id), about=party)
        async with self.database.transaction() as tx:
            await self.store.lock(tx, application_id)
            known = await self._known(tx, call, party, idempotency_key, record_id)
            if known is not None:
                return known
            step = submit(
                eligibility=await self._judged(tx, party, finding),
                commitment=commitment,
                day=day_of(tx.now),
                deadlines=self.deadlines,
            )
            await self.store.create(
                tx, application_id, party, finding, correction=correction, key=idempotency_key, step=step
            )
            return await self._changed(tx, call, application_id)

    async def add_evidence(
        self, call: Call, application_id: UUID, header: FileHeader, parts: AsyncIterator[bytes]
    ) -> tuple[UUID, bytes, int]:
        """Add a file to the party's own application; the same content again gives the file it has.

        Gives its id, the SHA-256 of its content and its size in bytes.
        Raises Refused(NOT_FOUND, STEP_OUT_OF_ORDER, EVIDENCE_*).
        """
        party = call.require_person().identifier
        async with self.database.transaction() as tx:  # before anything large is taken in
            held = await self.store.of_party(tx, party, application_id)
            held.application.require_evidence_possible()
        async with self.uploads.collected(header.media_type, parts) as content, self.database.transaction() as tx:
            await self.store.lock(tx, application_id)
            held = await self.store.of_party(tx, party, application_id)
            held.application.require_evidence_possible()
            new = seal_file(held.dek, header, content)
            known = await self.store.same_file(tx, application_id, new.sha256)
            if known is None:
                if held.application.evidence_count >= EVIDENCE_FILES:
                    raise Refused(EVIDENCE_TOO_MANY)
                await self.store.add_evidence(tx, held.application, new)
            await self.journal.write(tx, entry_about(call, held, decision="changed"))
            return known or new.evidence_id, new.sha256, new.size

    async def accept(
        self, call: Call, application_id: UUID, *, missing: Sequence[Personal]
    ) -> tuple[Application, Receipt]:
        """Accept the application, or name everything that is missing, once.

        Raises Refused(STEP_OUT_OF_ORDER, MISSING_NAMED_BEFORE, NOT_FOUND).
        """
        async with self.database.transaction() as tx:
            officer, held = await self._to_handle(tx, call, application_id)
            step = held.application.accept(
                missing=missing,
                missing_named_before=await self.store.stands(
                    tx, held.subject, held.application.record_id, {State.NOT_ACCEPTED}
                ),
                officer=officer.subject,
                day=day_of(tx.now),
                deadlines=self.deadlines,
            )
            return await self._taken(tx, call, held, step, authority=officer.authority)

    async def extend(self, call: Call, application_id: UUID, *, reasons: Personal) -> tuple[Application, Receipt]:
        """The head of the authority puts the last day of the decision off, once.

        Raises Refused(OFFICER_ROLE_REQUIRED, STEP_OUT_OF_ORDER, DEADLINE_OVER, NOT_FOUND).
        """
        async with self.database.transaction() as tx:
            officer, held = await self._to_handle(tx, call, application_id, role=HEAD_ROLE)
            step = held.application.extend(
                reasons=reasons, officer=officer.subject, day=day_of(tx.now), deadlines=self.deadlines
            )
            return await self._taken(tx, call, held, step, authority=officer.authority)

    async def decide(
        self, call: Call, application_id: UUID, *, grant: bool, reasons: Personal, verification: Personal
    ) -> tuple[Application, Receipt]:
        """Grant or refuse; the transaction of a grant puts down the job that withdraws the record everywhere.

        Raises Refused(STEP_OUT_OF_ORDER, NOT_FOUND).
        """
        async with self.database.transaction() as tx:
            officer, held = await self._to_handle(tx, call, application_id)
            step = held.application.decide(
                grant=grant, reasons=reasons, verification=verification, officer=officer.subject, day=day_of(tx.now)
            )
            if grant:
                await defer(
                    tx,
                    DELIVERY,
                    queue=DELIVERY_QUEUE,
                    lock=f"record:{held.application.record_id}",
                    application_id=str(application_id),
                    record_id=held.application.record_id,
                )
            return await self._taken(tx, call, held, step, authority=officer.authority)

    async def withdraw(self, call: Call, application_id: UUID) -> tuple[Application, Receipt]:
        """The party takes its application back. Raises Refused(STEP_OUT_OF_ORDER, NOT_FOUND)."""
        party = call.require_person().identifier
        async with self.database.transaction() as tx:
            await self.store.lock(tx, application_id)
            held = await self.store.of_party(tx, party, application_id)
            return await self._taken(tx, call, held, held.application.withdraw(day=day_of(tx.now)))

    async def get(self, call: Call, application_id: UUID) -> tuple[Application, Receipt]:
        """One application, to its party or to an officer of the determining authority. Raises Refused(NOT_FOUND)."""
        async with self.database.transaction() as tx:
            held = await self.opened(tx, call, application_id)
            return held.application, await self._read(tx, call, held)

    async def opened(self, tx: Transaction, call: Call, application_id: UUID) -> Held:
        """An application of the party or the officer that asks. Raises Refused(NOT_FOUND) for any other as for none."""
        if call.person is not None:
            return await self.store.of_party(tx, call.require_person().identifier, application_id)
        return await self.store.of_authority(tx, _officer(call).authority, application_id)

    async def list_own(self, call: Call) -> tuple[list[Application], Receipt]:
        """The party's own applications, next deadline first, at most 500."""
        party = call.require_person().identifier
        async with self.database.transaction() as tx:
            applications = await self.store.list_of_party(tx, party)
            shown = tuple(_version(one) for one in applications)
            entry = call.entry(purpose="own", matter="own applications", subject=party, disclosed=shown)
            return applications, await self.journal.write(tx, entry)

    async def queue(self, call: Call) -> tuple[Sequence[Row], Receipt]:
        """What waits at the officer's authority, next deadline first, at most 500.

        The queue shows nothing about a party, so its one journal entry concerns none; opening an application
        (`get`) is an entry about its party.
        """
        officer = _officer(call)
        async with self.database.transaction() as tx:
            entries = await self.store.queue(tx, officer.authority)
            shown = tuple(f"{one.application_id}:{one.state}:queue" for one in entries)
            return entries, await self.journal.write(tx, call.entry(matter="queue", disclosed=shown))

    async def party_to_tell(self, application_id: UUID, *, house: Caller) -> Identifier | None:
        """The party that is to be told to sign in, journalled; None once the application is erased."""
        async with self.database.transaction() as tx:
            try:
                held = await self.store.of_house(tx, application_id)
            except Refused:
                return None
            call = Call(caller=house, method="RepairWorker.TellParty")
            await self.journal.write(tx, entry_about(call, held, decision="answered"))
            return held.subject

    async def carried_out(self, application_id: UUID, *, house: Caller) -> None:
        """Note that every office has acknowledged; done before, it stays as it is."""
        async with self.database.transaction() as tx:
            await self.store.lock(tx, application_id)
            held = await self.store.of_house(tx, application_id)
            if held.application.state is State.CARRIED_OUT:
                return
            call = Call(caller=house, method="RepairWorker.DeliverWithdrawal")
            await self._taken(tx, call, held, held.application.carry_out(day=day_of(tx.now)))

    async def _judged(self, tx: Transaction, party: Identifier, finding: Finding) -> Eligibility:
        is_open = await self.store.stands(tx, party, finding.record_id, OPEN)
        return eligibility(finding, today=day_of(tx.now), application_open=is_open)

    async def _known(
        self, tx: Transaction, call: Call, party: Identifier, idempotency_key: str, record_id: str
    ) -> tuple[Application, Receipt] | None:
        held = await self.store.of_request(tx, party, idempotency_key)
        if held is None:
            return None
        if held.application.record_id != record_id:
            raise Refused(IDEMPOTENCY_KEY_REUSED, field="idempotency_key")
        return held.application, await self._read(tx, call, held)

    async def _to_handle(
        self, tx: Transaction, call: Call, application_id: UUID, *, role: str = OFFICER_ROLE
    ) -> tuple[Officer, Held]:
        """The officer who takes the step, and the application, held against every other step."""
        officer = _officer(call, role)
        await self.store.lock(tx, application_id)
        return officer, await self.store.of_authority(tx, officer.authority, application_id)

    async def _taken(
        self, tx: Transaction, call: Call, held: Held, step: Step, *, authority: str = ""
    ) -> tuple[Application, Receipt]:
        application_id = held.application.application_id
        await self.store.take(tx, application_id, held.dek, step, authority=authority)
        if self.tells and call.person is None:
            number = len(held.application.history) + 1
            await defer(tx, TELLING, lock=TELLING, application_id=str(application_id), step=number)
        return await self._changed(tx, call, application_id)

    async def _changed(self, tx: Transaction, call: Call, application_id: UUID) -> tuple[Application, Receipt]:
        held = await self.store.of_house(tx, application_id)
        return held.application, await self.journal.write(tx, entry_about(call, held, decision="changed"))

    async def _read(self, tx: Transaction, call: Call, held: Held) -> Receipt:
        return await self.journal.write(tx, entry_about(call, held, decision="answered"))


def entry_about(call: Call, held: Held, *, decision: Literal["answered", "changed"]) -> Entry:
    """The journal entry of a call about one application."""
    return call.entry(
        purpose="own" if call.person else "",
        matter=str(held.application.application_id),
        subject=held.subject,
        decision=decision,
        disclosed=(_version(held.application),),
    )


def _version(application: Application) -> str:
    """How an application is named in the digest of an entry: id, number of steps, what was shown."""
    return f"{application.application_id}:{len(application.history)}:application"


def _officer(call: Call, role: str = OFFICER_ROLE) -> Officer:
    """The officer of the calling authority who handles repairs, or its head."""
    call.require_role(AUTHORITY_ROLE)
    return call.require_officer(role)

"""What every use case works on: a transaction with the case locked, a move stored, an entry in the journal."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from foundation.calendar import day_of
from foundation.db import Database, Transaction
from foundation.journal import Journal, Receipt
from foundation.personal import NOTHING, Personal
from foundation.policy import LawBook, Measure, Scheme
from foundation.rpc import Call
from services.blacklist.domain.case import Case, Move
from services.blacklist.domain.deadlines import Terms
from services.blacklist.domain.documents import Subject
from services.blacklist.domain.dossier import Answered, FactsFound, Party, StandardMatched, Stated
from services.blacklist.domain.measures import fitting_measures, scheme_in_force
from services.blacklist.domain.steps import Step
from services.blacklist.store import OpenFile, Store

SYSTEM_ROLE = "list_authority"
OFFICER_ROLE = "case_officer"
DECIDER_ROLE = "decider"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A case as it stands on a day, with its party, and the document that was made or asked for."""

    case: Case
    party: Party
    today: date
    receipt: Receipt
    document: Personal = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Database, journal, cases and law of the office; `sign` makes a text a signed document."""

    database: Database
    journal: Journal
    store: Store
    book: LawBook
    terms: Terms
    sign: Callable[[str], str]

    def signed(self, text: Personal) -> Personal:
        """The text as a signed document."""
        return Personal(self.sign(text.reveal()))

    @asynccontextmanager
    async def changing(
        self, call: Call, case_id: UUID, role: str
    ) -> AsyncGenerator[tuple[Transaction, OpenFile, Personal]]:
        """A transaction with the case locked, and the official who acts in `role`.

        Raises Refused(ROLE_REQUIRED, ASSERTION_REQUIRED, OFFICER_ROLE_REQUIRED, NOT_FOUND).
        """
        call.require_role(SYSTEM_ROLE)
        officer = call.require_officer(role)
        async with self.database.transaction() as tx:
            yield tx, await self.store.of_authority(tx, officer.authority, case_id), officer.subject

    async def taken(
        self, tx: Transaction, call: Call, file: OpenFile, move: Move, content: object, *, document: Personal = NOTHING
    ) -> View:
        """Store a move with what it says in words, and journal it."""
        file = await self.store.take(tx, file, move, content)
        return await self.journalled(tx, call, file, "changed", document=document)

    async def journalled(
        self,
        tx: Transaction,
        call: Call,
        file: OpenFile,
        decision: Literal["answered", "changed"],
        *,
        document: Personal = NOTHING,
    ) -> View:
        """Journal that a case was shown or changed; give it as it stands."""
        case = file.case
        scheme = self.book.scheme(case.scheme_code, on=case.opened_on)
        entry = call.entry(
            officer=acting(call),
            matter=str(case.case_id),
            subject=file.party.identifier,
            decision=decision,
            items=(scheme.item_code if scheme else case.scheme_code,),
            disclosed=(f"{case.case_id}:{len(case.steps)}:{'document' if document else 'party,steps'}",),
        )
        receipt = await self.journal.write(tx, entry)
        return View(case=case, party=file.party, today=day_of(tx.now), receipt=receipt, document=document)

    def scheme(self, case: Case, at: datetime) -> Scheme:
        """The case's scheme as in force at an instant. Raises Refused(SCHEME_NOT_IN_FORCE)."""
        return scheme_in_force(self.book, case.scheme_code, on=day_of(at))

    def measures(self, file: OpenFile, codes: Sequence[str], *, at: datetime) -> tuple[Measure, ...]:
        """The measures that a listing in this case may cite at an instant. Raises Refused(MEASURE_*)."""
        scheme, party = self.scheme(file.case, at), file.party
        return fitting_measures(self.book, codes, scheme, party.subject_type, on=day_of(at))

    async def subject(self, tx: Transaction, file: OpenFile, scheme: Scheme) -> Subject:
        """What every document of a case begins with. Requires that facts were found."""
        case, said = file.case, self.store.said
        (matched,) = await said(tx, file, StandardMatched, Step.MATCH_STANDARD)
        (found,) = await said(tx, file, FactsFound, Step.FIND_FACTS)
        heard = zip(
            await said(tx, file, Stated, Step.SUBMIT_STATEMENT),
            await said(tx, file, Answered, Step.ANSWER_STATEMENT),
            strict=True,
        )
        return Subject(
            case_id=case.case_id,
            authority=case.authority,
            sample=case.sample,
            scheme=scheme,
            party=file.party,
            matched=matched,
            found=found,
            heard=tuple(heard),
        )


def acting(call: Call) -> Personal:
    """The official whom the caller names, "" where it names none of its own."""
    officer = call.officer
    return officer.subject if officer is not None and officer.authority == call.caller.authority else NOTHING

"""The use cases of a case. One public method is one transaction, its journal entry included.

The calling system is the list authority's, and each step names one of its officials. What is another authority's
is refused exactly as what does not exist.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from foundation.calendar import day_of
from foundation.db import Database, Transaction
from foundation.jobs import defer
from foundation.journal import Entry, Journal, Receipt
from foundation.policy import LawBook, Scheme, listing_period
from foundation.refusal import Refused
from foundation.rpc import Call
from services.blacklist.domain import documents
from services.blacklist.domain.case import Case, Move, opening
from services.blacklist.domain.deadlines import Terms
from services.blacklist.domain.dossier import (
    Basis,
    Decided,
    FactsFound,
    Heard,
    Party,
    StandardMatched,
    effective,
)
from services.blacklist.domain.leniency import Leniency, answered, is_accountable
from services.blacklist.domain.measures import criteria_of, fitting_measures, scheme_for, scheme_in_force
from services.blacklist.domain.reasons import (
    DECISION_NUMBER_TAKEN,
    IDEMPOTENCY_KEY_REUSED,
    NO_DECISION_YET,
    SAMPLE_REFUSED,
)
from services.blacklist.domain.steps import DECIDING, State, Step
from services.blacklist.store import OpenFile, Store

SYSTEM_ROLE = "list_authority"
OFFICER_ROLE = "case_officer"
DECIDER_ROLE = "decider"
DELIVERY = "deliver_listing"
"""The job that hands a listing in to the catalog."""
DELIVERY_QUEUE = "listing"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A case as it stands at an instant, with its party where it was asked for, and a document where one was made."""

    case: Case
    at: datetime
    receipt: Receipt
    party: Party | None = None
    document: str = field(default="", repr=False)

    @property
    def today(self) -> date:
        """The day of the instant in Asia/Shanghai."""
        return day_of(self.at)


class CaseOffice:
    """Cases by due process. Source: 54号 clause 8."""

    def __init__(
        self,
        *,
        database: Database,
        journal: Journal,
        store: Store,
        book: LawBook,
        terms: Terms,
        sign: Callable[[str], str],
    ) -> None:
        self._database = database
        self._journal = journal
        self._store = store
        self._book = book
        self._terms = terms
        self._sign = sign

    async def open_case(
        self, call: Call, *, scheme_code: str, party: Party, cause: str, key: str, sample: bool
    ) -> View:
        """Open an investigation; the same key of the same authority gives the case that it opened before.

        Raises Refused(SCHEME_NOT_IN_FORCE, SUBJECT_NOT_COVERED, SAMPLE_REFUSED, IDEMPOTENCY_KEY_REUSED).
        """
        call.require_role(SYSTEM_ROLE)
        officer = call.require_officer(OFFICER_ROLE)
        async with self._database.transaction() as tx:
            scheme_for(self._book, scheme_code, party.subject_type, on=day_of(tx.now))
            if sample and not await self._store.is_sample_house(tx):
                raise Refused(SAMPLE_REFUSED, field="sample")
            case_id = await self._store.new_case_id(party)
            opened = await self._store.claim_request(tx, call.caller.authority, key, case_id)
            if opened != case_id:
                file = await self._store.of_authority(tx, call.caller.authority, opened)
                said = (await self._store.contents(tx, file))[1]["cause"]
                if (file.case.scheme_code, file.case.sample, file.party, said) != (
                    scheme_code,
                    sample,
                    party,
                    cause,
                ):
                    raise Refused(IDEMPOTENCY_KEY_REUSED, field="idempotency_key")
                return await self._journalled(tx, call, file, "answered")
            case = Case(
                case_id=case_id,
                authority=call.caller.authority,
                scheme_code=scheme_code,
                sample=sample,
                evidence=0,
                steps=(),
            )
            move = opening(content={"cause": cause}, by=officer.subject, at=tx.now, terms=self._terms)
            file = await self._store.create(tx, case, party, move)
            return await self._journalled(tx, call, file, "changed")

    async def match_standard(
        self, call: Call, case_id: UUID, *, criterion_codes: Sequence[str], reasoning: str
    ) -> View:
        """Hold the evidence against the standard. Raises Refused(CRITERION_UNKNOWN, EVIDENCE_MISSING)."""
        async with self._changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            codes = criteria_of(self._scheme(file.case, tx.now), criterion_codes)
            content = StandardMatched(criterion_codes=codes, reasoning=reasoning).content()
            move = file.case.match_standard(content=content, by=officer, terms=self._terms)
            return await self._taken(tx, call, file, move)

    async def find_facts(
        self,
        call: Call,
        case_id: UUID,
        *,
        facts: str,
        basis: Basis,
        leniency: Leniency,
        measure_codes: Sequence[str],
    ) -> View:
        """Find the facts and propose measures.

        Raises Refused(BASIS_NOT_ALLOWED, BASIS_NOT_EFFECTIVE, LENIENCY_CONTRADICTED, MEASURE_*).
        """
        async with self._changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            today, party = day_of(tx.now), file.party
            scheme = self._scheme(file.case, tx.now)
            fitting_measures(self._book, measure_codes, scheme, party.subject_type, on=today)
            found = FactsFound(
                facts=facts,
                basis=effective(basis, on=today),
                leniency=answered(leniency, party.identifier, found_on=basis.determined_on),
            )
            move = file.case.find_facts(
                content=found.content(),
                measures=measure_codes,
                under_age=leniency.under_age,
                slight=leniency.slight,
                by=officer,
                terms=self._terms,
            )
            return await self._taken(tx, call, file, move)

    async def hold_panel(self, call: Call, case_id: UUID, *, minutes: str, members: Sequence[str]) -> View:
        """Record the panel meeting. Raises Refused(PANEL_TOO_SMALL)."""
        async with self._changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            move = file.case.hold_panel(
                content={"minutes": minutes}, members=members, by=officer, terms=self._terms
            )
            return await self._taken(tx, call, file, move)

    async def notify_party(self, call: Call, case_id: UUID, *, method: str, proof: str) -> View:
        """Record the service of the notice, and give it as signed text; the window opens with it."""
        async with self._changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            case, today = file.case, day_of(tx.now)
            scheme = self._scheme(case, tx.now)
            move = case.notify_party(by=officer, at=tx.now, terms=self._terms)
            assert move.window is not None
            proposed = case.last(Step.FIND_FACTS)
            measures = fitting_measures(
                self._book,
                (proposed.move.measures if proposed else None) or (),
                scheme,
                file.party.subject_type,
                on=today,
            )
            text = documents.notice(
                await self._subject(tx, file, scheme),
                measures,
                served_on=today,
                method=method,
                window=move.window,
            )
            notice = self._sign(text)
            content = {"method": method, "proof": proof, "notice": notice}
            return await self._taken(tx, call, file, replace(move, content=content), document=notice)

    async def submit_statement(self, call: Call, case_id: UUID, *, statement: str) -> View:
        """Record the party's statement; the clock stands until it is answered."""
        async with self._changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            move = file.case.submit_statement(
                content={"statement": statement}, by=officer, at=tx.now, terms=self._terms
            )
            return await self._taken(tx, call, file, move)

    async def answer_statement(self, call: Call, case_id: UUID, *, answer: str, upheld: bool) -> View:
        """Answer the statement that waits, after verifying what it claims."""
        async with self._changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            move = file.case.answer_statement(
                content={"answer": answer}, upheld=upheld, by=officer, at=tx.now, terms=self._terms
            )
            return await self._taken(tx, call, file, move)

    async def decide_to_list(
        self, call: Call, case_id: UUID, *, reasons: str, measure_codes: Sequence[str], number: str
    ) -> View:
        """Decide to list, and give the decision as signed text.

        Raises what `Case.decide_to_list` raises, SCHEME_NOT_IN_FORCE, MEASURE_* and DECISION_NUMBER_TAKEN.
        """
        async with self._changing(call, case_id, DECIDER_ROLE) as (tx, file, officer):
            case, today, policy = file.case, day_of(tx.now), self._terms.policy
            contents = await self._store.contents(tx, file)
            found_step = case.last(Step.FIND_FACTS)
            found = FactsFound.of(contents[found_step.seq]) if found_step else None
            move = case.decide_to_list(
                measures=measure_codes,
                accountable=found is not None
                and is_accountable(file.party.identifier, found_on=found.basis.determined_on, policy=policy),
                by=officer,
                at=tx.now,
                terms=self._terms,
            )
            scheme = self._scheme(case, tx.now)
            measures = fitting_measures(
                self._book, move.measures or (), scheme, file.party.subject_type, on=today
            )
            text = documents.listing_decision(
                await self._subject(tx, file, scheme),
                measures,
                number=number,
                reasons=reasons,
                decided_on=today,
                published=move.published is True,
                period=listing_period(scheme.earliest_removal, scheme.period, today, policy),
            )
            return await self._decided(tx, call, file, move, number=number, reasons=reasons, text=text)

    async def decide_to_drop(self, call: Call, case_id: UUID, *, reasons: str, number: str) -> View:
        """Decide not to list, and give the decision as signed text.

        Raises what `Case.decide_to_drop` raises, and DECISION_NUMBER_TAKEN.
        """
        async with self._changing(call, case_id, DECIDER_ROLE) as (tx, file, officer):
            move = file.case.decide_to_drop(by=officer, at=tx.now)
            # A scheme repealed meanwhile must not keep a case from being dropped.
            scheme = scheme_in_force(self._book, file.case.scheme_code, on=file.case.opened_on)
            text = documents.drop_decision(
                await self._subject(tx, file, scheme),
                number=number,
                reasons=reasons,
                decided_on=day_of(tx.now),
            )
            return await self._decided(tx, call, file, move, number=number, reasons=reasons, text=text)

    async def serve_decision(self, call: Call, case_id: UUID, *, method: str, proof: str) -> View:
        """Record the service of the decision, and put down the job that delivers the listing."""
        async with self._changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            move = file.case.serve_decision(content={"method": method, "proof": proof}, by=officer)
            file = await self._store.create_listing(tx, file)
            view = await self._taken(tx, call, file, move)
            await defer(tx, DELIVERY, queue=DELIVERY_QUEUE, lock=str(case_id), case_id=str(case_id))
            return view

    async def case(self, call: Call, case_id: UUID) -> View:
        """One case of the caller's authority, with its party."""
        call.require_role(SYSTEM_ROLE)
        async with self._database.transaction() as tx:
            file = await self._store.of_authority(tx, call.caller.authority, case_id)
            return await self._journalled(tx, call, file, "answered")

    async def decision_document(self, call: Call, case_id: UUID) -> View:
        """The signed decision. Raises Refused(NO_DECISION_YET)."""
        call.require_role(SYSTEM_ROLE)
        async with self._database.transaction() as tx:
            file = await self._store.of_authority(tx, call.caller.authority, case_id)
            decision = file.case.last(*DECIDING)
            if decision is None:
                raise Refused(NO_DECISION_YET)
            decided = Decided.of((await self._store.contents(tx, file))[decision.seq])
            return await self._journalled(tx, call, file, "answered", document=decided.document)

    async def cases(self, call: Call, state: State | None) -> tuple[list[Case], Receipt]:
        """The authority's cases, next deadline first, at most 500; they show nothing about a party."""
        call.require_role(SYSTEM_ROLE)
        async with self._database.transaction() as tx:
            cases = await self._store.cases(tx, call.caller.authority, state)
            entry = Entry(
                kind=call.method,
                caller=call.caller,
                officer=acting(call),
                matter="cases",
                disclosed=tuple(f"{case.case_id}:{len(case.steps)}:steps" for case in cases),
            )
            return cases, await self._journal.write(tx, entry)

    def schemes(self, on: date) -> list[Scheme]:
        """The schemes in force on a day, by code."""
        return self._book.schemes_in_force(on)

    def scheme(self, code: str, on: date) -> Scheme:
        """One scheme in force. Raises Refused(SCHEME_NOT_IN_FORCE)."""
        return scheme_in_force(self._book, code, on=on)

    async def today(self) -> date:
        """The house's day."""
        async with self._database.transaction() as tx:
            return day_of(tx.now)

    @asynccontextmanager
    async def _changing(
        self, call: Call, case_id: UUID, role: str
    ) -> AsyncGenerator[tuple[Transaction, OpenFile, str]]:
        """A transaction with the case locked, and the official who acts."""
        call.require_role(SYSTEM_ROLE)
        officer = call.require_officer(role)
        async with self._database.transaction() as tx:
            yield tx, await self._store.of_authority(tx, officer.authority, case_id), officer.subject

    def _scheme(self, case: Case, at: datetime) -> Scheme:
        return scheme_in_force(self._book, case.scheme_code, on=day_of(at))

    async def _subject(self, tx: Transaction, file: OpenFile, scheme: Scheme) -> documents.Subject:
        case, contents = file.case, await self._store.contents(tx, file)
        matched, found = case.last(Step.MATCH_STANDARD), case.last(Step.FIND_FACTS)
        assert matched is not None
        assert found is not None
        heard = [
            Heard(
                statement=contents[step.seq - 1]["statement"],
                answer=contents[step.seq]["answer"],
                upheld=step.move.upheld is True,
            )
            for step in case.steps
            if step.move.step is Step.ANSWER_STATEMENT
        ]
        return documents.Subject(
            case_id=case.case_id,
            authority=case.authority,
            sample=case.sample,
            scheme=scheme,
            party=file.party,
            matched=StandardMatched.of(contents[matched.seq]),
            found=FactsFound.of(contents[found.seq]),
            heard=tuple(heard),
        )

    async def _decided(
        self, tx: Transaction, call: Call, file: OpenFile, move: Move, *, number: str, reasons: str, text: str
    ) -> View:
        if not await self._store.claim_number(tx, file.case, number):
            raise Refused(DECISION_NUMBER_TAKEN, field="decision_number")
        document = self._sign(text)
        content = Decided(number=number, reasons=reasons, document=document).content()
        return await self._taken(tx, call, file, replace(move, content=content), document=document)

    async def _taken(
        self, tx: Transaction, call: Call, file: OpenFile, move: Move, *, document: str = ""
    ) -> View:
        taken = await self._store.take(tx, file, move)
        return await self._journalled(tx, call, taken, "changed", document=document)

    async def _journalled(
        self,
        tx: Transaction,
        call: Call,
        file: OpenFile,
        decision: Literal["answered", "changed"],
        *,
        document: str = "",
    ) -> View:
        receipt = await self._journal.write(tx, entry_about(call, file, decision=decision))
        return View(case=file.case, at=tx.now, receipt=receipt, party=file.party, document=document)


def acting(call: Call) -> str:
    """The official whom the caller names, "" where it names none of its own."""
    officer = call.officer
    return officer.subject if officer is not None and officer.authority == call.caller.authority else ""


def entry_about(call: Call, file: OpenFile, *, decision: Literal["answered", "changed"]) -> Entry:
    """The journal entry of a call about a case's party."""
    case = file.case
    return Entry(
        kind=call.method,
        caller=call.caller,
        officer=acting(call),
        matter=str(case.case_id),
        subject=file.party.identifier,
        decision=decision,
        items=(case.scheme_code,),
        disclosed=(f"{case.case_id}:{len(case.steps)}:party,steps",),
    )

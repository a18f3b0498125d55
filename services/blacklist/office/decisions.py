"""From the notice to the decision's service: telling the party, hearing it, deciding. Who decides did not propose.

Source: 54号 clause 8; Administrative Penalty Law arts. 44, 45.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from foundation.calendar import day_of
from foundation.db import Transaction
from foundation.jobs import defer
from foundation.personal import Personal
from foundation.policy import listing_period
from foundation.refusal import Refused
from foundation.rpc import Call
from services.blacklist.domain import documents
from services.blacklist.domain.case import Move
from services.blacklist.domain.dossier import Answered, Decided, FactsFound, Stated
from services.blacklist.domain.leniency import is_accountable
from services.blacklist.domain.measures import scheme_in_force
from services.blacklist.domain.reasons import DECISION_NUMBER_TAKEN
from services.blacklist.domain.steps import Step
from services.blacklist.office.desk import DECIDER_ROLE, OFFICER_ROLE, Desk, View
from services.blacklist.store import OpenFile

DELIVERY = "deliver_listing"
"""The job that hands a listing in to the catalog."""


class DecisionOffice:
    """The notice, the party's statements with their answers, and the decision with its document."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def notify_party(self, call: Call, case_id: UUID, *, method: str, proof: Personal) -> View:
        """Record the service of the notice, and give it as signed text; the window opens with it."""
        async with self._desk.changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            case = file.case
            move = case.notify_party(by=officer, at=tx.now, terms=self._desk.terms)
            proposed = case.last(Step.FIND_FACTS)
            assert move.window is not None
            assert proposed is not None
            text = documents.notice(
                await self._desk.subject(tx, file, self._desk.scheme(case, tx.now)),
                self._desk.measures(file, proposed.move.measures or (), at=tx.now),
                served_on=day_of(tx.now),
                method=method,
                window=move.window,
            )
            notice = self._desk.signed(text)
            content = {"method": method, "proof": proof, "notice": notice}
            return await self._desk.taken(tx, call, file, move, content, document=notice)

    async def submit_statement(self, call: Call, case_id: UUID, *, statement: Personal) -> View:
        """Record the party's statement; the clock stands until it is answered."""
        async with self._desk.changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            move = file.case.submit_statement(by=officer, at=tx.now, terms=self._desk.terms)
            return await self._desk.taken(tx, call, file, move, Stated(statement=statement))

    async def answer_statement(self, call: Call, case_id: UUID, *, answer: Personal, upheld: bool) -> View:
        """Answer the statement that waits, after verifying what it claims."""
        async with self._desk.changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            move = file.case.answer_statement(upheld=upheld, by=officer, at=tx.now, terms=self._desk.terms)
            return await self._desk.taken(tx, call, file, move, Answered(answer=answer, upheld=upheld))

    async def decide_to_list(
        self, call: Call, case_id: UUID, *, reasons: Personal, measure_codes: Sequence[str], number: Personal
    ) -> View:
        """Decide to list, and give the decision as signed text.

        Raises what `Case.decide_to_list` raises, SCHEME_NOT_IN_FORCE, MEASURE_* and DECISION_NUMBER_TAKEN.
        """
        async with self._desk.changing(call, case_id, DECIDER_ROLE) as (tx, file, officer):
            case, policy = file.case, self._desk.terms.policy
            party, found = (file.party.identifier, await self._desk.store.said(tx, file, FactsFound, Step.FIND_FACTS))
            move = case.decide_to_list(
                measures=measure_codes,
                accountable=all(
                    is_accountable(party, found_on=each.basis.determined_on, policy=policy) for each in found
                ),
                by=officer,
                at=tx.now,
                terms=self._desk.terms,
            )
            scheme = self._desk.scheme(case, tx.now)
            text = documents.listing_decision(
                await self._desk.subject(tx, file, scheme),
                self._desk.measures(file, move.measures or (), at=tx.now),
                number=number,
                reasons=reasons,
                decided_on=day_of(tx.now),
                published=move.published is True,
                period=listing_period(scheme.earliest_removal, scheme.period, day_of(tx.now), policy),
            )
            return await self._decided(tx, call, file, move, number=number, reasons=reasons, text=text)

    async def decide_to_drop(self, call: Call, case_id: UUID, *, reasons: Personal, number: Personal) -> View:
        """Decide not to list, and give the decision as signed text.

        Raises what `Case.decide_to_drop` raises, and DECISION_NUMBER_TAKEN.
        """
        async with self._desk.changing(call, case_id, DECIDER_ROLE) as (tx, file, officer):
            move = file.case.decide_to_drop(by=officer, at=tx.now)
            # A scheme repealed meanwhile must not keep a case from being dropped.
            scheme = scheme_in_force(self._desk.book, file.case.scheme_code, on=file.case.opened_on)
            subject, today = await self._desk.subject(tx, file, scheme), day_of(tx.now)
            text = documents.drop_decision(subject, number=number, reasons=reasons, decided_on=today)
            return await self._decided(tx, call, file, move, number=number, reasons=reasons, text=text)

    async def serve_decision(self, call: Call, case_id: UUID, *, method: str, proof: Personal) -> View:
        """Record the service of the decision, and put down the job that delivers the listing."""
        async with self._desk.changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            move = file.case.serve_decision(by=officer)
            listed = await self._desk.store.create_listing(tx, file)
            view = await self._desk.taken(tx, call, listed, move, {"method": method, "proof": proof})
            await defer(tx, DELIVERY, lock=str(case_id), case_id=str(case_id))
            return view

    async def _decided(
        self,
        tx: Transaction,
        call: Call,
        file: OpenFile,
        move: Move,
        *,
        number: Personal,
        reasons: Personal,
        text: Personal,
    ) -> View:
        if not await self._desk.store.claim_number(tx, file.case, number):
            raise Refused(DECISION_NUMBER_TAKEN, field="decision_number")
        document = self._desk.signed(text)
        content = Decided(number=number, reasons=reasons, document=document)
        return await self._desk.taken(tx, call, file, move, content, document=document)

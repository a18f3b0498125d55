"""Deciding, and serving the decision. Who decides did not propose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from foundation.calendar import day_of
from foundation.db import Transaction
from foundation.jobs import defer
from foundation.policy import listing_period
from foundation.refusal import Refused
from foundation.rpc import Call
from services.blacklist.domain import documents
from services.blacklist.domain.case import Move
from services.blacklist.domain.dossier import Decided, FactsFound
from services.blacklist.domain.leniency import is_accountable
from services.blacklist.domain.measures import fitting_measures, scheme_in_force
from services.blacklist.domain.reasons import DECISION_NUMBER_TAKEN
from services.blacklist.domain.steps import Step
from services.blacklist.office.desk import DECIDER_ROLE, OFFICER_ROLE, Desk, View
from services.blacklist.store import OpenFile

DELIVERY = "deliver_listing"
"""The job that hands a listing in to the catalog."""
QUEUE = "listing"


class DecisionOffice:
    """Decisions, each with its document."""

    def __init__(self, desk: Desk, sign: Callable[[str], str]) -> None:
        self._desk = desk
        self._sign = sign

    async def decide_to_list(
        self, call: Call, case_id: UUID, *, reasons: str, measure_codes: Sequence[str], number: str
    ) -> View:
        """Decide to list, and give the decision as signed text.

        Raises what `Case.decide_to_list` raises, SCHEME_NOT_IN_FORCE, MEASURE_* and DECISION_NUMBER_TAKEN.
        """
        async with self._desk.changing(call, case_id, DECIDER_ROLE) as (tx, file, officer):
            case, today, policy = file.case, day_of(tx.now), self._desk.terms.policy
            contents = await self._desk.store.contents(tx, file)
            found_step = case.last(Step.FIND_FACTS)
            found = FactsFound.of(contents[found_step.seq]) if found_step else None
            move = case.decide_to_list(
                measures=measure_codes,
                accountable=found is not None
                and is_accountable(file.party.identifier, found_on=found.basis.determined_on, policy=policy),
                by=officer,
                at=tx.now,
                terms=self._desk.terms,
            )
            scheme = self._desk.scheme(case, tx.now)
            measures = fitting_measures(
                self._desk.book, move.measures or (), scheme, file.party.subject_type, on=today
            )
            text = documents.listing_decision(
                await self._desk.subject(tx, file, scheme),
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
        async with self._desk.changing(call, case_id, DECIDER_ROLE) as (tx, file, officer):
            move = file.case.decide_to_drop(by=officer, at=tx.now)
            # A scheme repealed meanwhile must not keep a case from being dropped.
            scheme = scheme_in_force(self._desk.book, file.case.scheme_code, on=file.case.opened_on)
            text = documents.drop_decision(
                await self._desk.subject(tx, file, scheme),
                number=number,
                reasons=reasons,
                decided_on=day_of(tx.now),
            )
            return await self._decided(tx, call, file, move, number=number, reasons=reasons, text=text)

    async def serve_decision(self, call: Call, case_id: UUID, *, method: str, proof: str) -> View:
        """Record the service of the decision, and put down the job that delivers the listing."""
        async with self._desk.changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            move = file.case.serve_decision(content={"method": method, "proof": proof}, by=officer)
            view = await self._desk.taken(tx, call, await self._desk.store.create_listing(tx, file), move)
            await defer(tx, DELIVERY, queue=QUEUE, lock=str(case_id), case_id=str(case_id))
            return view

    async def _decided(
        self, tx: Transaction, call: Call, file: OpenFile, move: Move, *, number: str, reasons: str, text: str
    ) -> View:
        if not await self._desk.store.claim_number(tx, file.case, number):
            raise Refused(DECISION_NUMBER_TAKEN, field="decision_number")
        document = self._sign(text)
        content = Decided(number=number, reasons=reasons, document=document).content()
        return await self._desk.taken(tx, call, file, replace(move, content=content), document=document)

"""Telling the party, and hearing it. Source: 54号 clause 8; Administrative Penalty Law arts. 44, 45."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from foundation.calendar import day_of
from foundation.rpc import Call
from services.blacklist.domain import documents
from services.blacklist.domain.measures import fitting_measures
from services.blacklist.domain.steps import Step
from services.blacklist.office.desk import OFFICER_ROLE, Desk, View


class NoticeOffice:
    """The notice, and the party's statements with their answers."""

    def __init__(self, desk: Desk, sign: Callable[[str], str]) -> None:
        self._desk = desk
        self._sign = sign

    async def notify_party(self, call: Call, case_id: UUID, *, method: str, proof: str) -> View:
        """Record the service of the notice, and give it as signed text; the window opens with it."""
        async with self._desk.changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            case, today = file.case, day_of(tx.now)
            scheme = self._desk.scheme(case, tx.now)
            move = case.notify_party(by=officer, at=tx.now, terms=self._desk.terms)
            assert move.window is not None
            proposed = case.last(Step.FIND_FACTS)
            measures = fitting_measures(
                self._desk.book,
                (proposed.move.measures if proposed else None) or (),
                scheme,
                file.party.subject_type,
                on=today,
            )
            text = documents.notice(
                await self._desk.subject(tx, file, scheme),
                measures,
                served_on=today,
                method=method,
                window=move.window,
            )
            notice = self._sign(text)
            content = {"method": method, "proof": proof, "notice": notice}
            return await self._desk.taken(tx, call, file, replace(move, content=content), document=notice)

    async def submit_statement(self, call: Call, case_id: UUID, *, statement: str) -> View:
        """Record the party's statement; the clock stands until it is answered."""
        async with self._desk.changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            move = file.case.submit_statement(
                content={"statement": statement}, by=officer, at=tx.now, terms=self._desk.terms
            )
            return await self._desk.taken(tx, call, file, move)

    async def answer_statement(self, call: Call, case_id: UUID, *, answer: str, upheld: bool) -> View:
        """Answer the statement that waits, after verifying what it claims."""
        async with self._desk.changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            move = file.case.answer_statement(
                content={"answer": answer}, upheld=upheld, by=officer, at=tx.now, terms=self._desk.terms
            )
            return await self._desk.taken(tx, call, file, move)

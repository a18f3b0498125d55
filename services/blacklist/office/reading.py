"""Reading cases and schemes. What is read about a party is journalled in the same transaction."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from foundation.calendar import day_of
from foundation.journal import Receipt
from foundation.policy import Scheme
from foundation.refusal import Refused
from foundation.rpc import Call
from services.blacklist.domain.case import Case
from services.blacklist.domain.dossier import Decided
from services.blacklist.domain.measures import scheme_in_force
from services.blacklist.domain.reasons import NO_DECISION_YET
from services.blacklist.domain.steps import DECIDING, State
from services.blacklist.office.desk import SYSTEM_ROLE, Desk, View, acting


class ReadingOffice:
    """Cases for their authority; schemes for everybody."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def case(self, call: Call, case_id: UUID) -> View:
        """One case of the caller's authority, with its party."""
        call.require_role(SYSTEM_ROLE)
        async with self._desk.database.transaction() as tx:
            file = await self._desk.store.of_authority(tx, call.caller.authority, case_id)
            return await self._desk.journalled(tx, call, file, "answered")

    async def decision_document(self, call: Call, case_id: UUID) -> View:
        """The signed decision. Raises Refused(NO_DECISION_YET)."""
        call.require_role(SYSTEM_ROLE)
        async with self._desk.database.transaction() as tx:
            file = await self._desk.store.of_authority(tx, call.caller.authority, case_id)
            for decided in await self._desk.store.said(tx, file, Decided, *DECIDING):
                return await self._desk.journalled(tx, call, file, "answered", document=decided.document)
            raise Refused(NO_DECISION_YET)

    async def cases(self, call: Call, state: State | None) -> tuple[list[Case], Receipt]:
        """The authority's cases, next deadline first, at most 500; they show nothing about a party."""
        call.require_role(SYSTEM_ROLE)
        async with self._desk.database.transaction() as tx:
            cases = await self._desk.store.cases(tx, call.caller.authority, state)
            shown = tuple(f"{case.case_id}:{len(case.steps)}:steps" for case in cases)
            entry = call.entry(officer=acting(call), matter="cases", disclosed=shown)
            return cases, await self._desk.journal.write(tx, entry)

    async def schemes(self) -> list[Scheme]:
        """The schemes in force today, by code."""
        return self._desk.book.schemes_in_force(await self.today())

    async def scheme(self, code: str) -> Scheme:
        """One scheme in force today. Raises Refused(SCHEME_NOT_IN_FORCE)."""
        return scheme_in_force(self._desk.book, code, on=await self.today())

    async def today(self) -> date:
        """The house's day in Asia/Shanghai."""
        async with self._desk.database.transaction() as tx:
            return day_of(tx.now)

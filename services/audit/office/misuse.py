"""Reports of misuse: opened by the party looked at or by an auditor, and followed step by step to the answer."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from uuid import UUID

from foundation.calendar import WorkingCalendar, day_of
from foundation.crypto import Dek, DossierKeys, identifier_of, identifier_text, new_id
from foundation.db import Database, Row, Transaction
from foundation.identity import Identifier
from foundation.journal import Entry, Journal, Receipt
from foundation.personal import Personal
from foundation.reasons import NOT_FOUND, STEP_OUT_OF_ORDER
from foundation.refusal import Refused
from foundation.rpc import Call
from services.audit.domain.reasons import SECOND_OFFICIAL_REQUIRED
from services.audit.store.journals import SourceJournal
from services.audit.store.questions import sql

Reported: TypeAlias = tuple[Row, list[tuple[Row, Personal]], Receipt]
"""A report as it stands (view misuse_standing), its steps with what they say, and the receipt of the look."""
FOLLOWS = {"taken_up": "reported", "decided": "taken_up", "answered": "decided"}
"""Each step, and the state that it follows on; the database holds the same."""


@dataclass(frozen=True, slots=True)
class Misuse:
    """Opens matters and follows them. `terms`: working days for the step after each state."""

    database: Database
    journal: Journal
    sources: Mapping[str, SourceJournal]
    keys: DossierKeys
    calendar: WorkingCalendar
    terms: Mapping[str, int]

    async def report(self, call: Call, source: str, entry_id: int, said: str) -> Reported:
        """Report an entry; the same report again gives the same matter.

        Raises Refused(NOT_FOUND) for an entry that there is not, or that is not the party's to see.
        """
        tag, bucket, reporter, officer = await self._reporter(call)
        journal = self.sources.get(source)
        authority = await journal.authority_of(entry_id) if journal else None
        hidden = journal and call.person and not await journal.digest_about(call.person.identifier, entry_id)
        if authority is None or hidden:
            raise Refused(NOT_FOUND, field="entry_id")
        entry = {"bucket": bucket, "reporter_tag": tag, "source": source, "entry_id": entry_id}
        matter_id = new_id(bucket, os.urandom)
        async with self.database.transaction() as tx:
            dek, wrap = await self.keys.new(matter_id, day_of(tx.now))
            values = {"wrap": wrap, "reporter": dek.seal("reporter", reporter), "by_party": not officer}
            once = "ON CONFLICT (bucket, reporter_tag, source, entry_id) DO NOTHING"
            new = {"matter_id": matter_id, "authority": authority, **entry, **values}
            if (await tx.insert("misuse_matter", once, **new)).rowcount:
                await self._take(tx, matter_id, dek, "reported", said, officer=officer)
            else:
                matter_id = (await tx.one(sql("misuse_same"), **entry)).matter_id
            return await self._shown(tx, call, await self._standing(tx, call, matter_id), "changed")

    async def step(self, call: Call, matter_id: UUID, state: str, said: str, *, upheld: bool | None = None) -> Reported:
        """Take a report up, decide or answer it.

        Raises Refused(STEP_OUT_OF_ORDER), and SECOND_OFFICIAL_REQUIRED where who reported or examined it decides.
        """
        call.require_role("auditor")
        officer = call.require_officer("auditor").subject
        async with self.database.transaction() as tx:
            row = await self._standing(tx, call, matter_id)
            if row.state != FOLLOWS[state]:
                raise Refused(STEP_OUT_OF_ORDER)
            before = await tx.all(sql("misuse_steps"), bucket=row.bucket, matter_id=matter_id)
            if state == "decided" and officer in {one.officer for one in before}:
                raise Refused(SECOND_OFFICIAL_REQUIRED)
            dek = await self.keys.open(matter_id, bytes(row.wrap))
            await self._take(tx, matter_id, dek, state, said, officer=officer, upheld=upheld)
            return await self._shown(tx, call, await self._standing(tx, call, matter_id), "changed")

    async def get(self, call: Call, matter_id: UUID) -> Reported:
        """One report with its texts, for an auditor or the party that made it; else Refused(NOT_FOUND)."""
        async with self.database.transaction() as tx:
            return await self._shown(tx, call, await self._standing(tx, call, matter_id), "answered")

    async def page(self, call: Call, *, open_only: bool, after: str, most: int) -> tuple[Sequence[Row], str, Receipt]:
        """Reports without texts, all of them for an auditor, its own for a party; and the next page's token."""
        async with self.database.transaction() as tx:
            rows = await self._rows(tx, call, open_only=open_only, after=after, most=most + 1)
            said = [f"{row.matter_id}:1:standing" for row in rows[:most]]
            party = call.person.identifier if call.person else None
            receipt = await self._journalled(tx, call, "answered", said, party)
        return rows[:most], str(rows[most - 1].matter_id) if len(rows) > most else "", receipt

    async def _reporter(self, call: Call) -> tuple[bytes, int, str, str]:
        """Tag, bucket, name and official number of who reports; the last is empty for a party."""
        if call.person is not None:
            party = call.require_person().identifier
            return await self.keys.subject_tag(party), await self.keys.bucket(party), identifier_text(party), ""
        call.require_role("auditor")
        officer = call.require_officer("auditor")
        tag = await self.keys.tag("misuse-reporter", officer.authority.encode(), officer.subject.encode())
        return tag, tag[0], officer.subject, officer.subject

    async def _rows(self, tx: Transaction, call: Call, **asked: Any) -> Sequence[Row]:
        tag, bucket, _, officer = await self._reporter(call)
        wanted = {"matter_id": None, "open_only": False, "after": "", "most": 1, **asked}
        return await tx.all(sql("misuse"), tag=None if officer else tag, bucket=bucket, **wanted)

    async def _standing(self, tx: Transaction, call: Call, matter_id: UUID) -> Row:
        for row in await self._rows(tx, call, matter_id=matter_id):
            return row
        raise Refused(NOT_FOUND, field="matter_id")

    async def _take(self, tx: Transaction, matter_id: UUID, dek: Dek, state: str, said: str, **more: Any) -> None:
        day, place = day_of(tx.now), {"bucket": matter_id.bytes[0], "matter_id": matter_id}
        due = self.calendar.add_working_days(day, self.terms[state]).on if state in self.terms else None
        values = {"state": state, "day": day, "due_on": due, "said": dek.seal(state, said)}
        await tx.insert("misuse_step", **place, **values, **more)

    async def _shown(self, tx: Transaction, call: Call, row: Row, decision: Literal["answered", "changed"]) -> Reported:
        """The matter opened and journalled, as an entry about the party where one reported it."""
        dek = await self.keys.open(row.matter_id, bytes(row.wrap))
        steps = await tx.all(sql("misuse_steps"), bucket=row.bucket, matter_id=row.matter_id)
        opened = [(one, dek.open(one.state, bytes(one.said))) for one in steps]
        if call.person:
            opened = [(one, Personal("") if one.state == "taken_up" else said) for one, said in opened]
        party = identifier_of(dek.open("reporter", bytes(row.reporter)).reveal()) if row.by_party else None
        said = [f"{row.matter_id}:{len(steps)}:steps"]
        return row, opened, await self._journalled(tx, call, decision, said, party)

    async def _journalled(
        self, tx: Transaction, call: Call, decision: Any, said: list[str], party: Identifier | None
    ) -> Receipt:
        entry = Entry(
            kind=call.method,
            caller=call.caller,
            purpose="own" if call.person else "audit",
            matter=said[0].partition(":")[0] if len(said) == 1 else "misuse",
            officer=call.officer.subject if call.officer else "",
            subject=party,
            decision=decision,
            disclosed=tuple(said),
        )
        return await self.journal.write(tx, entry)

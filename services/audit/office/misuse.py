"""Reports of misuse: opened by the party looked at or by an auditor, and followed step by step to the answer."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from uuid import UUID

from foundation.access import Officer
from foundation.calendar import WorkingCalendar, day_of
from foundation.crypto import Dek, DossierKeys, identifier_of, identifier_text, new_id
from foundation.db import Database, Row, Transaction
from foundation.identity import Identifier
from foundation.journal import Journal, Receipt
from foundation.personal import NOTHING, Personal
from foundation.reasons import NOT_FOUND, STEP_OUT_OF_ORDER
from foundation.refusal import Refused
from foundation.rpc import Call
from services.audit.domain.reasons import SECOND_OFFICIAL_REQUIRED
from services.audit.store import sql
from services.audit.store.journals import SourceJournal

Reported: TypeAlias = tuple[Row, list[tuple[Row, Personal, Personal]], Receipt]
"""A report as it stands (view misuse_standing), its steps each with official and text, and the receipt of the look."""
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

    async def report(self, call: Call, source: str, entry_id: int, said: Personal) -> Reported:
        """Report an entry; the same report again gives the same matter.

        Raises Refused(NOT_FOUND) for an entry that there is not, or that is not the party's to see.
        """
        bucket, reporter, officer = await self._reporter(call)
        journal = self.sources.get(source)
        authority = await journal.authority_of(entry_id) if journal else None
        hidden = journal and call.person and not await journal.digest_about(call.person.identifier, entry_id)
        if authority is None or hidden:
            raise Refused(NOT_FOUND, field="entry_id")
        entry = {"bucket": bucket, "source": source, "entry_id": entry_id}
        async with self.database.transaction() as tx:
            await tx.run("SELECT pg_advisory_xact_lock(7404, hashtext(:lock))", lock=f"{source}/{entry_id}")
            matter_id = await self._same(tx, reporter, officer, entry)
            if matter_id is None:
                matter_id = new_id(bucket, os.urandom)
                dek, wrap = await self.keys.new(matter_id, day_of(tx.now))
                values = {"wrap": wrap, "reporter": dek.seal("reporter", reporter), "by_party": officer is None}
                await tx.insert("misuse_matter", matter_id=matter_id, authority=authority, **entry, **values)
                for epoch, tag in await self.keys.subject_tags(call.person.identifier) if call.person else ():
                    await tx.insert("party_tag", bucket=bucket, matter_id=matter_id, epoch=epoch, tag=tag)
                await self._take(tx, matter_id, dek, "reported", said, officer=officer)
            return await self._shown(tx, call, await self._standing(tx, call, matter_id), "changed")

    async def step(
        self, call: Call, matter_id: UUID, state: str, said: Personal, *, upheld: bool | None = None
    ) -> Reported:
        """Take a report up, decide or answer it.

        Raises Refused(STEP_OUT_OF_ORDER), and SECOND_OFFICIAL_REQUIRED where who reported or examined it decides.
        """
        call.require_role("auditor")
        officer = call.require_officer("auditor")
        async with self.database.transaction() as tx:
            row = await self._standing(tx, call, matter_id)
            if row.state != FOLLOWS[state]:
                raise Refused(STEP_OUT_OF_ORDER)
            before = await tx.all(sql("misuse_steps"), bucket=row.bucket, matter_id=matter_id)
            if state == "decided" and await self._tag(officer) in {bytes(one.officer_tag or b"") for one in before}:
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

    async def _same(
        self, tx: Transaction, reporter: str, officer: Officer | None, entry: Mapping[str, object]
    ) -> UUID | None:
        """The report of the entry that this reporter made before."""
        for row in await tx.all(sql("misuse_same"), **entry):
            dek = await self.keys.open(row.matter_id, bytes(row.wrap))
            if (row.by_party, dek.open("reporter", bytes(row.reporter)).reveal()) == (officer is None, reporter):
                return row.matter_id
        return None

    async def _reporter(self, call: Call) -> tuple[int, str, Officer | None]:
        """Bucket and name of who reports, and the official; None for a party."""
        if call.person is not None:
            party = call.require_person().identifier
            return await self.keys.bucket(party), identifier_text(party), None
        call.require_role("auditor")
        officer = call.require_officer("auditor")
        return (await self._tag(officer))[0], f"{officer.authority} {officer.subject.reveal()}", officer

    async def _tag(self, officer: Officer) -> bytes:
        """The tag of an official, one in all matters, by which the guard tells two from one."""
        return await self.keys.tag("official", officer.authority.encode(), officer.subject.reveal().encode())

    async def _rows(self, tx: Transaction, call: Call, **asked: Any) -> Sequence[Row]:
        bucket, _, _ = await self._reporter(call)
        tag = await self.keys.subject_tag(call.person.identifier) if call.person else None
        wanted = {"matter_id": None, "open_only": False, "after": "", "most": 1, **asked}
        return await tx.all(sql("misuse"), tag=tag, bucket=bucket, **wanted)

    async def _standing(self, tx: Transaction, call: Call, matter_id: UUID) -> Row:
        for row in await self._rows(tx, call, matter_id=matter_id):
            return row
        raise Refused(NOT_FOUND, field="matter_id")

    async def _take(
        self,
        tx: Transaction,
        matter_id: UUID,
        dek: Dek,
        state: str,
        said: Personal,
        *,
        officer: Officer | None,
        **more: Any,
    ) -> None:
        day, place = day_of(tx.now), {"bucket": matter_id.bytes[0], "matter_id": matter_id}
        due = self.calendar.add_working_days(day, self.terms[state]).on if state in self.terms else None
        values = {"state": state, "day": day, "due_on": due, "said": dek.seal(state, said.reveal())}
        if officer is not None:
            number = officer.subject.reveal()
            more |= {"officer": dek.seal(f"{state}/officer", number), "officer_tag": await self._tag(officer)}
        await tx.insert("misuse_step", **place, **values, **more)

    async def _shown(self, tx: Transaction, call: Call, row: Row, decision: Literal["answered", "changed"]) -> Reported:
        """The matter opened and journalled, as an entry about the party where one reported it."""
        dek = await self.keys.open(row.matter_id, bytes(row.wrap))
        steps = await tx.all(sql("misuse_steps"), bucket=row.bucket, matter_id=row.matter_id)
        opened = [(one, _officer(dek, one), dek.open(one.state, bytes(one.said))) for one in steps]
        if call.person:
            opened = [(one, NOTHING, NOTHING if one.state == "taken_up" else said) for one, _, said in opened]
        party = identifier_of(dek.open("reporter", bytes(row.reporter)).reveal()) if row.by_party else None
        said = [f"{row.matter_id}:{len(steps)}:steps"]
        return row, opened, await self._journalled(tx, call, decision, said, party)

    async def _journalled(
        self, tx: Transaction, call: Call, decision: Any, said: list[str], party: Identifier | None
    ) -> Receipt:
        entry = call.entry(
            purpose="own" if call.person else "audit",
            matter=said[0].partition(":")[0] if len(said) == 1 else "misuse",
            subject=party,
            decision=decision,
            disclosed=tuple(said),
        )
        return await self.journal.write(tx, entry)


def _officer(dek: Dek, step: Row) -> Personal:
    return dek.open(f"{step.state}/officer", bytes(step.officer)) if step.officer else NOTHING

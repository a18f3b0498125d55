"""The auditor's questions. Each reads the journals, shows a page, and is an entry itself."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from foundation.calendar import WorkingCalendar, day_of
from foundation.db import Database
from foundation.journal import Journal, Receipt
from foundation.policy import Policy
from foundation.rpc import Call
from services.audit.domain import detectors
from services.audit.domain.access import Access
from services.audit.domain.detectors import Detectors, Finding, Group
from services.audit.domain.questions import Question, page
from services.audit.office.accesses import AUDIT_PURPOSE, Accesses
from services.audit.store import questions as store
from services.audit.store.journals import ERASED, Place, SourceJournal
from services.audit.store.log import Logged

_EXPORTED = 1_000
"""Entries on a page of an export."""


@dataclass(frozen=True, slots=True)
class Questions:
    """Answers them over all journals, for an auditor's system and official, never without a basis."""

    database: Database
    journal: Journal
    sources: Mapping[str, SourceJournal]
    accesses: Accesses
    detectors: Detectors
    calendar: WorkingCalendar
    policy: Policy

    async def findings(
        self, rule: Callable[[Question], Awaitable[list[Finding]]], question: Question, call: Call
    ) -> tuple[list[Finding], str, Receipt]:
        """A page of what a rule finds, officials by name, the next page's token, and the entry's receipt."""
        question.require_at_most(self.detectors.longest_period_days)
        shown, token = page(await rule(question), question, lambda one: one.key, -(10**17), "", "", "")
        said = [f"{ref}:1:finding" for one in shown for ref in one.group.refs or [one.group.matter]]
        receipt = await self._journalled(question, call, said)
        return [replace(one, officer=await self._officer(one.group)) for one in shown], token, receipt

    async def off_hours(self, question: Question) -> list[Finding]:
        """Officials who look outside office hours."""
        rule, first = self.detectors.rules["off_hours"], day_of(question.since)
        days = [first + timedelta(n) for n in range((day_of(question.before) - first).days + 1)]
        working = [day for day in days if self.calendar.is_working_day(day)]
        hours = {"opens": rule.numbers["opens"], "closes": rule.numbers["closes"]}
        groups = await self._groups("looks_off_hours", question, working_days=working, **hours)
        return [*detectors.enough("off_hours", rule, groups)]

    async def far_above_peers(self, question: Question) -> list[Finding]:
        """Officials within their authority and, unless one is named, authorities who look far above their peers."""
        groups = await self._groups("looks_by_official", question)
        peers = [("official_above_peers", each) for each in detectors.officials(groups)]
        if not question.authority:
            peers.append(("authority_above_peers", detectors.authorities(groups)))
        rules = self.detectors.rules
        return [one for name, each in peers for one in detectors.far_above_peers(name, rules[name], each)]

    async def repeated_looks(self, question: Question) -> list[Finding]:
        """Officials who look at the same party again and again."""
        rule = self.detectors.rules["repeated_looks"]
        groups = await self._groups("looks_repeated", question, least=rule.numbers["least"])
        return [*detectors.close_together("repeated_looks", rule, groups)]

    async def without_matter(self, question: Question) -> list[Finding]:
        """Looks without a matter, under one that the house does not know, and one matter for many parties."""
        looks: dict[tuple[str, str, bytes | None, str], list[str]] = defaultdict(list)
        parties: dict[tuple[str, str, bytes | None, str], set[bytes]] = defaultdict(set)
        for name, source in self.sources.items():
            rows = await store.rows(source, "looks_sealed", question, most=self.detectors.most_opened)
            for row in rows:
                part = await source.opened(row)
                if part is not ERASED:
                    matter = part.matter.reveal().strip()
                    key = (name, row.authority, None if matter else row.tag, matter)
                    looks[key].append(row.ref)
                    parties[key].add(bytes(row.subject_tag))
            await asyncio.sleep(0)
        numbers = {number for *_, matter in looks if (number := _house_number(matter))}
        known = {one for source in self.sources.values() for one in await store.known_matters(source, numbers)}
        groups: dict[str, list[Group]] = defaultdict(list)
        for key, refs in looks.items():
            name, authority, tag, matter = key
            shown = refs[: detectors.SHOWN]
            group = Group(source=name, authority=authority, tag=tag, matter=matter, refs=shown, count=len(refs))
            groups["matter_wide" if matter else "matter_missing"].append(
                replace(group, count=len(parties[key])) if matter else group
            )
            if _house_number(matter) in numbers - known:
                groups["matter_unknown"].append(group)
        rules = self.detectors.rules
        return [one for name, each in groups.items() for one in detectors.enough(name, rules[name], each)]

    async def overdue_steps(self, question: Question) -> list[Finding]:
        """Steps whose last day is over, as of now; `question` narrows by authority alone."""
        async with self.database.transaction() as tx:
            today = day_of(tx.now)
        days = self.policy.number("withdrawal.acknowledgement", on=today).value
        groups: dict[str, list[Group]] = defaultdict(list)
        for name, source in self.sources.items():
            most = self.detectors.most_groups
            for row in await store.rows(source, "awaited", question, most=most, today=today):
                due = row.due_on or self.calendar.add_working_days(row.since, days).on
                more = {"step": row.step, "due": due, "since": row.since}
                late = (today - due).days
                group = Group(source=name, authority=row.authority, count=late, matter=row.matter, more=more)
                groups["overdue_step" if row.due_on else "overdue_receiver"].append(group)
        rules = self.detectors.rules
        return [one for name, each in groups.items() for one in detectors.enough(name, rules[name], each)]

    async def refusals(self, question: Question, call: Call) -> tuple[list[tuple[int, str, str, int]], str, Receipt]:
        """Refusals as (day, authority, reason, count), newest day first, over all journals.

        The day is counted backwards: minus its ordinal.
        """
        question.require_at_most(self.detectors.longest_period_days)
        counts: dict[tuple[int, str, str], int] = defaultdict(int)
        for source in self.sources.values():
            for row in await store.rows(source, "refusals", question, most=self.detectors.most_groups):
                counts[-row.day.toordinal(), row.authority, row.reason] += row.count
        found = [(*key, count) for key, count in counts.items()]
        shown, token = page(found, question, lambda one: one[:3], -(10**9), "", "")
        said = [f"{date.fromordinal(-day)}/{who}/{why}:{count}:refusals" for day, who, why, count in shown]
        return shown, token, await self._journalled(question, call, said)

    async def hours(self, question: Question, call: Call) -> tuple[list[tuple[str, list[int]]], str, Receipt]:
        """Looks of each authority in each hour of the day, over all journals, most looks first."""
        question.require_at_most(self.detectors.longest_period_days)
        counts: dict[str, list[int]] = defaultdict(lambda: [0] * 24)
        for source in self.sources.values():
            for row in await store.rows(source, "looks_by_hour", question, most=self.detectors.most_groups):
                counts[row.authority][row.hour] += row.count
        shown, token = page([*counts.items()], question, lambda one: (-sum(one[1]), one[0]), -(10**17), "")
        receipt = await self._journalled(question, call, [f"{who}:{sum(by_hour)}:looks" for who, by_hour in shown])
        return shown, token, receipt

    async def looks(
        self, question: Question, call: Call, *, officer: str = "", system: str = "", kind: str = ""
    ) -> tuple[list[Access], str, Receipt]:
        """What an official, a system or an authority looked at, newest first. `kind`: how the method begins."""
        question.require_at_most(self.detectors.longest_period_days)
        found: list[tuple[tuple[int, str, int], Access, UUID]] = []
        for source in self.sources.values():
            tag = await source.officer_tag(officer) if officer else None
            if tag is not None or not officer:
                rows = await store.accesses(source, question, officer_tag=tag, system=system, kind=kind)
                found += [(place, await source.access(row), row.epoch) for place, row in rows]
        found.sort(key=lambda one: one[0], reverse=True)
        shown = found[: question.most]
        said = [f"{access.source}/{access.entry_id}:1:access" for _, access, _ in shown]
        receipt = await self._journalled(question, call, said)
        epochs = {(access.source, access.entry_id): epoch for _, access, epoch in shown}
        accesses = await self.accesses.with_indices([access for _, access, _ in shown], epochs)
        return accesses, json.dumps(shown[-1][0]) if len(found) > len(shown) else "", receipt

    async def export(
        self, question: Question, call: Call, *, authorities: list[str], private: bool
    ) -> AsyncGenerator[tuple[list[Access], str, int, Receipt]]:
        """The log's entries of a period, oldest first: a page, after what the next begins, how many in all.

        The export's own entry is there before its first page. What an export has is settled by its range and the
        log's size, since the log only grows; the entry's digest is over these, the number and the columns.
        """
        asked, shown = f"{question.since}/{question.before}/{question.token}/{authorities}", [()] * _EXPORTED
        async with self.database.transaction() as tx:
            ((size, total),) = await store.exported(tx, "export_size", question, authorities=authorities)
        receipt = await self._journalled(question, call, [f"{asked}:{size}:{total}:{private and 'private'}"])
        while len(shown) == _EXPORTED:
            async with self.database.transaction() as tx:
                shown = await store.exported(
                    tx, "exported", question, authorities=authorities, size=size, most=_EXPORTED
                )
            if shown:
                question = replace(question, token=json.dumps([shown[-1].micros, shown[-1].index]))
            logged = [Logged(row.index, row.source, row.bucket, bytes(row.leaf)) for row in shown]
            yield await self.accesses.completed(logged, private=private), question.token, total, receipt

    async def _groups(self, name: str, question: Question, **values: object) -> list[Group]:
        most = self.detectors.most_groups
        return await store.groups([*self.sources.values()], name, question, most=most, **values)

    async def _officer(self, group: Group) -> str:
        """The official whose looks these are, out of the newest entry; "" for none, and where that is erased."""
        if group.tag is None:
            return ""
        source, bucket, entry_id = group.refs[0].split("/")
        parts = await self.sources[source].private_parts([Place(int(bucket), int(entry_id))])
        return parts[int(entry_id)][0].officer.reveal() if parts else ""

    async def _journalled(self, question: Question, call: Call, said: Sequence[str]) -> Receipt:
        call.require_officer("auditor")
        entry = call.entry(purpose=AUDIT_PURPOSE, matter=question.basis, disclosed=tuple(said))
        async with self.database.transaction() as tx:
            return await self.journal.write(tx, entry)


def _house_number(matter: str) -> UUID | None:
    """The matter as a number of this house; None for a number of an authority's own, which nobody here knows."""
    try:
        return UUID(matter) if len(matter) == len(str(UUID(int=0))) else None
    except ValueError:
        return None

"""Who looked: for auditors, and for the party itself. Each look at the looks is journalled as well."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from chengxin.proofs.entry import decode
from foundation.access import Person
from foundation.db import Database
from foundation.identity import Identifier
from foundation.journal import Entry, Journal, PrivatePart, Receipt
from foundation.rpc import Call
from services.audit.domain.access import MOST_TO_SUBJECT, NEWEST, OWN_PURPOSE, Access, Search
from services.audit.store import log as store
from services.audit.store.journals import Place, SourceJournal
from services.audit.store.log import Logged

AUDIT_PURPOSE = "audit"


class Accesses:
    """Searches the accesses that the journals hold."""

    def __init__(self, database: Database, journal: Journal, sources: Mapping[str, SourceJournal]) -> None:
        self._database = database
        self._journal = journal
        self._sources = sources

    async def now(self) -> datetime:
        """The house's time."""
        async with self._database.transaction() as tx:
            return tx.now

    async def search(self, search: Search, call: Call) -> tuple[list[Access], Receipt]:
        """Return what an auditor looks for, newest first, and the receipt of this search.

        About one party it reads the journals, so that the last second shows too; otherwise the log.
        """
        if search.subject is not None:
            found = await self._about(search.subject, search)
        else:
            found = await self._logged(search)
        said = {"purpose": AUDIT_PURPOSE, "matter": search.basis, "subject": search.subject}
        return found, await self._journalled(call.entry(**said, disclosed=_disclosed(found)))

    async def to_party(
        self, person: Person, call: Call, *, after: tuple[int, str, int] = NEWEST
    ) -> tuple[list[Access], Receipt]:
        """Return who looked at a party, as the party may see it, newest first, at most 1,000 after a place."""
        search = Search(basis=OWN_PURPOSE, most=MOST_TO_SUBJECT, by_party=True, after=after)
        found = await self._about(person.identifier, search)
        shown = [access.as_the_party_sees_it() for access in found]
        entry = call.entry(purpose=OWN_PURPOSE, subject=person.identifier, disclosed=_disclosed(shown))
        return shown, await self._journalled(entry)

    async def _journalled(self, entry: Entry) -> Receipt:
        async with self._database.transaction() as tx:
            return await self._journal.write(tx, entry)

    async def _about(self, subject: Identifier, search: Search) -> list[Access]:
        sources = self._sources.values()
        batches = await asyncio.gather(*(source.about(subject, search) for source in sources))
        found = [(source, row) for source, rows in zip(sources, batches, strict=True) for row in rows]
        found.sort(key=lambda one: (one[1].at, one[0].name, one[1].entry_id), reverse=True)
        epochs = {(source.name, row.entry_id): row.epoch for source, row in found[: search.most]}
        # Opened only now: a source's rows may all be older than those of others.
        newest = [await source.access(row) for source, row in found[: search.most]]
        return await self.with_indices(newest, epochs)

    async def with_indices(self, accesses: list[Access], epochs: Mapping[tuple[str, int], UUID]) -> list[Access]:
        """The accesses with their indices in the log; `epochs`: of their journals, by source and entry id."""
        named = [(one.source, epochs[one.source, one.entry_id], one.entry_id) for one in accesses]
        async with self._database.transaction() as tx:
            at = await store.indices(tx, named)
        return [replace(one, log_index=at.get((one.source, one.entry_id))) for one in accesses]

    async def _logged(self, search: Search) -> list[Access]:
        async with self._database.transaction() as tx:
            logged = await store.found(tx, search)
        return await self.completed(logged)

    async def completed(self, logged: Sequence[Logged], *, private: bool = True) -> list[Access]:
        """Entries of the log as accesses, with their private parts or without."""
        accesses = {one.index: _access(one) for one in logged}
        by_source: dict[str, list[Logged]] = defaultdict(list)
        for one in logged if private else ():
            by_source[one.source].append(one)
        parts = await asyncio.gather(*(self._parts(source, group, accesses) for source, group in by_source.items()))
        opened = {key: part for group in parts for key, part in group.items()}
        return [_completed(access, opened) for access in accesses.values()]

    async def _parts(
        self, source: str, group: Sequence[Logged], accesses: Mapping[int, Access]
    ) -> dict[tuple[str, int], tuple[PrivatePart, tuple[str, ...]]]:
        journal = self._sources.get(source)
        if journal is None:  # A source that is sequenced no more: the log keeps its entries all the same.
            return {}
        places = [Place(one.bucket, accesses[one.index].entry_id) for one in group]
        return {(source, entry_id): part for entry_id, part in (await journal.private_parts(places)).items()}


def _access(logged: Logged) -> Access:
    entry = decode(logged.encoded)
    return Access.of(entry, source=entry.source, log_index=logged.index)


def _completed(access: Access, private: Mapping[tuple[str, int], tuple[PrivatePart, tuple[str, ...]]]) -> Access:
    part, items = private.get((access.source, access.entry_id), (PrivatePart(), ()))
    return replace(access, officer=part.officer, matter=part.matter, items=items)


def _disclosed(accesses: Sequence[Access]) -> tuple[str, ...]:
    """What was shown, for the digest: no version, since entries never change; every field that Access has."""
    return tuple(f"{access.source}/{access.entry_id}:1:access" for access in accesses)

"""Reads the offices' journals: for the log, in the order of their cursor; for who may see an access, by party."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from chengxin.proofs.entry import JournalEntry
from foundation.crypto import KeyGone, Keyring, OpenFailed
from foundation.db import Database, Row
from foundation.identity import Identifier
from foundation.journal import JournalReader, PrivatePart
from foundation.journal.writer import BUCKET_KEY, INDEX_KEY
from services.audit.domain.access import Access, Search
from services.audit.domain.position import Position, Standstill, standstill

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_ENTRY = (
    "j.bucket, j.entry_id, j.xid::text AS xid, j.node, j.at, j.kind, j.query_id, j.attempt, j.authority,"
    " j.fingerprint, j.purpose, j.grant_id, j.decision, j.reason, j.as_of, j.door, j.door_no, j.digest, j.commitment"
)
_LONGEST = 1_000
"""Characters of a text that the log takes: a refused call may have carried anything, and must not stop the log."""
_ERASED = PrivatePart(officer="", matter="")


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """An entry as it goes into the log, and the bucket that finds its private part."""

    entry: JournalEntry
    bucket: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a source keeps an entry."""

    bucket: int
    entry_id: int


class SourceJournal:
    """One office's journal, read by the login role `audit_reader`."""

    def __init__(self, name: str, database: Database, keyring: Keyring) -> None:
        self.name = name
        self._database = database
        self._keyring = keyring
        self._reader = JournalReader(keyring)

    async def read_on(self, position: Position | None, *, most: int) -> list[SourceEntry] | Standstill:
        """Return the next entries after `position`, at most `most`, or why the journal can't be read on.

        Only entries below the snapshot's xmin: whatever is still open, or begins later, comes after them.
        """
        xid, entry_id = (str(position.xid), position.entry_id) if position is not None else ("0", 0)
        async with self._database.transaction() as tx:
            rows = await tx.all(
                f"SELECT h.epoch, {_ENTRY},"
                " (SELECT digest FROM journal WHERE xid = at.xid AND entry_id = at.entry_id) AS digest_at"
                " FROM house h CROSS JOIN"
                " (SELECT cast(cast(:xid AS text) AS xid8), cast(:entry_id AS bigint)) at (xid, entry_id)"
                " LEFT JOIN LATERAL (SELECT * FROM journal"
                "  WHERE (xid, entry_id) > (at.xid, at.entry_id) AND xid < pg_snapshot_xmin(pg_current_snapshot())"
                "  ORDER BY xid, entry_id LIMIT :most) j ON true"
                " ORDER BY j.xid, j.entry_id",
                xid=xid,
                entry_id=entry_id,
                most=most,
            )
        first = rows[0]  # Also where there is nothing new: then without an entry.
        digest = bytes(first.digest_at) if first.digest_at is not None else None
        halted = standstill(position, epoch=first.epoch, digest=digest)
        if halted is not None:
            return halted
        return [SourceEntry(self._entry(row), row.bucket) for row in rows if row.entry_id is not None]

    async def holds(self, entry_id: int, digest: bytes) -> bool:
        """Whether the journal has this entry with this digest, in the log or not yet."""
        async with self._database.transaction() as tx:
            row = await tx.maybe(
                "SELECT FROM journal WHERE entry_id = :entry_id AND digest = :digest", entry_id=entry_id, digest=digest
            )
        return row is not None

    async def digest_about(self, subject: Identifier, entry_id: int) -> bytes | None:
        """Return the digest of an entry about a party; None where there is none, or it is about another."""
        found = await self._found(subject)
        if found is None:
            return None
        tag, bucket = found
        async with self._database.transaction() as tx:
            row = await tx.maybe(
                "SELECT j.digest FROM journal_private p JOIN journal j USING (bucket, entry_id)"
                " WHERE bucket = :bucket AND entry_id = :entry_id AND p.subject_tag = :tag",
                bucket=bucket,
                entry_id=entry_id,
                tag=tag,
            )
        return bytes(row.digest) if row is not None else None

    async def about(self, subject: Identifier, search: Search) -> list[tuple[Access, UUID]]:
        """Return the newest accesses to a party that `search` allows, each with the journal's epoch."""
        found = await self._found(subject)
        if found is None:
            return []
        tag, bucket = found
        where, values = conditions(search, "j")
        async with self._database.transaction() as tx:
            rows = await tx.all(
                f"SELECT {_ENTRY}, p.salt, p.sealed, p.items, h.epoch"
                " FROM journal_private p JOIN journal j USING (bucket, entry_id) CROSS JOIN house h"
                f" WHERE p.bucket = :bucket AND p.subject_tag = :tag{where}"
                " ORDER BY j.at DESC, j.entry_id DESC LIMIT :most",
                bucket=bucket,
                tag=tag,
                most=search.most,
                **values,
            )
        return [(await self._access(row), row.epoch) for row in rows]

    async def _found(self, subject: Identifier) -> tuple[bytes, int] | None:
        """The party's tag and bucket; None where no party was ever journalled, so that there are no keys yet."""
        async with self._database.transaction() as tx:
            keys = await tx.all("SELECT FROM keyring WHERE name = ANY(:names)", names=[INDEX_KEY, BUCKET_KEY])
        if len(keys) < 2:  # A reader must not make them.
            return None
        return await self._reader.tag(subject), await self._reader.bucket(subject)

    async def private_parts(self, places: Sequence[Place]) -> dict[int, tuple[PrivatePart, tuple[str, ...]]]:
        """Return, by entry id, what is sealed beside the entries and the items they showed. Erased ones are missing."""
        async with self._database.transaction() as tx:
            rows = await tx.all(
                "SELECT p.entry_id, p.salt, p.sealed, p.items, j.at FROM journal_private p"
                " JOIN journal j USING (bucket, entry_id)"
                " WHERE (bucket, entry_id) IN"
                " (SELECT * FROM unnest(cast(:buckets AS smallint[]), cast(:entry_ids AS bigint[])))",
                buckets=[place.bucket for place in places],
                entry_ids=[place.entry_id for place in places],
            )
        return {row.entry_id: (await self._opened(row), tuple(row.items)) for row in rows}

    async def close(self) -> None:
        """Close the connections."""
        await self._keyring.close()
        await self._database.close()

    async def _access(self, row: Row) -> Access:
        private = await self._opened(row)
        return Access(
            source=self.name,
            entry_id=row.entry_id,
            at=row.at,
            kind=row.kind,
            authority=row.authority,
            purpose=row.purpose,
            decision=row.decision,
            reason=row.reason,
            log_index=None,
            officer=private.officer,
            matter=private.matter,
            items=tuple(row.items),
        )

    async def _opened(self, row: Row) -> PrivatePart:
        """The private part; empty where its key or content is gone, so that the access itself still shows."""
        try:
            return await self._reader.open(bytes(row.salt), bytes(row.sealed))
        except KeyGone:
            return _ERASED
        except OpenFailed:
            log.error("private part does not open", source=self.name, entry_id=row.entry_id)
            return _ERASED

    def _entry(self, row: Row) -> JournalEntry:
        return JournalEntry(
            source=self.name,
            epoch=row.epoch,
            node=row.node[:_LONGEST],
            xid=int(row.xid),
            entry_id=row.entry_id,
            at=row.at,
            kind=row.kind[:_LONGEST],
            query_id=row.query_id,
            attempt=row.attempt,
            authority=row.authority[:_LONGEST],
            fingerprint=bytes(row.fingerprint),
            purpose=row.purpose[:_LONGEST],
            grant_id=row.grant_id,
            decision=row.decision,
            reason=row.reason[:_LONGEST],
            as_of=row.as_of,
            door=row.door[:_LONGEST],
            door_no=row.door_no,
            digest=bytes(row.digest),
            commitment=bytes(row.commitment),
        )


def conditions(search: Search, table: str) -> tuple[str, Mapping[str, object]]:
    """Return what `search` asks of an entry's row as SQL, each part begun with AND, and its parameters."""
    asked: list[tuple[str, str, object]] = [
        (f"{table}.at >= :since", "since", search.since),
        (f"{table}.at < :before", "before", search.before),
        (f"{table}.authority = :authority", "authority", search.authority or None),
        (f"{table}.purpose = :purpose", "purpose", search.purpose or None),
        (f"{table}.decision = :decision", "decision", search.decision or None),
    ]
    given = [(part, name, value) for part, name, value in asked if value is not None]
    return "".join(f" AND {part}" for part, _, _ in given), {name: value for _, name, value in given}

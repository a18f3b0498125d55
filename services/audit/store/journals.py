"""Reads the offices' journals: for the log, in the order of their cursor; for who may see an access, by party."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from foundation.crypto import KeyGone, Keyring, OpenFailed
from foundation.crypto.layout import length_prefixed
from foundation.db import Database, Row, Transaction
from foundation.identity import Identifier
from foundation.journal import JournalReader, PrivatePart
from foundation.journal.writer import BUCKET_KEY, INDEX_KEY, OFFICER_KEY
from services.audit.domain.access import Access, Search
from services.audit.domain.doors import Lost
from services.audit.domain.position import Position, Standstill, standstill
from services.audit.store import sql
from services.audit.store.leaves import SourceEntry, source_entry

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_VISIBLE = " AND (p.visible_from IS NULL OR p.visible_from <= house_now())"
"""What the party may see already."""
_AFTER = (
    ' AND (j.at, cast(:source AS text) COLLATE "C", j.entry_id)'
    " < (timestamptz 'epoch' + cast(:last_micros AS bigint) * interval '1 microsecond', :last_source, :last_entry)"
)
"""What comes after a place, newest first."""
ERASED = PrivatePart()


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
        self._made: set[str] = set()
        """Names of keys that the office has made; what is made once stays."""

    async def read_on(self, position: Position | None, *, most: int) -> list[SourceEntry] | Standstill:
        """Return the next entries after `position`, at most `most`, or why the journal can't be read on.

        Only entries below the snapshot's xmin: whatever is still open, or begins later, comes after them.
        """
        xid, entry_id = (str(position.xid), position.entry_id) if position is not None else ("0", 0)
        begins_after = position.begins_after if position is not None else 0
        asked = {"xid": xid, "entry_id": entry_id, "begins_after": begins_after, "most": most}
        rows = await self._database.statement(sql("read_on"), **asked)
        epoch, commitment, *first = rows[0]  # Also where there is nothing new: then without an entry.
        halted = standstill(position, epoch=UUID(bytes=epoch), commitment=commitment)
        if halted is not None:
            return halted
        return [source_entry(self.name, row) for row in rows] if first[0] is not None else []

    async def epoch(self) -> UUID:
        """Return the journal's present epoch."""
        async with self._database.transaction() as tx:
            return (await tx.one("SELECT epoch FROM house")).epoch

    async def commitments(self, before: int | None, *, most: int = 500) -> dict[int, bytes]:
        """Return the commitments of the newest entries with ids below `before`, by id; all when it is None."""
        async with self._database.transaction() as tx:
            rows = await tx.all(
                "SELECT entry_id, commitment FROM journal"
                " WHERE cast(:before AS bigint) IS NULL OR entry_id < cast(:before AS bigint)"
                " ORDER BY entry_id DESC LIMIT :most",
                before=before,
                most=most,
            )
        return {row.entry_id: bytes(row.commitment) for row in rows}

    async def lost_doors(self, first_no: int, last_no: int) -> list[Lost]:
        """Return what the office says about door numbers from `first_no` to `last_no`."""
        async with self._database.transaction() as tx:
            rows = await tx.all(
                "SELECT after_no, upto_no, cause FROM door_lost WHERE upto_no >= :first AND after_no < :last",
                first=first_no,
                last=last_no,
            )
        return [Lost(after_no=row.after_no, upto_no=row.upto_no, cause=row.cause) for row in rows]

    async def holds(self, entry_id: int, digest: bytes) -> bool:
        """Whether the journal has this entry with this digest, in the log or not yet."""
        async with self._database.transaction() as tx:
            row = await tx.maybe(
                "SELECT 1 FROM journal WHERE entry_id = :entry_id AND digest = :digest",
                entry_id=entry_id,
                digest=digest,
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
                " WHERE bucket = :bucket AND entry_id = :entry_id AND p.subject_tag = :tag" + _VISIBLE,
                bucket=bucket,
                entry_id=entry_id,
                tag=tag,
            )
        return bytes(row.digest) if row is not None else None

    async def about(self, subject: Identifier, search: Search) -> Sequence[Row]:
        """Return the newest entries about a party that `search` allows, for `access`, each with the journal's epoch."""
        found = await self._found(subject)
        if found is None:
            return []
        tag, bucket = found
        where, values = conditions(search, "j")
        visible = _VISIBLE if search.by_party else ""
        async with self._database.transaction() as tx:
            return await tx.all(
                "SELECT j.bucket, j.entry_id, j.at, j.kind, j.authority, j.purpose, j.decision, j.reason, j.commitment,"
                " p.salt, p.sealed, p.items, p.subject_tag, p.officer_tag, p.visible_from,"
                " (SELECT epoch FROM house) AS epoch"
                # OFFSET 0: each entry is looked up by its key; a plan made when the tables were small would otherwise
                # read the whole bucket for each.
                " FROM journal_private p CROSS JOIN LATERAL"
                " (SELECT * FROM journal WHERE bucket = p.bucket AND entry_id = p.entry_id OFFSET 0) j"
                f" WHERE p.bucket = :bucket AND p.subject_tag = :tag{where}{visible}{_AFTER}"
                " ORDER BY j.at DESC, j.entry_id DESC LIMIT :most",
                bucket=bucket,
                tag=tag,
                most=search.most,
                last_micros=search.after[0],
                source=self.name,
                last_source=search.after[1],
                last_entry=search.after[2],
                **values,
            )

    async def _found(self, subject: Identifier) -> tuple[bytes, int] | None:
        """The party's tag and bucket; None where no party was ever journalled, so that there are no keys yet."""
        if not await self._has_keys(INDEX_KEY, BUCKET_KEY):
            return None
        return await self._reader.tag(subject), await self._reader.bucket(subject)

    async def officer_tag(self, officer: str) -> bytes | None:
        """The official's tag, to be read beside the authority; None where no official was ever journalled."""
        return await self._reader.officer_tag(officer) if await self._has_keys(OFFICER_KEY) else None

    async def _has_keys(self, *names: str) -> bool:
        """Whether the office has made these keys already: a reader must not make them."""
        if not self._made.issuperset(names):
            async with self._database.transaction() as tx:
                rows = await tx.all("SELECT name FROM keyring WHERE name = ANY(:names)", names=[*names])
            self._made.update(row.name for row in rows)
        return self._made.issuperset(names)

    async def authority_of(self, entry_id: int) -> str | None:
        """The authority that an entry names; None where there is no such entry."""
        async with self._database.transaction() as tx:
            row = await tx.maybe("SELECT authority FROM journal WHERE entry_id = :entry_id", entry_id=entry_id)
        return row.authority if row is not None else None

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction on the source, for the questions of `store.questions`."""
        return self._database.transaction()

    async def private_parts(self, places: Sequence[Place]) -> dict[int, tuple[PrivatePart, tuple[str, ...]]]:
        """Return, by entry id, what is sealed beside the entries and the items they showed. Erased ones are missing."""
        async with self._database.transaction() as tx:
            at = {"buckets": [place.bucket for place in places], "entry_ids": [place.entry_id for place in places]}
            rows = await tx.all(sql("private_parts"), **at)
        return {row.entry_id: (await self.opened(row), tuple(row.items)) for row in rows}

    async def close(self) -> None:
        """Close the connections."""
        await self._keyring.close()
        await self._database.close()

    async def access(self, row: Row) -> Access:
        """An entry's row, beside which its private part stands, as an access."""
        private = await self.opened(row)
        said = {"officer": private.officer, "matter": private.matter, "items": tuple(row.items)}
        return Access.of(row, source=self.name, log_index=None, **said)

    async def opened(self, row: Row) -> PrivatePart:
        """The private part; ERASED where its key or content is gone, so that the access itself still shows."""
        if row.sealed is None:
            return ERASED
        if _committed(row) != row.commitment:  # another entry's, or another's official and matter
            log.error("private part is not the entry's", source=self.name, entry_id=row.entry_id)
            return ERASED
        try:
            return await self._reader.open(bytes(row.salt), bytes(row.sealed))
        except KeyGone:
            return ERASED
        except OpenFailed:
            log.error("private part does not open", source=self.name, entry_id=row.entry_id)
            return ERASED


def _committed(row: Row) -> bytes:
    """What an entry must have committed to for this private part to be its own. docs/formats.md, Journal entry."""
    since = row.visible_from
    micros = b"" if since is None else ((since - _1970) // timedelta(microseconds=1)).to_bytes(8, "big")
    parts = length_prefixed(bytes(row.sealed), bytes(row.subject_tag or b""), bytes(row.officer_tag or b""), micros)
    return hashlib.sha256(bytes(row.salt) + parts + "\n".join(row.items).encode()).digest()


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

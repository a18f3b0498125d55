"""The doors that read and journal: `answer`, `changes`, `own`, `provided`, `published`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from foundation.db import Row, Transaction
from foundation.journal.writer import SealedPrivate


@dataclass(frozen=True, slots=True)
class Question:
    """One member of a batch, all that the door needs to answer and journal it."""

    fingerprint: bytes
    kind: str
    purpose: str
    subject_tag: bytes
    journal_tag: bytes
    private: SealedPrivate
    query_id: UUID
    attempt: int
    full: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What the door gave for one member. `reason` is empty when it was answered."""

    reason: str
    entry_id: int | None
    as_of: datetime
    digest: bytes | None
    yes_no: bool
    items: list[str]
    field_names: list[str]
    records: list[dict[str, Any]]


_ANSWER = """
SELECT reason, entry_id, as_of, digest, yes_no, items, field_names, records
FROM answer(%b::bytea[], %b::text[], %b::text[], %b::smallint[], %b::bytea[], %b::uuid[], %b::integer[],
            %b::bytea[], %b::bytea[], %b::bytea[], %b::bytea[], %b::boolean[])
"""


async def answer(tx: Transaction, questions: Sequence[Question]) -> list[Answer]:
    """Put a batch to the door; answers come in the order of the questions."""
    driver = await tx.driver()
    columns = [
        [q.fingerprint for q in questions],
        [q.kind for q in questions],
        [q.purpose for q in questions],
        [q.private.bucket for q in questions],
        [q.subject_tag for q in questions],
        [q.query_id for q in questions],
        [q.attempt for q in questions],
        [q.private.salt for q in questions],
        [q.private.sealed for q in questions],
        [q.journal_tag for q in questions],
        [q.private.officer_tag for q in questions],
        [q.full for q in questions],
    ]
    cursor = driver.cursor(binary=True)
    await cursor.execute(_ANSWER, columns)
    return [
        Answer(reason, entry_id, as_of, digest, yes_no, items, fields, records or [])
        for reason, entry_id, as_of, digest, yes_no, items, fields, records in await cursor.fetchall()
    ]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the change feed: everything up to it was read. Order is (xid, event_id)."""

    xid: int = 0
    event_id: int = 0


async def epoch(tx: Transaction) -> UUID:
    """The house's epoch; a cursor of another one is refused."""
    return (await tx.one("SELECT epoch FROM house")).epoch


async def changes(
    tx: Transaction,
    *,
    fingerprint: bytes,
    purpose: str,
    after: Position,
    most: int,
    query_id: UUID,
    private: SealedPrivate,
) -> Row:
    """Changes after a position: reason, upto_xid, upto_event_id, events, entry_id, as_of, digest."""
    return await tx.one(
        "SELECT reason, upto_xid::text::bigint AS upto_xid, upto_event_id, events, entry_id, as_of, digest"
        " FROM changes(:fingerprint, :purpose, cast(cast(:xid AS text) AS xid8), :event_id, :most, :query_id,"
        " :salt, :sealed, :officer_tag)",
        fingerprint=fingerprint,
        purpose=purpose,
        xid=str(after.xid),
        event_id=after.event_id,
        most=most,
        query_id=query_id,
        salt=private.salt,
        sealed=private.sealed,
        officer_tag=private.officer_tag,
    )


async def acknowledge(tx: Transaction, *, fingerprint: bytes, record_id: UUID) -> datetime | None:
    """Record that the caller deleted its copy; None when it never received that withdrawn record."""
    row = await tx.one(
        "SELECT acknowledge(:fingerprint, :record_id) AS at", fingerprint=fingerprint, record_id=record_id
    )
    return row.at


async def own(
    tx: Transaction,
    *,
    fingerprint: bytes,
    subject_tag: bytes,
    journal_tag: bytes,
    private: SealedPrivate,
    desk: str | None,
    query_id: UUID,
) -> Row:
    """What is held about one party: records, entry_id, as_of, digest."""
    return await tx.one(
        "SELECT records, entry_id, as_of, digest FROM own(:fingerprint, cast(:bucket AS smallint), :tag, :query_id,"
        " :salt, :sealed, :journal_tag, :desk, :officer_tag)",
        fingerprint=fingerprint,
        bucket=private.bucket,
        tag=subject_tag,
        query_id=query_id,
        salt=private.salt,
        sealed=private.sealed,
        journal_tag=journal_tag,
        desk=desk,
        officer_tag=private.officer_tag,
    )


async def provided(
    tx: Transaction,
    *,
    fingerprint: bytes,
    kind: str,
    record_id: UUID,
    subject_tag: bytes | None,
    journal_tag: bytes | None,
    person: bool,
    private: SealedPrivate,
    desk: str | None,
    query_id: UUID,
) -> Row:
    """One record and who received it: record, receivers, entry_id, as_of, digest.

    `record` is None where there is none, and, when its certificate is asked for, while it is `shared`.
    """
    return await tx.one(
        "SELECT record, receivers, shared, entry_id, as_of, digest FROM provided(:fingerprint, :kind, :record_id, :tag,"
        " :person, :query_id, :salt, :sealed, :journal_tag, :desk, :officer_tag)",
        fingerprint=fingerprint,
        kind=kind,
        record_id=record_id,
        tag=subject_tag,
        person=person,
        query_id=query_id,
        salt=private.salt,
        sealed=private.sealed,
        journal_tag=journal_tag,
        desk=desk,
        officer_tag=private.officer_tag,
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the public list: by authority, by its division (GB/T 2260), by day of determination, half-open."""

    authority: str = ""
    division: str = ""
    since: date | None = None
    until: date | None = None


ALL_OF_IT = Wanted()


async def published(
    tx: Transaction,
    wanted: Wanted,
    organisation: tuple[int, bytes] | None,
    *,
    item_code: str,
    before: date | None,
    after: UUID | None,
    most: int,
) -> Sequence[Row]:
    """A page of what the law publishes, newest determination first; of one organisation by its bucket and tag."""
    bucket, tag = organisation or (None, None)
    return await tx.all(
        "SELECT * FROM published(:item_code, :before, :after, :most, :authority, :division, :since, :until,"
        " cast(:bucket AS smallint), :tag)",
        item_code=item_code,
        before=before,
        after=after,
        most=most,
        bucket=bucket,
        tag=tag,
        **asdict(wanted),
    )

"""The doors that change records: `subjects_for`, `hand_in`, `end_sharing`, `revoke_document`, the sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from foundation.db import Row, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A record as stored: what is in clear, and what is sealed."""

    number_tag: bytes
    content_digest: bytes
    bucket: int
    record_id: UUID
    version: int
    subject_id: UUID
    person: bool
    item_code: str
    determining_authority: str
    document_kind: str
    document_tag: bytes
    severity: str | None
    determined_on: date
    earliest_repair_on: date | None
    ends_before: datetime
    public: bool
    sample: bool
    archive_wrap: bytes
    share_wrap: bytes
    fields: bytes


_TYPES = {
    "number_tag": "bytea",
    "content_digest": "bytea",
    "bucket": "smallint",
    "record_id": "uuid",
    "version": "bigint",
    "subject_id": "uuid",
    "person": "boolean",
    "item_code": "text",
    "determining_authority": "text",
    "document_kind": "text",
    "document_tag": "bytea",
    "severity": "text",
    "determined_on": "date",
    "earliest_repair_on": "date",
    "ends_before": "timestamptz",
    "public": "boolean",
    "sample": "boolean",
    "archive_wrap": "bytea",
    "share_wrap": "bytea",
    "fields": "bytea",
}
_HAND_IN = "SELECT outcome, record_id FROM hand_in(%b, " + ", ".join(f"%b::{kind}[]" for kind in _TYPES.values()) + ")"


async def subjects_for(
    tx: Transaction, buckets: Sequence[int], canons: Sequence[int], tags: Sequence[tuple[int, Sequence[bytes]]]
) -> list[UUID]:
    """The random ids of parties, in order; made where a party is new.

    `tags` by epoch: one, or while the index key is rotated two, the new one last. `canons`: canonicaliser's version.
    """
    driver = await tx.driver()
    cursor = driver.cursor(binary=True)
    (epoch, first), (next_epoch, second) = (*tags, (None, []))[:2]
    await cursor.execute(
        "SELECT subject_id FROM subjects_for(%b::smallint[], %b::smallint[], %b::smallint, %b::bytea[],"
        " %b::smallint, %b::bytea[])",
        [list(buckets), list(canons), epoch, list(first), next_epoch, list(second)],
    )
    return [subject_id for (subject_id,) in await cursor.fetchall()]


async def hand_in(
    tx: Transaction, *, fingerprint: bytes, records: Sequence[StoredRecord]
) -> list[tuple[str, UUID | None]]:
    """Store a batch; gives (outcome, record id) in order: accepted, held, or a refusal's code."""
    driver = await tx.driver()
    cursor = driver.cursor(binary=True)
    columns = [[getattr(record, name) for record in records] for name in _TYPES]
    await cursor.execute(_HAND_IN.encode(), [fingerprint, *columns])
    return [(outcome, record_id) for outcome, record_id in await cursor.fetchall()]


async def end_sharing(
    tx: Transaction, *, fingerprint: bytes, record_id: UUID | None, number_tag: bytes | None, reason: str
) -> Row | None:
    """End one record's sharing: record_id, ended_at, already_ended; None where it is none of the caller's."""
    return await tx.maybe(
        "SELECT record_id, ended_at, already_ended FROM end_sharing(:fingerprint, :record_id, :number_tag, :reason)",
        fingerprint=fingerprint,
        record_id=record_id,
        number_tag=number_tag,
        reason=reason,
    )


async def revoke_document(tx: Transaction, *, fingerprint: bytes, document_tag: bytes) -> list[UUID]:
    """End the sharing of all the caller's records that rest on a document; gives their ids."""
    rows = await tx.all(
        "SELECT record_id FROM revoke_document(:fingerprint, :document_tag)",
        fingerprint=fingerprint,
        document_tag=document_tag,
    )
    return [row.record_id for row in rows]


async def sweep(tx: Transaction, most: int) -> int:
    """Carry out one step of what has ended by its date; gives how many records."""
    return (await tx.one("SELECT sweep(:most) AS n", most=most)).n


async def sweep_repealed(tx: Transaction, most: int) -> int:
    """Carry out one step of what has ended by its item's repeal; gives how many records."""
    return (await tx.one("SELECT sweep_repealed(:most) AS n", most=most)).n

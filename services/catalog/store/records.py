"""The doors that take records in, many at once: `subjects_for` and `hand_in`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from uuid import UUID

from foundation.db import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A record as stored: what is in clear, and what is sealed. Its members are the arguments of the door."""

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


async def subjects_for(
    tx: Transaction, buckets: Sequence[int], canons: Sequence[int], tags: Sequence[tuple[int, Sequence[bytes]]]
) -> list[UUID]:
    """The random ids of parties, in order; made where a party is new.

    `tags` by epoch: one, or while the index key is rotated two, the new one last. `canons`: canonicaliser's version.
    """
    (epoch, first), (next_epoch, second) = (*tags, (None, []))[:2]
    found = await tx.call(
        "subjects_for",
        bucket=list(buckets),
        canon=list(canons),
        epoch=epoch,
        tag=list(first),
        next_epoch=next_epoch,
        next_tag=list(second),
    )
    return found.scalars()


async def hand_in(
    tx: Transaction, *, fingerprint: bytes, records: Sequence[StoredRecord]
) -> list[tuple[str, UUID | None]]:
    """Store a batch; gives (outcome, record id) in order: accepted, held, or a refusal's code."""
    columns = {one.name: [getattr(record, one.name) for record in records] for one in fields(StoredRecord)}
    return [
        (row.outcome, row.record_id) for row in (await tx.call("hand_in", fingerprint=fingerprint, **columns)).all()
    ]

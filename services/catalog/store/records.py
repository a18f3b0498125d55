"""The doors that take records in, many at once: `subjects_known`, `subjects_for` and `hand_in`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from foundation.db import Transaction

Tags = Sequence[tuple[int, Sequence[bytes]]]
"""Tags by epoch: one, or while the index key is rotated two, the new one last."""


class StoredRecord(NamedTuple):
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


async def subjects_known(tx: Transaction, buckets: Sequence[int], tags: Tags) -> list[UUID | None]:
    """The random ids of parties as they stand now, in order; None where a party is new."""
    return (await tx.call("subjects_known", bucket=list(buckets), tag=list(tags[0][1]))).scalars()


async def subjects_for(
    tx: Transaction, buckets: Sequence[int], canons: Sequence[int], tags: Tags, *, fresh: Sequence[UUID | None]
) -> list[UUID]:
    """The random ids of parties, in order; made where a party is new: those in `fresh`, or drawn where it has none.

    `canons`: canonicaliser's version.
    """
    found = await tx.call(
        "subjects_for", bucket=list(buckets), canon=list(canons), fresh=list(fresh), **_by_epoch(tags, "epoch", "tag")
    )
    return found.scalars()


async def hand_in(
    tx: Transaction,
    *,
    fingerprint: bytes,
    records: Sequence[StoredRecord],
    names: Sequence[tuple[int, Sequence[int | None]]],
) -> list[tuple[str, UUID | None]]:
    """Store a batch; gives (outcome, record id) in order: accepted, held, or a refusal's code.

    `names`: by epoch, tags of the parties' names; None for one that does not come on the public list under it.
    """
    columns = dict(zip(StoredRecord._fields, map(list, zip(*records, strict=True)), strict=True))
    columns |= _by_epoch(names, "name_epoch", "name_tag")
    return [
        (row.outcome, row.record_id) for row in (await tx.call("hand_in", fingerprint=fingerprint, **columns)).all()
    ]


def _by_epoch(tags: Sequence[tuple[int, Sequence[object]]], epoch: str, tag: str) -> dict[str, Any]:
    (first, these), (second, others) = (*tags, (None, []))[:2]
    return {epoch: first, tag: list(these), f"next_{epoch}": second, f"next_{tag}": list(others)}

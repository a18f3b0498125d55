"""Missing door numbers, and epochs that were adopted."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from foundation.db import Transaction
from services.audit.domain.doors import SETTLED_S, Gap
from services.audit.store import sql


async def gaps(tx: Transaction, *, source: str, most: int) -> list[Gap]:
    """Return the newest gaps, of one source or all, with the times of their neighbours."""
    rows = await tx.all(sql("gaps"), source=source, settled=SETTLED_S, most=most)
    return [Gap(**row._mapping) for row in rows]


async def adopt(tx: Transaction, source: str, epoch: UUID, *, by: bytes, begins_after: int) -> str:
    """Propose or approve an epoch, `by` the official of that tag; gives proposed, approved, done or same."""
    row = await tx.one(
        "SELECT adopt_epoch(:source, :epoch, :by, :begins_after) AS said",
        source=source,
        epoch=epoch,
        by=by,
        begins_after=begins_after,
    )
    return row.said


async def leaves(tx: Transaction, source: str, entry_ids: Sequence[int]) -> list[bytes]:
    """Return the leaves with these ids in a source's journal, of whatever epoch."""
    rows = await tx.all(
        "SELECT leaf FROM log_entry WHERE source = :source AND entry_id = ANY(:entry_ids)",
        source=source,
        entry_ids=list(entry_ids),
    )
    return [bytes(row.leaf) for row in rows]

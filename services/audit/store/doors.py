"""Missing door numbers, and what the log holds of a journal."""

from __future__ import annotations

from collections.abc import Sequence

from foundation.db import Transaction
from services.audit.domain.doors import SETTLED_S, Gap
from services.audit.store import sql


async def gaps(tx: Transaction, *, source: str, most: int) -> list[Gap]:
    """Return the newest gaps, of one source or all, with the times of their neighbours."""
    rows = await tx.all(sql("gaps"), source=source, settled=SETTLED_S, most=most)
    return [Gap(**row._asdict()) for row in rows]


async def leaves(tx: Transaction, source: str, entry_ids: Sequence[int]) -> list[bytes]:
    """Return the leaves with these ids in a source's journal, of whatever epoch."""
    rows = await tx.all(
        "SELECT leaf FROM log_entry WHERE source = :source AND entry_id = ANY(:entry_ids)",
        source=source,
        entry_ids=list(entry_ids),
    )
    return [bytes(row.leaf) for row in rows]

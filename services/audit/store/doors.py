"""Missing door numbers, and epochs that were adopted."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from foundation.db import Transaction
from services.audit.domain.doors import SETTLED_S, Gap


async def gaps(tx: Transaction, *, source: str, most: int) -> list[Gap]:
    """Return the newest gaps, of one source or all, with the times of their neighbours."""
    rows = await tx.all(
        "SELECT g.source, g.epoch, g.first_no, g.last_no,"
        " (SELECT e.at FROM log_entry e WHERE e.source = g.source AND e.source_epoch = g.epoch"
        "  AND e.door_no < g.first_no ORDER BY e.door_no DESC LIMIT 1) AS after,"
        " (SELECT e.at FROM log_entry e WHERE e.source = g.source AND e.source_epoch = g.epoch"
        "  AND e.door_no > g.last_no ORDER BY e.door_no LIMIT 1) AS before"
        " FROM door_gap g WHERE (:source = '' OR g.source = :source)"
        " AND g.noticed_at < clock_timestamp() - make_interval(secs => :settled)"
        " ORDER BY g.noticed_at DESC, g.source, g.first_no DESC LIMIT :most",
        source=source,
        settled=SETTLED_S,
        most=most,
    )
    return [Gap(**row._mapping) for row in rows]


async def adopt(tx: Transaction, source: str, epoch: UUID, *, basis: str, by: str, begins_after: int) -> str:
    """Propose or approve an epoch by the function of that name; what it says: proposed, approved, done or same."""
    row = await tx.one(
        "SELECT adopt_epoch(:source, :epoch, :basis, :by, :begins_after) AS said",
        source=source,
        epoch=epoch,
        basis=basis,
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

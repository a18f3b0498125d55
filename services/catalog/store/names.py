"""The public list by name: tags of records, and candidates by tag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from uuid import UUID

from foundation.db import Row, Transaction
from services.catalog.store.answers import Wanted


async def name_records(tx: Transaction, named: Sequence[tuple[int, int, UUID, int]]) -> None:
    """Put down tags of organisations' records, as (epoch, bucket, record id, tag); what is not public gets none."""
    columns = [list(column) for column in zip(*named, strict=True)]
    statement = "SELECT name_records(%s::smallint[], %s::smallint[], %s::uuid[], %s::integer[])"
    await (await tx.driver()).execute(statement, columns)


async def candidates(
    tx: Transaction,
    epoch: int,
    name_tag: int,
    wanted: Wanted,
    *,
    item_code: str,
    before: date | None,
    after: UUID | None,
    most: int,
) -> Sequence[Row]:
    """Organisations' public records whose names have a tag, newest determination first: not all have the name."""
    sql = (
        "SELECT * FROM published_named(cast(:epoch AS smallint), :tag, :item_code, :before, :after, :most, :authority,"
        " :division, :since, :until)"
    )
    position = {"item_code": item_code, "before": before, "after": after, "most": most}
    return await tx.all(sql, epoch=epoch, tag=name_tag, **position, **asdict(wanted))

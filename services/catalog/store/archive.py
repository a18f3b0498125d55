"""Openings of the archive, and on what it may be opened."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from foundation.crypto import bucket_in
from foundation.db import Row, Transaction


async def basis(tx: Transaction, code: str) -> Row | None:
    """A basis in force: its longest_delay_days."""
    return await tx.maybe("SELECT longest_delay_days FROM archive_basis WHERE code = :code AND in_force", code=code)


async def opening(tx: Transaction, opening_id: UUID) -> Row | None:
    """One opening."""
    return await tx.maybe(
        "SELECT * FROM archive_opening WHERE bucket = :bucket AND opening_id = :opening_id",
        bucket=bucket_in(opening_id),
        opening_id=opening_id,
    )


async def openings(tx: Transaction, most: int) -> Sequence[Row]:
    """Openings, newest first."""
    return await tx.all("SELECT * FROM archive_opening ORDER BY requested_at DESC LIMIT :most", most=most)

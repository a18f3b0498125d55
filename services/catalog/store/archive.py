"""Openings of the archive, and the door `open_archive`."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from foundation.crypto import bucket_in
from foundation.db import Row, Transaction
from foundation.journal.writer import SealedPrivate


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


async def request(
    tx: Transaction,
    *,
    fingerprint: bytes,
    opening_id: UUID,
    subject_tag: bytes,
    record_ids: Sequence[UUID],
    basis: str,
    delay_days: int,
    said: bytes,
    officer: bytes,
) -> Row:
    """Put an application down. Officials are given as tags."""
    return await tx.one(
        "SELECT * FROM request_opening(:fingerprint, :opening_id, :tag, cast(:record_ids AS uuid[]), :basis,"
        " :delay_days, :said, :officer)",
        fingerprint=fingerprint,
        opening_id=opening_id,
        tag=subject_tag,
        record_ids=list(record_ids),
        basis=basis,
        delay_days=delay_days,
        said=said,
        officer=officer,
    )


async def approve(
    tx: Transaction, *, fingerprint: bytes, opening_id: UUID, officer: bytes, approval: bytes
) -> Row | None:
    """Approve an application; None when it waits no more. The constraint refuses the applicant."""
    return await tx.maybe(
        "SELECT * FROM approve_opening(:fingerprint, :opening_id, :officer, :approval)",
        fingerprint=fingerprint,
        opening_id=opening_id,
        officer=officer,
        approval=approval,
    )


async def open_archive(
    tx: Transaction, *, fingerprint: bytes, opening_id: UUID, officer: bytes, query_id: UUID, private: SealedPrivate
) -> Row:
    """What was approved: records, entry_id, as_of, digest; no entry_id where it is not to be opened (any more)."""
    return await tx.one(
        "SELECT records, entry_id, as_of, digest FROM open_archive(:fingerprint, :opening_id, :officer, :query_id,"
        " :salt, :sealed, :tag, :officer_tag)",
        fingerprint=fingerprint,
        opening_id=opening_id,
        officer=officer,
        query_id=query_id,
        salt=private.salt,
        sealed=private.sealed,
        tag=private.tag,
        officer_tag=private.officer_tag,
    )

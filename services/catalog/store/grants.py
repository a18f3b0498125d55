"""Access grants: applied for, approved by a second official, revoked."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from foundation.db import Row, Transaction

_COLUMNS = (
    "grant_id, authority, purpose, item_codes, field_names, days, said, requested_by, approved_by, approval, starts_at,"
    " ends_at, revoked_at"
)


async def request(tx: Transaction, **columns: object) -> Row:
    """Put an application down: by whom is given as a tag, and what is said sealed."""
    return (await tx.insert("access_grant", f"RETURNING {_COLUMNS}", **columns)).one()


async def grant(tx: Transaction, grant_id: UUID) -> Row | None:
    """One grant."""
    return await tx.maybe(f"SELECT {_COLUMNS} FROM access_grant WHERE grant_id = :grant_id", grant_id=grant_id)


async def approve(tx: Transaction, *, grant_id: UUID, approved_by: bytes, approval: bytes) -> Row | None:
    """Approve an open application; None when it is not open. The constraint refuses the applicant."""
    return await tx.maybe(
        "UPDATE access_grant SET approved_by = :approved_by, approval = :approval, starts_at = :now,"
        " ends_at = cast(:now AS timestamptz) + make_interval(days => days)"
        " WHERE grant_id = :grant_id AND approved_by IS NULL AND revoked_at IS NULL"
        f" RETURNING {_COLUMNS}",
        grant_id=grant_id,
        approved_by=approved_by,
        approval=approval,
        now=tx.now,
    )


async def revoke(tx: Transaction, *, grant_id: UUID, revoked_by: bytes) -> Row | None:
    """Revoke a grant under the policy lock, so that no answer under it follows; None when it is not in force."""
    await tx.run("SELECT lock_policy(true)")
    return await tx.maybe(
        "UPDATE access_grant SET revoked_by = :revoked_by, revoked_at = house_now()"
        f" WHERE grant_id = :grant_id AND revoked_at IS NULL RETURNING {_COLUMNS}",
        grant_id=grant_id,
        revoked_by=revoked_by,
    )


async def grants(tx: Transaction, authority: str | None) -> Sequence[Row]:
    """The grants of one authority, or all of them; newest first."""
    return await tx.all(
        f"SELECT {_COLUMNS} FROM access_grant WHERE cast(:authority AS text) IS NULL OR authority = :authority"
        " ORDER BY requested_at DESC LIMIT 1000",
        authority=authority,
    )

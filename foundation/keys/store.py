"""Rows of rotations: one function for each question. The rules stand in foundation/db/keys.sql."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from foundation.db import Row, Transaction


async def keys(tx: Transaction) -> Sequence[Row]:
    """Every key there is or was: name, created_at, destroyed_at, and the suite that wraps it, 0 if the provider's own."""
    suite = "CASE get_byte(wrapped, 0) WHEN 1 THEN get_byte(wrapped, 1) ELSE 0 END AS suite"
    return await tx.all(f"SELECT name, created_at, destroyed_at, {suite} FROM keyring ORDER BY name")


async def rotations(tx: Transaction) -> Sequence[Row]:
    """The newest hundred rotations."""
    return await tx.all("SELECT * FROM key_rotation ORDER BY n DESC LIMIT 100")


async def rotation(tx: Transaction, rotation_id: UUID) -> Row | None:
    """One rotation."""
    return await tx.maybe("SELECT * FROM key_rotation WHERE rotation_id = :id", id=rotation_id)


async def current(tx: Transaction, key: str, *, provider: bool) -> str | None:
    """The newest generation of a key, or with `provider` the provider's key that wraps it; None: no such key."""
    name = ":key" if provider else "(SELECT writing[cardinality(writing)] FROM keys_in_use(:key))"
    row = await tx.maybe(
        f"SELECT name, coalesce(provider_key, name) AS provider_key FROM keyring WHERE name = {name}"
        " AND destroyed_at IS NULL",
        key=key,
    )
    return None if row is None else row.provider_key if provider else row.name


async def start(tx: Transaction, **columns: object) -> Row | None:
    """Put a rotation down; None where one of that key is under way.

    Columns: key, method, from_key, to_key; where an official begins it, rotation_id, his tag as started_by and as
    proposed_by, and his number sealed as proposal.
    """
    return (await tx.insert("key_rotation", "ON CONFLICT DO NOTHING RETURNING *", **columns)).one_or_none()


async def put(tx: Transaction, rotation: Row, page: Row, made: Sequence[tuple[int, bytes]]) -> int:
    """Write what rows of a page became where they have not changed meanwhile; gives how many that were."""
    written = await tx.call(
        "key_put",
        rotation=rotation.rotation_id,
        bucket=[page.buckets[place] for place, _ in made],
        id=[page.ids[place] for place, _ in made],
        old=[page.wraps[place] for place, _ in made],
        new=[new for _, new in made],
    )
    return written.scalar_one()


async def note(tx: Transaction, rotation: Row, page: Row | None, **counts: int) -> str:
    """Note a step: `ended`, `found`, `done`, `unopened`; gives the state."""
    end = {"bucket": page.end_bucket if page else None, "id": page.end_id if page else None}
    return (await tx.call("key_note", rotation=rotation.rotation_id, **end, **counts)).scalar_one()

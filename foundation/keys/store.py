"""Rows of rotations: one function for each question. The rules stand in foundation/db/keys.sql."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
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


async def approve(tx: Transaction, rotation_id: UUID, officer: bytes, **sealed: bytes) -> str | None:
    """One official's word that the old key may go; the state then, None where it is not verified.

    `officer` is his tag, `sealed` his number, once as `proposal` and once as `approval`.
    """
    sql = "SELECT key_approve(:id, :officer, :proposal, :approval) AS state"
    return (await tx.one(sql, id=rotation_id, officer=officer, **sealed)).state


async def due(tx: Transaction) -> Row | None:
    """The rotation whose turn it is, held by `tx`; None where nothing is to be done, or others are at it."""
    return await tx.maybe("SELECT * FROM key_due()")


async def begin(tx: Transaction, rotation: Row, wait: timedelta) -> str:
    """Begin the work, or the wait before the old key goes; gives the state."""
    sql = "SELECT key_begin(:id, :wait) AS state"
    return (await tx.one(sql, id=rotation.rotation_id, wait=wait)).state


async def page(tx: Transaction, rotation: Row, most: int) -> Row:
    """The next rows to be looked at: how many were `seen`, where they end, and what is to be done, by column."""
    return await tx.one("SELECT * FROM key_page(:id, :most)", id=rotation.rotation_id, most=most)


async def put(tx: Transaction, rotation: Row, page: Row, made: Sequence[tuple[int, bytes]]) -> int:
    """Write what rows of a page became where they have not changed meanwhile; gives how many that were."""
    sql = (
        "SELECT key_put(:id, cast(:buckets AS smallint[]), cast(:ids AS uuid[]), cast(:old AS bytea[]),"
        " cast(:new AS bytea[])) AS done"
    )
    row = await tx.one(
        sql,
        id=rotation.rotation_id,
        buckets=[page.buckets[place] for place, _ in made],
        ids=[page.ids[place] for place, _ in made],
        old=[page.wraps[place] for place, _ in made],
        new=[new for _, new in made],
    )
    return row.done


async def note(tx: Transaction, rotation: Row, page: Row | None, **counts: int) -> str:
    """Note a step: `ended`, `found`, `done`, `unopened`; gives the state."""
    sql = "SELECT key_note(:id, :bucket, :row_id, :ended, :found, :done, :unopened) AS state"
    end = {"bucket": page.end_bucket if page else None, "row_id": page.end_id if page else None}
    return (await tx.one(sql, id=rotation.rotation_id, **end, **counts)).state


async def drop(tx: Transaction, rotation: Row) -> bool:
    """Drop one bucket's tags under the old key; whether that was the last."""
    return (await tx.one("SELECT key_drop(:id) AS ended", id=rotation.rotation_id)).ended


async def retired(tx: Transaction, rotation: Row) -> str:
    """Note that the old key is destroyed; gives the state."""
    return (await tx.one("SELECT key_retired(:id) AS state", id=rotation.rotation_id)).state

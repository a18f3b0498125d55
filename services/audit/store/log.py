"""The log's tables: entries, tiles, positions, the head and its lease, checkpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chengxin.proofs.tiles import Tile
from foundation.db import Row, Transaction
from services.audit.domain.access import Search
from services.audit.domain.position import Position
from services.audit.store import sql
from services.audit.store.journals import conditions
from services.audit.store.leaves import COPY_ROWS, SourceEntry, copied

LEASE_S = 2
"""How long a sequencer that has died keeps others waiting, seconds."""
NEWEST_CHECKPOINT = (
    "SELECT c.size, c.root, c.text || coalesce((SELECT string_agg(s.line, '' ORDER BY s.name) FROM cosignature s"
    "  WHERE s.size = c.size), '') AS text FROM checkpoint c ORDER BY c.size DESC LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Head:
    """The committed head of the log. `positions` are the extension lines of the checkpoint over it."""

    size: int
    root: bytes
    positions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry of the log. `bucket` finds its private part in the source."""

    index: int
    source: str
    bucket: int
    encoded: bytes


async def take_lease(tx: Transaction, token: UUID) -> bool:
    """Take or renew the right to append; False while another sequencer has it."""
    taken = await tx.run(
        "UPDATE log_state SET token = :token, leased_until = house_now() + make_interval(secs => :seconds)"
        " WHERE token = :token OR leased_until < house_now()",
        token=token,
        seconds=LEASE_S,
    )
    return taken == 1


async def give_up_lease(tx: Transaction, token: UUID) -> None:
    """Let another sequencer take over at once."""
    await tx.run("UPDATE log_state SET leased_until = '-infinity' WHERE token = :token", token=token)


async def head(tx: Transaction, *, locked: bool = False) -> Head:
    """Return the head; `locked` holds it still until the transaction ends."""
    row = await tx.one("SELECT size, root, positions FROM log_state" + (" FOR UPDATE" if locked else ""))
    return Head(row.size, bytes(row.root), tuple(row.positions.splitlines()))


async def swap_head(tx: Transaction, *, old: Head, new: Head, token: UUID) -> bool:
    """Move the head from `old` to `new`; False when it is not `old` any more, or the lease is another's."""
    swapped = await tx.run(
        sql("swap_head"),
        new_size=new.size,
        new_root=new.root,
        positions="\n".join(new.positions),
        old_size=old.size,
        old_root=old.root,
        token=token,
    )
    return swapped == 1


async def append_leaves(tx: Transaction, first_index: int, entries: Sequence[SourceEntry]) -> None:
    """Insert the entries at consecutive indices from `first_index` on."""
    async with tx.connection.cursor().copy(COPY_ROWS) as copy:
        await copy.write(copied(first_index, entries))


async def save_tiles(tx: Transaction, changed: Mapping[Tile, bytes]) -> None:
    """Insert new tiles and widen those that grew."""
    await tx.run(
        "INSERT INTO tile (level, index, hashes)"
        " SELECT * FROM unnest(cast(:levels AS smallint[]), cast(:indices AS bigint[]), cast(:hashes AS bytea[]))"
        " ON CONFLICT (level, index) DO UPDATE SET hashes = excluded.hashes",
        levels=[tile.level for tile in changed],
        indices=[tile.index for tile in changed],
        hashes=list(changed.values()),
    )


async def tiles_at(tx: Transaction, tiles: Iterable[Tile]) -> dict[Tile, bytes]:
    """Return these tiles, as wide as they are now; those that are not there are missing."""
    wanted = list(tiles)
    rows = await tx.all(
        "SELECT level, index, hashes FROM tile WHERE (level, index) IN"
        " (SELECT * FROM unnest(cast(:levels AS smallint[]), cast(:indices AS bigint[])))",
        levels=[tile.level for tile in wanted],
        indices=[tile.index for tile in wanted],
    )
    return {Tile(row.level, row.index): bytes(row.hashes) for row in rows}


async def positions(tx: Transaction) -> dict[str, Position]:
    """Return how far each source is in the log."""
    rows = await tx.all(
        "SELECT source, epoch, xid::text::bigint AS xid, entry_id, commitment, begins_after FROM source_position"
    )
    found: list[dict[str, Any]] = [dict(row._asdict()) for row in rows]
    return {row.pop("source"): Position(**row) for row in found}


async def save_position(tx: Transaction, source: str, at: Position) -> None:
    """Move the position of a source to this one."""
    named = {name: getattr(at, name) for name in ("epoch", "entry_id", "commitment")}
    await tx.run(sql("save_position"), source=source, xid=str(at.xid), **named)


async def save_checkpoint(tx: Transaction, published: Head, text: str) -> None:
    """Publish the signed head; the same head may be published again."""
    once = "ON CONFLICT (size) DO NOTHING"
    await tx.insert("checkpoint", once, size=published.size, root=published.root, text=text)


async def newest_checkpoint(tx: Transaction) -> tuple[Head, str] | None:
    """Return the newest published head and its signed text, with what witnesses signed; None before the first."""
    row = await tx.maybe(NEWEST_CHECKPOINT)
    return (Head(row.size, bytes(row.root)), row.text) if row is not None else None


async def save_cosignature(tx: Transaction, size: int, name: str, line: str) -> None:
    """Keep the line with which a witness signed the checkpoint of `size`; the first one stays."""
    await tx.insert("cosignature", "ON CONFLICT DO NOTHING", size=size, name=name, line=line)


async def leaves_from(tx: Transaction, first: int, count: int) -> list[bytes]:
    """Return `count` entries as encoded, from the index `first` on."""
    rows = await tx.all(
        "SELECT leaf FROM log_entry WHERE index >= :first AND index < :end ORDER BY index",
        first=first,
        end=first + count,
    )
    return [bytes(row.leaf) for row in rows]


async def entries_of(tx: Transaction, source: str, entry_id: int) -> list[Logged]:
    """Return the entries with this id in the source's journal: one for each epoch that logged it."""
    rows = await tx.all(
        "SELECT index, source, bucket, leaf FROM log_entry WHERE source = :source AND entry_id = :entry_id",
        source=source,
        entry_id=entry_id,
    )
    return [_logged(row) for row in rows]


async def found(tx: Transaction, search: Search) -> list[Logged]:
    """Return the newest entries that `search` allows, about whomever."""
    where, values = conditions(search, "e")
    rows = await tx.all(
        f"SELECT index, source, bucket, leaf FROM log_entry e WHERE true{where}"
        " ORDER BY e.at DESC, e.index DESC LIMIT :most",
        most=search.most,
        **values,
    )
    return [_logged(row) for row in rows]


async def indices(tx: Transaction, entries: Sequence[tuple[str, UUID, int]]) -> dict[tuple[str, int], int]:
    """Return the index in the log of each (source, epoch, entry id) that is in it, by source and entry id."""
    rows = await tx.all(
        "SELECT source, entry_id, index FROM log_entry WHERE (source, source_epoch, entry_id) IN"
        " (SELECT * FROM unnest(cast(:sources AS text[]), cast(:epochs AS uuid[]), cast(:entry_ids AS bigint[])))",
        sources=[source for source, _, _ in entries],
        epochs=[epoch for _, epoch, _ in entries],
        entry_ids=[entry_id for _, _, entry_id in entries],
    )
    return {(row.source, row.entry_id): row.index for row in rows}


def _logged(row: Row) -> Logged:
    return Logged(row.index, row.source, row.bucket, bytes(row.leaf))

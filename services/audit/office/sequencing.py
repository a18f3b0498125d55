"""Takes new journal entries into the log, and publishes its head. One sequencer at a time may.

Order, size and root are committed by compare-and-swap before the head is signed; the checkpoint is a pure
function of what is committed. So a sequencer that was killed, or paused while another took over, can't fork
the log: what it had not committed is nowhere, what it had committed is signed by whoever comes next.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from uuid import UUID

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chengxin.proofs import tiles
from chengxin.proofs.checkpoint import Checkpoint, sign_checkpoint
from chengxin.proofs.positions import SourcePosition
from foundation.db import Database
from foundation.refusal import Refused
from services.audit.domain.position import Position, Standstill
from services.audit.store import log as store
from services.audit.store.journals import SourceEntry, SourceJournal
from services.audit.store.log import Head

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MOST_A_ROUND = 4_000
"""Entries taken from one source in one round; bounds the transaction to a fraction of a second."""


@dataclass(slots=True)
class _Known:
    """What this sequencer knows of the log while it holds the lease; asked again at the lease's half time.

    Stale knowledge does no harm: the swap of the head fails on it.
    """

    at: Head
    positions: dict[str, Position]
    until: float


@dataclass(eq=False)
class Sequencer:
    """Appends to the log while it holds the lease. `token` names this sequencer and no other."""

    database: Database
    sources: Sequence[SourceJournal]
    _: KW_ONLY
    key: Ed25519PrivateKey
    origin: str
    token: UUID
    clock: Callable[[], float] = time.monotonic
    _known: _Known | None = field(default=None, init=False)
    _published: bool = field(default=False, init=False)
    _halted: dict[str, Standstill] = field(default_factory=dict[str, Standstill], init=False)

    async def round(self) -> bool:
        """Take what is new and publish the head; True when there may be more at once.

        Does nothing while another sequencer has the lease. Raises Refused(UNAVAILABLE) while the office's own
        database is away; a source that is away is left for the next round.
        """
        known = await self._in_charge()
        if known is None:
            return False
        batches = await asyncio.gather(
            *(self._read(source, known.positions.get(source.name)) for source in self.sources)
        )
        taken = [entry for batch in batches for entry in batch]
        if taken and not await self.append(known.at, taken):
            return False
        if taken or not self._published:
            await self.publish()
        return any(len(batch) == MOST_A_ROUND for batch in batches)

    async def append(self, at: Head, taken: Sequence[SourceEntry]) -> bool:
        """Commit the entries after the head `at`; False, and nothing committed, when the head has moved."""
        known, self._known, self._published = self._known, None, False
        async with self.database.transaction() as tx:
            if await store.head(tx, locked=True) != at:
                return False
            edge = await store.tiles_at(tx, tiles.right_edge(at.size))
            if tiles.root(edge, at.size) != at.root:  # Whoever altered them gets no signature over that.
                log.error("the tiles do not make the head of the log", size=at.size)
                return False
            changed = tiles.grow(at.size, edge, [entry.leaf_hash for entry in taken])
            size = at.size + len(taken)
            positions = await store.positions(tx)
            last = {entry.source: entry for entry in taken}
            moved = {source: _moved(positions.get(source), entry) for source, entry in last.items()}
            lines = _lines(positions | moved)
            new = Head(size, tiles.root(edge | changed, size), lines)
            if not await store.swap_head(tx, old=at, new=new, token=self.token):
                return False
            await store.append_leaves(tx, at.size, taken)
            await store.save_tiles(tx, changed)
            for source, position in moved.items():
                await store.save_position(tx, source, position)
        if known is not None:
            self._known = _Known(new, positions | moved, known.until)
        return True

    async def publish(self) -> None:
        """Sign and publish the committed head, unless it is published already."""
        async with self.database.transaction() as tx:
            newest = await store.newest_checkpoint(tx)
            at = await store.head(tx, locked=True)
            if newest is None or newest[0].size != at.size:
                signed = sign_checkpoint(Checkpoint(self.origin, at.size, at.root, at.positions), self.key)
                await store.save_checkpoint(tx, at, signed)
        self._published = True

    async def stop(self) -> None:
        """Give up the lease, so that another sequencer need not wait."""
        self._known = None
        async with self.database.transaction() as tx:
            await store.give_up_lease(tx, self.token)

    async def _in_charge(self) -> _Known | None:
        """What is known of the log, as long as the lease is this sequencer's; None while it is another's."""
        if self._known is not None and self.clock() < self._known.until:
            return self._known
        until = self.clock() + store.LEASE_S / 2  # counted from before the question
        self._known = None
        async with self.database.transaction() as tx:
            if await store.take_lease(tx, self.token):
                self._known = _Known(await store.head(tx), await store.positions(tx), until)
        return self._known

    async def _read(self, source: SourceJournal, position: Position | None) -> list[SourceEntry]:
        try:
            entries = await source.read_on(position, most=MOST_A_ROUND)
        except Refused as refused:
            log.warning("source can't be read", source=source.name, reason=refused.reason.code)
            return []
        if isinstance(entries, Standstill):
            self._say_halted(source.name, entries)
            return []
        self._halted.pop(source.name, None)
        return entries

    def _say_halted(self, source: str, why: Standstill) -> None:
        if self._halted.get(source) is not why:
            self._halted[source] = why
            log.error("source halted", source=source, why=why.value)


def _moved(position: Position | None, last: SourceEntry) -> Position:
    place = {"xid": last.xid, "entry_id": last.entry_id, "begins_after": position.begins_after if position else 0}
    return Position(epoch=UUID(bytes=last.epoch), commitment=last.commitment, **place)


def _lines(positions: Mapping[str, Position]) -> tuple[str, ...]:
    """The positions as the checkpoint's extension lines."""
    return tuple(
        SourcePosition(
            source=source, epoch=at.epoch.hex, xid=at.xid, entry_id=at.entry_id, commitment=at.commitment
        ).line()
        for source, at in sorted(positions.items())
    )

"""Proves what is in the log: checkpoints, inclusion, consistency, receipts, tiles. All from a few tiles."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chengxin.proofs import entry, note, receipt, tiles
from chengxin.proofs.merkle import HASH_BYTES
from chengxin.proofs.subtrees import Range, consistency_ranges, inclusion_ranges, root_range
from chengxin.proofs.tiles import Tile
from foundation.db import Database, Transaction
from foundation.identity import Identifier
from foundation.refusal import Refused
from services.audit.domain.reasons import LOG_NOT_READY, LOG_RANGE, RECEIPT_UNKNOWN
from services.audit.store import log as store
from services.audit.store.journals import SourceJournal
from services.audit.store.log import Head, Logged


@dataclass(frozen=True, slots=True, kw_only=True)
class Inclusion:
    """That the entry with `leaf_hash` stands at `leaf_index` in the log of `tree_size` under `root`."""

    leaf_hash: bytes
    leaf_index: int
    tree_size: int
    root: bytes
    proof: list[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistency:
    """That the log of `size1` is a prefix of that of `size2`."""

    size1: int
    size2: int
    root1: bytes
    root2: bytes
    proof: list[bytes]


class Prover:
    """Answers from published checkpoints only: nothing is proved that nobody could hold the log to."""

    def __init__(
        self, database: Database, sources: dict[str, SourceJournal], *, key: Ed25519PublicKey, origin: str
    ) -> None:
        self._database = database
        self._sources = sources
        self.vkey = note.vkey(origin, key)

    async def checkpoint(self) -> str:
        """Return the newest signed checkpoint. Raises Refused(LOG_NOT_READY) before the first."""
        for _, _, text in await self._database.statement(store.NEWEST_CHECKPOINT):
            return text
        raise Refused(LOG_NOT_READY)

    async def tile(self, tile: Tile, width: int) -> bytes | None:
        """Return the tile's first `width` hashes; None unless a published checkpoint covers them."""
        async with self._database.transaction() as tx:
            published, _ = await _published(tx)
            if tiles.width_in(tile, published.size) < width:
                return None
            return (await store.tiles_at(tx, [tile]))[tile][: width * HASH_BYTES]

    async def entries(self, tile: Tile, width: int) -> bytes | None:
        """Return the first `width` entries of the tile; None unless a published checkpoint covers them."""
        async with self._database.transaction() as tx:
            published, _ = await _published(tx)
            if tiles.width_in(tile, published.size) < width:
                return None
            return tiles.join_entries(await store.leaves_from(tx, tile.index * tiles.WIDTH, width))

    async def inclusion(self, index: int, size: int) -> Inclusion:
        """Prove the entry at `index` in the log of `size`, 0 for the newest. Raises Refused(LOG_RANGE)."""
        async with self._database.transaction() as tx:
            published, _ = await _published(tx)
            size = size or published.size
            if not 0 <= index < size <= published.size:
                raise Refused(LOG_RANGE, field="leaf_index" if index >= size or index < 0 else "tree_size")
            return await _inclusion(tx, index, size)

    async def consistency(self, size1: int, size2: int) -> Consistency:
        """Prove the log of `size1` a prefix of that of `size2`, 0 for the newest. Raises Refused(LOG_RANGE)."""
        async with self._database.transaction() as tx:
            published, _ = await _published(tx)
            size2 = size2 or published.size
            if not 0 < size1 <= size2 <= published.size:
                raise Refused(LOG_RANGE, field="size2" if size2 > published.size or size2 < 0 else "size1")
            ranges = [*consistency_ranges(size1, size2), root_range(size1), root_range(size2)]
            held = await _held(tx, ranges)
        return Consistency(
            size1=size1,
            size2=size2,
            root1=tiles.root(held, size1),
            root2=tiles.root(held, size2),
            proof=tiles.consistency_proof(held, size1, size2),
        )

    async def receipt(self, source: str, entry_id: int, digest: bytes) -> tuple[str, bytes]:
        """Return the receipt of a journal entry, as tlog-proof text, and the entry.

        Raises Refused(RECEIPT_UNKNOWN) for who does not know the digest, LOG_NOT_READY within a second of the
        entry's commit.
        """
        async with self._database.transaction() as tx:
            logged = _with_digest(await store.entries_of(tx, source, entry_id), digest)
            if logged is not None:
                return await _receipt(tx, logged), logged.encoded
        journal = self._sources.get(source)
        if journal is not None and await journal.holds(entry_id, digest):
            raise Refused(LOG_NOT_READY)
        raise Refused(RECEIPT_UNKNOWN)

    async def receipt_about(self, source: str, entry_id: int, subject: Identifier) -> tuple[str, bytes]:
        """The same for the party that an entry is about, which need not know the digest."""
        journal = self._sources.get(source)
        digest = await journal.digest_about(subject, entry_id) if journal is not None else None
        if digest is None:
            raise Refused(RECEIPT_UNKNOWN)
        return await self.receipt(source, entry_id, digest)


async def _published(tx: Transaction) -> tuple[Head, str]:
    newest = await store.newest_checkpoint(tx)
    if newest is None:
        raise Refused(LOG_NOT_READY)
    return newest


async def _receipt(tx: Transaction, logged: Logged) -> str:
    published, text = await _published(tx)
    if logged.index >= published.size:
        raise Refused(LOG_NOT_READY)
    included = await _inclusion(tx, logged.index, published.size)
    return receipt.build(entry=logged.encoded, index=logged.index, proof=included.proof, checkpoint=text)


async def _inclusion(tx: Transaction, index: int, size: int) -> Inclusion:
    leaf_tile, at = Tile(0, index // tiles.WIDTH), index % tiles.WIDTH
    held = await _held(tx, [*inclusion_ranges(index, size), root_range(size)], leaf_tile)
    return Inclusion(
        leaf_hash=tiles.split(held[leaf_tile])[at],
        leaf_index=index,
        tree_size=size,
        root=tiles.root(held, size),
        proof=tiles.inclusion_proof(held, index, size),
    )


async def _held(tx: Transaction, ranges: list[Range], *more: Tile) -> dict[Tile, bytes]:
    return await store.tiles_at(tx, tiles.needed_for(ranges) | set(more))


def _with_digest(candidates: list[Logged], digest: bytes) -> Logged | None:
    for logged in candidates:
        if hmac.compare_digest(entry.decode(logged.encoded).digest, digest):
            return logged
    return None

"""Carries rotations out: small steps, each one transaction, so that a killed one goes on where it was.

Everything opens at any moment: a wrap names its key, both keys are there until nothing needs the old one, and an index
is read by a key only when its tags are complete.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import timedelta
from typing import NamedTuple

import structlog

from foundation.access import Caller
from foundation.crypto import Kek, KeyGone, OpenFailed, Place, open_dek, rewrap
from foundation.crypto.keyring import KEPT_SECONDS
from foundation.db import Row, Transaction
from foundation.keys import store
from foundation.keys.office import entry
from foundation.personal import Personal
from foundation.refusal import Refused
from foundation.rpc import Ground

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

STEP = 250
"""Rows looked at in one step."""
EVERY_S = 1.0
WAIT = timedelta(seconds=KEPT_SECONDS + 10)
"""After this, every process has learned of a step, and every transaction that began before that has ended (8 s)."""


class Index(NamedTuple):
    """How tags of an index are made: from which sealed `column`, and by what, given the new key and its text."""

    column: str
    retag: Callable[[Kek, Personal], bytes]


@dataclass(eq=False)
class Rotator:
    """Works on one office's rotations, on a ground of its worker's.

    `table` is where its wraps stand, `indices` are those that rotate; where their tags stand, the table key_index says.
    """

    ground: Ground
    house: Caller
    _: KW_ONLY
    deployment: str
    table: str
    indices: Mapping[str, Index] = field(default_factory=dict[str, Index])
    wait: timedelta = WAIT

    async def run(self) -> None:
        """Work until cancelled; rests as long as it works, so that those who ask are served meanwhile."""
        while True:
            begun = time.monotonic()
            try:
                busy = await self.step() or await self.renew()
            except Refused as refused:
                busy = False
                log.warning("rotation step failed", reason=refused.reason.code)
            except Exception as error:
                # Those who ask must not pay for it: the office goes on serving, and the step is tried again.
                busy = False
                log.exception("rotation step failed", error=type(error).__name__)
            await asyncio.sleep(time.monotonic() - begun if busy else EVERY_S)

    async def step(self) -> bool:
        """Take one step of the rotation whose turn it is; False where there is nothing to do at present."""
        async with self.ground.database.transaction() as tx:
            rotation: Row | None = (await tx.call("key_due")).one_or_none()
            if rotation is None:
                return False
            state = await self._forward(tx, rotation)
            if state != rotation.state:
                await self.ground.journal.write(tx, entry(f"KeyRotation.{state.capitalize()}", self.house, rotation))
                log.info("rotation", key=rotation.key, to=rotation.to_key, state=state)
            return True

    async def renew(self) -> bool:
        """Begin the rotation of keys without an end whose year is over to those of this year; whether there were any."""
        begun = False
        async with self.ground.database.transaction() as tx:
            for old in (await tx.call("keys_to_renew")).all():
                new = (await self.ground.keyring.newest(old.this_year)).name
                key = "/".join(old.name.split("/")[:2])
                row = await store.start(tx, key=key, method="rewrap", from_key=old.name, to_key=new)
                if row is not None:  # else another rotation of it is under way
                    await self.ground.journal.write(tx, entry("KeyRotation.Prepared", self.house, row))
                    begun = True
        return begun

    async def _forward(self, tx: Transaction, rotation: Row) -> str:
        if rotation.known_at is None:
            return (await tx.call("key_begin", rotation=rotation.rotation_id, wait=self.wait)).scalar_one()
        if rotation.state == "approved":
            return await self._retire(tx, rotation)
        if rotation.method == "provider":
            changed = int(await self.ground.keyring.rewrap(rotation.key, rotation.to_key))
            return await store.note(tx, rotation, None, ended=True, found=changed, done=changed, unopened=0)
        page: Row = (await tx.call("key_page", rotation=rotation.rotation_id, most=STEP)).one()
        made, gone = await self._made(rotation, page) if page.ids else ([], 0)
        good = [(place, new) for place, new in enumerate(made) if new is not None]
        done = await store.put(tx, rotation, page, good) if good else 0
        found = len(made) - gone
        ended = page.seen < STEP
        return await store.note(tx, rotation, page, ended=ended, found=found, done=done, unopened=found - len(good))

    async def _made(self, rotation: Row, page: Row) -> tuple[list[bytes | None], int]:
        """The new wrap or tag of each row, None where there is none; and of how many rows the key is gone."""
        keks: dict[str, Kek | None] = {}
        for name in {rotation.to_key, *page.keys}:
            try:
                keks[name] = await self.ground.keyring.kek(name)
            except KeyGone:  # its month is over, or what it wrapped is erased: nothing of it can be taken along
                keks[name] = None
            except (ValueError, OpenFailed):  # no key's name, or not ours: its rows do not open
                continue
        new = keks[rotation.to_key]
        if new is None:
            raise KeyGone(rotation.to_key)

        def work() -> list[bytes | None]:
            return [self._one(rotation, page, row, new, keks) for row in range(len(page.ids))]

        gone = sum(keks.get(name, new) is None for name in page.keys)
        return await asyncio.to_thread(work), gone

    def _one(self, rotation: Row, page: Row, row: int, new: Kek, keks: Mapping[str, Kek | None]) -> bytes | None:
        place = Place(
            deployment=self.deployment,
            table=self.table,
            record_id=page.record_ids[row],
            version=page.versions[row],
            subject_ref=bytes(page.refs[row]),
        )
        wrap, old = bytes(page.wraps[row]), keks.get(page.keys[row])
        try:
            if old is None:
                return None
            if rotation.method == "rewrap":
                return rewrap(wrap, place, old=old, new=new)
            index = self.indices[rotation.key]
            return index.retag(new, open_dek(wrap, old, place).open(index.column, bytes(page.sealed[row] or b"")))
        except OpenFailed:
            log.error("a row does not open: its old key has to stay", record_id=str(place.record_id))
            return None

    async def _retire(self, tx: Transaction, rotation: Row) -> str:
        """Drop what the old key found, then destroy it. Cut short, it is done again: destroying is safe to repeat."""
        which = {"rotation": rotation.rotation_id}
        if rotation.method == "index" and not (await tx.call("key_drop", **which)).scalar_one():
            return rotation.state
        if rotation.method == "provider":
            await self.ground.keyring.destroy_provider_key(rotation.from_key)
        else:
            await self.ground.keyring.destroy(rotation.from_key)
        return (await tx.call("key_retired", **which)).scalar_one()

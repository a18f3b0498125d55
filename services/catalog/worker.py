"""What the catalog does without a caller: carries out what has ended by date or repeal, destroys ended months."""

from __future__ import annotations

import asyncio

import structlog

from foundation.access import Caller
from foundation.calendar import day_of
from foundation.journal import Entry
from foundation.refusal import Refused
from foundation.rpc import Ground
from services.catalog.store import records

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

STEP = 500
"""Records ended in one transaction, so that none lasts over two seconds."""
EVERY_S = 1.0


class Sweeper:
    """No answer waits for it: what is over is in no answer already."""

    def __init__(self, ground: Ground, house: Caller) -> None:
        """`house` is the office as a caller, for the journal."""
        self._ground = ground
        self._database = ground.database
        self._house = house

    async def run(self) -> None:
        """Sweep every second until cancelled."""
        while True:
            try:
                ended = await self.sweep()
                if ended:
                    log.info("carried out ends of sharing", records=ended)
            except Refused as refused:
                log.warning("sweep failed", reason=refused.reason.code)
            await asyncio.sleep(EVERY_S)

    async def sweep(self) -> int:
        """Carry out everything that is over at present; gives how many records."""
        ended = 0
        for step in (records.sweep, records.sweep_repealed):
            while True:
                async with self._database.transaction() as tx:
                    count = await step(tx, STEP)
                ended += count
                if count < STEP:
                    break
        await self._destroy_months()
        return ended

    async def _destroy_months(self) -> None:
        """Journal that the keys of ended months are destroyed, then destroy them."""
        keyring = self._ground.keyring
        async with self._database.transaction() as tx:
            today = day_of(tx.now)
        if over := await keyring.months_over(today):
            async with self._database.transaction() as tx:
                shown = tuple(f"{name}:0:key" for name in over)
                entry = Entry(kind="Sweeper.DestroyKeys", caller=self._house, decision="changed", disclosed=shown)
                await self._ground.journal.write(tx, entry)
        for name in await keyring.destroy_ended_months(today):
            log.info("destroyed a share month's key", key=name)

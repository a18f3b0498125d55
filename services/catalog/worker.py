"""What the catalog does without a caller: carries out what has ended by date or repeal, destroys ended months.

It also holds records against what was told of them before, for the case that somebody with all rights altered them.
"""

from __future__ import annotations

import time
from uuid import UUID

import structlog

from foundation.access import Caller
from foundation.calendar import day_of
from foundation.journal import Entry
from foundation.periodic import every
from foundation.rpc import Ground

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

STEP = 250
"""Records of one bucket ended in one transaction; for so long, some 20 ms, questions about that bucket wait."""
EVERY_S = 1.0
LOOK_EVERY_S = 5.0
"""A bucket of a house with 10 million shared records takes 0.2 s to look through; all are in 21 minutes."""
BUCKETS = 256


class Sweeper:
    """No answer waits for it: what is over is in no answer already."""

    def __init__(self, ground: Ground, house: Caller) -> None:
        """`house` is the office as a caller, for the journal."""
        self._ground = ground
        self._database = ground.database
        self._house = house
        self._looked = -1

    async def run(self) -> None:
        """Sweep every second until cancelled, and look through a bucket every few."""
        await every(EVERY_S, self._round, "sweep")

    async def _round(self) -> None:
        if ended := await self.sweep():
            log.info("carried out ends of sharing", records=ended)
        bucket = int(time.monotonic() / LOOK_EVERY_S) % BUCKETS
        if bucket != self._looked:
            await self.hold_to_the_past(bucket)
            self._looked = bucket

    async def sweep(self) -> int:
        """Carry out everything that is over at present; gives how many records."""
        ended, passed = 0, -1
        while ended != passed:
            passed = ended
            async with self._database.transaction() as tx:
                buckets: list[int] = (await tx.call("buckets_to_sweep")).scalar_one()
            for bucket in buckets:
                ended += await self._sweep_bucket(bucket)
        await self._destroy_months()
        return ended

    async def _sweep_bucket(self, bucket: int) -> int:
        ended, count = 0, STEP
        while count == STEP:
            # A round trip of its own: the bucket is locked no longer than the server takes.
            ((count,),) = await self._database.statement("SELECT sweep(:bucket, :most)", bucket=bucket, most=STEP)
            ended += count
        return ended

    async def hold_to_the_past(self, bucket: int) -> tuple[list[UUID], list[UUID]]:
        """End again what is shared after its withdrawal; gives these records, and those with altered columns."""
        async with self._database.transaction() as tx:
            found = (await tx.call("hold_to_the_past", bucket=bucket)).one()
            if found.ended:
                shown = tuple(f"{record_id}:0:withdrawn" for record_id in found.ended)
                entry = Entry(kind="Sweeper.EndAgain", caller=self._house, decision="changed", disclosed=shown)
                await self._ground.journal.write(tx, entry)
        for what, records_found in (("shared after their withdrawal", found.ended), ("altered", found.altered)):
            if records_found:
                log.error(f"records were {what}", records=[str(record_id) for record_id in records_found])
        return found.ended, found.altered

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

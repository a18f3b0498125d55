"""Wakes the feed's readers when a transaction that changed something has committed."""

from __future__ import annotations

import asyncio

import psycopg
import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

CHANNEL = "chengxin_change"


class Wakeups:
    """Counts notifications. A reader that misses one looks again by itself: notifications only save time."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._condition = asyncio.Condition()
        self.count = 0

    async def listen(self) -> None:
        """Listen until cancelled; connects again after a second when the connection breaks."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._dsn, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    async for _ in connection.notifies():
                        await self._wake()
            except psycopg.Error as error:
                log.warning("listening failed", error=type(error).__name__)
            await asyncio.sleep(1)

    async def wait(self, seen: int, *, at_most: float) -> None:
        """Return when `count` is no longer `seen`, or after `at_most` seconds."""
        try:
            async with asyncio.timeout(at_most), self._condition:
                await self._condition.wait_for(lambda: self.count != seen)
        except TimeoutError:
            return

    async def _wake(self) -> None:
        async with self._condition:
            self.count += 1
            self._condition.notify_all()

"""Wakes the feed's readers when what a transaction changed can be read."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

CHANNEL = "chengxin_change"
_AGAIN_S = 0.005
"""Seconds between two looks whether the transactions before a committed one have ended too: they last milliseconds."""
_RUNNING = b"SELECT pg_snapshot_xmin(s)::text, pg_snapshot_xmax(s)::text FROM pg_current_snapshot() s"


class Wakeups:
    """Counts wake-ups. A reader that misses one looks again by itself: notifications only save time."""

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
                    await self._follow(connection)
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

    async def _follow(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Wake readers once a transaction that notified is older than all that run: the feed is read up to there.

        So one statement finds out for all of them, and none looks in vain. A number that is no transaction's is ignored.
        """
        committed: set[int] = set()
        await self._wake()  # what was told while nobody listened
        while True:
            wait = _AGAIN_S if committed else None
            async for told in connection.notifies(timeout=wait, stop_after=1):
                committed |= {int(told.payload)} if told.payload.isdecimal() else set()
            ((oldest, next_one),) = await (await connection.execute(_RUNNING)).fetchall()
            readable = {xid for xid in committed if xid < int(oldest)}
            committed = {xid for xid in committed - readable if xid < int(next_one)}
            if readable:
                await self._wake()

    async def _wake(self) -> None:
        async with self._condition:
            self.count += 1
            self._condition.notify_all()

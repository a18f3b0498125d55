"""How often somebody may ask: counters in Redis, many in one round trip, all counted or none.

Windows, keys and the words for limits are those of the library `limits`. What it lacks is in limits.lua: its own
scripts take one counter each, so that a batch of 1,000 prefixes would cost 1,000, and half a refused batch would count.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from limits import RateLimitItem
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PREFIX = "chengxin:limit"
PATIENCE_S, PATIENCE_PER_COUNT_S = 0.02, 0.0001
"""How long a question waits for a Redis before it is answered without: some hundred times what a live one takes."""
PROBED_EVERY_S, PROBED_FOR_S = 0.25, 1.0
TOLD_EVERY_S = 60.0
_TAKE = Path(__file__).with_suffix(".lua")


@dataclass(frozen=True, slots=True)
class Count:
    """`cost` more of what `limit` bounds, for whom `key` stands: a name or a keyed hash, never an identifier."""

    limit: RateLimitItem
    key: str
    cost: int = 1


class Limits:
    """The counters of one Redis. Knows nothing of what happens when they can't be had."""

    def __init__(self, url: str, *, timeout_s: float = 1.0) -> None:
        """Connect when first used. `url` is redis://, rediss:// or unix://."""
        once = Retry(NoBackoff(), 1)
        self.redis: Any = Redis.from_url(url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=once)
        self._take = self.redis.register_script(_TAKE.read_text(encoding="utf-8"))

    async def take(self, groups: Sequence[Sequence[Count]]) -> list[float]:
        """Count each group whole where all its limits allow it, else nothing of it; a group names a counter once.

        Gives for each group 0.0, or the seconds until it may be tried again. One round trip. Raises whatever a
        Redis that is away or talks rubbish makes the client raise.
        """
        names = [f"{PREFIX}:{{{one.limit.key_for(one.key)}}}" for group in groups for one in group]
        counts = [[(one.limit.amount, one.limit.get_expiry(), one.cost) for one in group] for group in groups]
        waits = await self._take([name + end for name in names for end in ("", "/-1")], [json.dumps(counts)])
        if len(waits) != len(groups) or not all(isinstance(wait, int) and wait >= 0 for wait in waits):
            raise ValueError("a script's answer of another form")
        return [wait / 1000 for wait in waits]


class OpenLimits:
    """Limits that let everything through, counted, while their Redis is away.

    One question waits for it, PATIENCE_S at most; from then on none does, until it answers again behind their backs.
    """

    def __init__(self, limits: Limits, *, unavailable: Callable[[int], None]) -> None:
        """`unavailable` is told how many groups went through uncounted."""
        self._limits = limits
        self._unavailable = unavailable
        self._probing: asyncio.Task[None] | None = None
        self._uncounted = 0
        self._tell_at = 0.0

    async def take(self, groups: Sequence[Sequence[Count]]) -> list[float]:
        """As `Limits.take`, and never raises."""
        if self._probing is None:
            try:
                async with asyncio.timeout(PATIENCE_S + PATIENCE_PER_COUNT_S * sum(map(len, groups))):
                    return await self._limits.take(groups)
            except Exception as error:  # whatever rubbish makes the client raise: the question is answered
                log.warning("limits went away", error=type(error).__name__)
                self._probing = self._probing or asyncio.create_task(self._probe())
        self._unavailable(len(groups))
        self._uncounted += len(groups)
        if time.monotonic() >= self._tell_at:
            log.warning("answered without counting: the limits' Redis is away", questions=self._uncounted)
            self._tell_at, self._uncounted = time.monotonic() + TOLD_EVERY_S, 0
        return [0.0] * len(groups)

    async def close(self) -> None:
        """Stop looking for the Redis, and hang up."""
        if self._probing is not None:
            self._probing.cancel()
        await self._limits.redis.aclose()

    async def _probe(self) -> None:
        while self._probing is not None:
            try:
                async with asyncio.timeout(PROBED_FOR_S):
                    await self._limits.take([[]])
                self._probing = None
            except Exception:  # still away, however it says so
                await asyncio.sleep(PROBED_EVERY_S)
        log.info("limits are back")

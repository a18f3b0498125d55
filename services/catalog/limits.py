"""How many different natural persons an authority may ask about, so that nobody finds people out by trying numbers.

Counted before anything is read, by authority alone: no answer and no refusal tells one authority what another asks,
nor a caller anything of a batch's order or members: a batch passes whole or not at all.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from limits import parse

from foundation.crypto import Kek, tag
from foundation.identity import Identifier, prefix_of
from foundation.limits import Count, Limits, OpenLimits
from foundation.refusal import Throttled
from services.catalog.batches import MicroBatcher
from services.catalog.domain.reasons import TOO_MANY_PERSONS

LIMIT_KEY = "limit"
"""Key of the tags under which counters stand in Redis. Not an index: losing it starts the count anew."""
REMEMBERED = 100_000
"""Persons that one process knows as counted; asking about them again within the window counts no more."""


class QueryLimits:
    """The limits of one authority's questions. Without a Redis, all questions pass and `unavailable` counts them."""

    def __init__(self, redis_url: str, *, authority: str, prefix: str, unavailable: Callable[[int], None]) -> None:
        """`authority` and `prefix` are limits in the words of the library `limits`: "100/hour"."""
        self._authority, self._prefix = parse(authority), parse(prefix)
        self._open = OpenLimits(Limits(redis_url), unavailable=unavailable)
        self._batches: MicroBatcher[Sequence[Count], float] = MicroBatcher(self._open.take)
        self._counted: dict[bytes, float] = {}
        self.close = self._open.close

    async def admit(self, key: Kek, authority: str, parties: Iterable[Identifier]) -> None:
        """Count what is new of `parties`; raises Throttled(TOO_MANY_PERSONS) for all of them where that is too many."""
        now, new, prefixes = time.monotonic(), set[bytes](), Counter[str]()
        for party in parties:
            if (prefix := prefix_of(party)) is not None:
                whose = (b"limit", authority.encode(), party.kind.value.encode())
                person = tag(key, *whose, party.value.reveal().encode())
                if person not in new and self._counted.get(person, 0.0) <= now:
                    new.add(person)
                    prefixes[tag(key, *whose, prefix.encode()).hex()] += 1
        if not new:
            return
        counts = [Count(self._prefix, f"prefix/{alike}", cost) for alike, cost in prefixes.items()]
        wait = await self._batches.ask([Count(self._authority, f"authority/{authority}", len(new)), *counts])
        if wait:
            allowed = f"Allowed: {self._authority} in all, {self._prefix} under one region and date of birth."
            raise Throttled(TOO_MANY_PERSONS, wait, detail=allowed)
        self._counted.update(dict.fromkeys(new, now + self._prefix.get_expiry()))
        while len(self._counted) > REMEMBERED:
            del self._counted[next(iter(self._counted))]

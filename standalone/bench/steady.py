"""A department's system that asks at a steady rate while something else is measured.

It asks by the public client whether or not earlier questions are answered, up to MOST of them: an office that stalls is
not spared. It lives in a thread of the bench's process. Where the machine bears less than RATE, `per_s` says so.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
import time
from datetime import datetime
from typing import NamedTuple

from chengxin import AsyncClient
from chengxin.client.errors import UnavailableError
from standalone.bench.population import uscc
from standalone.story.cast import Department
from standalone.story.sharing import MATTER, OFFICER
from standalone.story.stage import TENDER

RATE, MOST, STRANGERS = 500, 256, 1_000_000
"""Questions a second, at most in flight, and parties without a record from among whom one is asked about."""


class Asked(NamedTuple):
    """A question answered: about which party, after how many seconds, whether with a record, at what house time."""

    number: int
    seconds: float
    found: bool
    as_of: datetime


class Steady:
    """Asks from entering to leaving: `hits` is the share of questions about the parties below `below`."""

    def __init__(self, who: Department, *, below: int, hits: float) -> None:
        self.answered: list[Asked] = []
        self.unanswered, self.per_s = 0, 0.0
        self._who, self._below, self._hits = who, below, hits
        self._choose, self._stop = random.Random(below), threading.Event()  # noqa: S311  a load, not a secret
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Steady:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        assert self.answered, "no question was answered"

    async def _run(self) -> None:
        free, begun = asyncio.Semaphore(MOST), time.perf_counter()
        async with AsyncClient.open(self._who.folder) as client:
            async with asyncio.TaskGroup() as questions:
                for number in itertools.takewhile(lambda _: not self._stop.is_set(), itertools.count()):
                    await asyncio.sleep(max(0.0, begun + number / RATE - time.perf_counter()))
                    await free.acquire()
                    questions.create_task(self._ask(client)).add_done_callback(lambda _: free.release())
            self.per_s = len(self.answered) / (time.perf_counter() - begun)

    async def _ask(self, client: AsyncClient) -> None:
        hit, begun = self._choose.random() < self._hits, time.perf_counter()
        number = self._choose.randrange(self._below) if hit else self._below + self._choose.randrange(STRANGERS)
        try:
            answer = await client.check(uscc=uscc(number), purpose=TENDER, matter=MATTER, officer=OFFICER)
        except UnavailableError:
            self.unanswered += 1
            return
        assert answer.receipt is not None
        self.answered.append(Asked(number, time.perf_counter() - begun, answer.found, answer.receipt.as_of))

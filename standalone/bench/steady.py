"""A department's system that asks at a steady rate while something else is measured.

It asks by the public client whether or not earlier questions are answered, up to MOST of them: an office that stalls is
not spared. It is a process of its own, so that it does not delay what takes the times of something else. Where the
machine bears less than RATE, `per_s` says so.
"""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import random
import time
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, NamedTuple

from chengxin import AsyncClient
from chengxin.client.errors import UnavailableError
from standalone.bench.population import uscc
from standalone.story.cast import Department
from standalone.story.sharing import MATTER, OFFICER
from standalone.story.stage import TENDER

RATE, MOST, STRANGERS = 500, 256, 1_000_000
"""Questions a second, at most in flight, and parties without a record from among whom one is asked about."""


class Asked(NamedTuple):
    """A question answered: about which party, after how many seconds, whether with a record, when, by which entry."""

    number: int
    seconds: float
    found: bool
    as_of: datetime
    entry_id: int


class Steady:
    """Asks from entering to leaving: `hits` is the share of questions about the parties below `below`."""

    def __init__(self, who: Department, *, below: int, hits: float) -> None:
        self.answered: list[Asked] = []
        self.unanswered, self.per_s = 0, 0.0
        self._who, self._below, self._hits = who, below, hits
        self._choose = random.Random(below)  # noqa: S311  a load, not a secret

    def __enter__(self) -> Steady:
        apart = multiprocessing.get_context("spawn")
        self._stop = apart.Event()
        self._heard, says = apart.Pipe(duplex=False)
        given = (self._who.folder, self._below, self._hits, self._stop, says)
        self._process = apart.Process(target=_asks, args=given, daemon=True)
        self._process.start()
        says.close()
        self._heard.recv()  # it begins
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self.answered, self.unanswered, self.per_s = self._heard.recv()
        self._process.join()
        assert self.answered, "no question was answered"

    async def run(self, folder: Path, stop: Event, says: Connection) -> None:
        """Ask as the system whose certificate is in `folder`; say that it begins, and at the end what was answered."""
        free, unstopped = asyncio.Semaphore(MOST), itertools.takewhile(lambda _: not stop.is_set(), itertools.count())
        async with AsyncClient.open(folder) as client:
            says.send(None)
            begun = time.perf_counter()
            async with asyncio.TaskGroup() as questions:
                for number in unstopped:
                    await asyncio.sleep(max(0.0, begun + number / RATE - time.perf_counter()))
                    await free.acquire()
                    questions.create_task(self._ask(client)).add_done_callback(lambda _: free.release())
            says.send((self.answered, self.unanswered, len(self.answered) / (time.perf_counter() - begun)))

    async def _ask(self, client: AsyncClient) -> None:
        hit, begun = self._choose.random() < self._hits, time.perf_counter()
        number = self._choose.randrange(self._below) if hit else self._below + self._choose.randrange(STRANGERS)
        try:
            answer = await client.check(uscc=uscc(number), purpose=TENDER, matter=MATTER, officer=OFFICER)
        except UnavailableError:
            self.unanswered += 1
            return
        assert answer.receipt is not None
        seconds, receipt = time.perf_counter() - begun, answer.receipt
        self.answered.append(Asked(number, seconds, answer.found, receipt.as_of, receipt.entry_id))


def _asks(folder: Path, below: int, hits: float, stop: Event, says: Connection) -> None:
    nobody: Any = None
    asyncio.run(Steady(nobody, below=below, hits=hits).run(folder, stop, says))

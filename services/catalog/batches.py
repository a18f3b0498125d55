"""Micro-batches: requests that arrive while a batch is in flight go together in the next one.

An idle office answers a lone request at once. In a crowd the next batch waits for company: what a batch costs does not
grow with its members, so that many small ones would keep everybody waiting longer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

CROWD, LONGEST_S = 3, 0.01
"""So many in a batch are a crowd: the next one waits for twice as long as this one took, at most so many seconds."""


class MicroBatcher(Generic[Q, A]):
    """Turns single questions into calls of `answer_all`, one in flight at a time, so that batches grow with load.

    A batch that fails as a whole is tried once more one by one, so that one bad member hurts nobody.
    """

    def __init__(self, answer_all: Callable[[Sequence[Q]], Awaitable[Sequence[A]]], *, most: int = 256) -> None:
        self._answer_all = answer_all
        self._most = most
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._running: asyncio.Task[None] | None = None

    def ask(self, question: Q) -> asyncio.Future[A]:
        """What gives the answer, or raises what answering raised."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return future

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            batch = [member for member in batch if not member[1].done()]
            if batch:
                begun = time.perf_counter()
                await self._settle(batch)
                if len(batch) >= CROWD:
                    await asyncio.sleep(min(2 * (time.perf_counter() - begun), LONGEST_S))

    async def _settle(self, batch: list[tuple[Q, asyncio.Future[A]]]) -> None:
        try:
            answers = await self._answer_all([question for question, _ in batch])
        except Exception as error:
            if len(batch) == 1:
                _give(batch[0][1], error=error)
                return
            for member in batch:
                await self._settle([member])
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            _give(future, answer)


def _give(future: asyncio.Future[A], answer: A | None = None, *, error: Exception | None = None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(answer)  # type: ignore[arg-type]  # given whenever there is no error

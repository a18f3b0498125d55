"""`Client` and `AsyncClient` behind one face, so that each claim is tested on both."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterable, Iterator
from typing import Any

from chengxin.client.aio import AsyncClient
from chengxin.client.identity import Identity


class Awaited:
    """Runs an AsyncClient on a loop of its own and waits for each result."""

    def __init__(self, identity: Identity, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._client = AsyncClient(identity, **options)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            started = self._loop.run_until_complete(_in_loop(method, *args, **kwargs))
            if not hasattr(started, "__aiter__"):
                return started
            return Stepped(self._loop, started)

        return call

    def close(self) -> None:
        self._loop.run_until_complete(self._client.close())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


async def _in_loop(method: Any, *args: Any, **kwargs: Any) -> Any:
    started = method(*args, **kwargs)
    return await started if inspect.isawaitable(started) else started


class Stepped:
    """An async iterable taken step by step; other attributes are those of what it wraps."""

    def __init__(self, loop: asyncio.AbstractEventLoop, wrapped: AsyncIterable[Any]) -> None:
        self._loop = loop
        self._wrapped = wrapped

    def __iter__(self) -> Iterator[Any]:
        steps: Any = aiter(self._wrapped)
        try:
            while True:
                try:
                    yield self._loop.run_until_complete(anext(steps))
                except StopAsyncIteration:
                    return
        finally:
            if not self._loop.is_closed():
                self._loop.run_until_complete(steps.aclose())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)

"""Bulk calls and the change feed: they go on by themselves after an interruption."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, TypeVar

from chengxin.catalog.v1 import sharing_pb2
from chengxin.client import connection, responses
from chengxin.client.answers import Change
from chengxin.client.errors import ChengxinError, UnavailableError
from chengxin.client.patience import Patience
from chengxin.client.transport import Transport

M = TypeVar("M")
R = TypeVar("R")


async def converse(
    transport: Transport,
    method: Callable[..., Any],
    batches: AsyncIterator[list[M]],
    *,
    ask: Callable[[list[M]], Any],
    read: Callable[[list[M], Any], list[R]],
) -> AsyncGenerator[R]:
    """Yield the results of each batch, few in flight; after an interruption ask again what is unanswered.

    `ask` makes a batch's request, once for all tries; `read` takes the results from its response. `batches` is
    read only as fast as results are taken.
    """
    waiting: deque[tuple[list[M], Any]] = deque()
    stream: _Stream | None = None
    patience: Patience | None = None
    try:
        while True:
            while len(waiting) < connection.IN_FLIGHT and (fresh := await anext(batches, None)) is not None:
                waiting.append((fresh, ask(fresh)))
                stream = stream or _Stream(transport, method)
                stream.send(waiting[-1][1])
            if stream is None:
                return
            if not waiting:
                await stream.finish()
                return
            try:
                response = await stream.receive()
            except UnavailableError as error:
                stream.close()
                patience = patience or Patience(connection.STREAM_PATIENCE_SECONDS)
                await transport.sleep(patience.pause_after(error))
                stream = _Stream(transport, method)
                for _, request in waiting:
                    stream.send(request)
                continue
            patience = None
            for result in read(waiting.popleft()[0], response):
                yield result
    finally:
        if stream is not None:
            stream.close()


class AsyncFeed:
    """As `Feed`, to be iterated once with `async for`."""

    def __init__(
        self, transport: Transport, method: Callable[..., Any], request: sharing_pb2.WatchChangesRequest
    ) -> None:
        self._transport = transport
        self._method = method
        self._request = request

    @property
    def cursor(self) -> str:
        """Cursor after the last batch that was handled completely."""
        return self._request.cursor

    async def __aiter__(self) -> AsyncGenerator[Change]:
        patience: Patience | None = None
        while True:
            opened_at = time.monotonic()
            call = self._method(self._request, timeout=connection.STREAM_SECONDS)
            try:
                while (response := await self._transport.read(call)) is not None:
                    patience = None
                    for change in responses.changes(response):
                        yield change
                    self._request.cursor = response.cursor
                if self._request.until_caught_up:
                    return
                error = UnavailableError("The house ended the feed.")
            except UnavailableError as broken:
                error = broken
            finally:
                call.cancel()
            if patience is None or time.monotonic() - opened_at > connection.OPEN_SECONDS:
                patience = Patience(connection.STREAM_PATIENCE_SECONDS)
            await self._transport.sleep(patience.pause_after(error))


class _Stream:
    """One open stream: what is sent comes back answered, in order."""

    def __init__(self, transport: Transport, method: Callable[..., Any]) -> None:
        self._transport = transport
        self.send, sent = transport.queue()
        self._call = method(sent, timeout=connection.STREAM_SECONDS)

    async def receive(self) -> Any:
        """Return the next response; UnavailableError when there is none in time."""
        response = await self._transport.read(self._call, connection.BATCH_SECONDS)
        if response is None:
            raise UnavailableError("The house ended the stream before it had answered.")
        return response

    async def finish(self) -> None:
        """Say that nothing more comes, and let the house end the stream."""
        self.send(None)
        with contextlib.suppress(ChengxinError):  # everything is answered already
            await self.receive()

    def close(self) -> None:
        self.send(None)
        self._call.cancel()

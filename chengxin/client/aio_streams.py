"""Streams for `AsyncClient`: the same as in `sync_streams`, awaited."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from typing import Any, Generic, TypeVar

import grpc
import grpc.aio

from chengxin.catalog.v1 import sharing_pb2
from chengxin.client import connection, responses
from chengxin.client.answers import Change
from chengxin.client.errors import ChengxinError, UnavailableError, error_from
from chengxin.client.patience import Patience

Q = TypeVar("Q")

_END: Any = vars(grpc.aio)["EOF"]  # public, but missing from the published type stubs


async def converse(method: Callable[..., Any], requests: AsyncIterator[Q]) -> AsyncGenerator[tuple[Q, Any]]:
    """Yield each request with its response, few in flight; after an interruption send what is unanswered."""
    waiting: deque[Q] = deque()
    stream: _Stream[Q] | None = None
    patience: Patience | None = None
    try:
        while True:
            while len(waiting) < connection.IN_FLIGHT and (fresh := await anext(requests, None)) is not None:
                waiting.append(fresh)
                if stream is not None:
                    stream.send(fresh)
                else:
                    stream = _Stream(method, waiting)
            if not waiting:
                if stream is not None:
                    await stream.finish()
                return
            stream = stream or _Stream(method, waiting)
            try:
                response = await stream.receive()
            except UnavailableError as error:
                stream.close()
                stream = None
                patience = patience or Patience(connection.STREAM_PATIENCE_SECONDS)
                await asyncio.sleep(patience.pause_after(error))
                continue
            patience = None
            yield waiting.popleft(), response
    finally:
        if stream is not None:
            stream.close()


class AsyncFeed:
    """As `Feed`, to be iterated once with `async for`."""

    def __init__(self, method: Callable[..., Any], request: sharing_pb2.WatchChangesRequest) -> None:
        self._method = method
        self._request = request

    @property
    def cursor(self) -> str:
        """Cursor after the last batch that was handled completely."""
        return self._request.cursor

    async def __aiter__(self) -> AsyncIterator[Change]:
        patience: Patience | None = None
        while True:
            opened_at = time.monotonic()
            call = self._method(self._request, timeout=connection.STREAM_SECONDS)
            try:
                while (response := await _read(call)) is not None:
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
            await asyncio.sleep(patience.pause_after(error))


async def _read(call: Any) -> Any | None:
    """Return the next response, None at the stream's end; raise this package's errors."""
    try:
        response = await call.read()
    except grpc.RpcError as error:
        raise error_from(error) from None
    return None if response is _END else response


class _Stream(Generic[Q]):
    """One open stream: what is sent comes back answered, in order."""

    def __init__(self, method: Callable[..., Any], requests: Iterable[Q]) -> None:
        self._requests: asyncio.Queue[Q | None] = asyncio.Queue()
        for request in requests:
            self._requests.put_nowait(request)
        self._call = method(self._sent(), timeout=connection.STREAM_SECONDS)

    async def _sent(self) -> AsyncIterator[Q]:
        while (request := await self._requests.get()) is not None:
            yield request

    def send(self, request: Q) -> None:
        self._requests.put_nowait(request)

    async def receive(self) -> Any:
        """Return the next response; UnavailableError when there is none in time."""
        try:
            response = await asyncio.wait_for(_read(self._call), connection.BATCH_SECONDS)
        except TimeoutError:
            raise UnavailableError("The house did not answer a batch in time.") from None
        if response is None:
            raise UnavailableError("The house ended the stream before it had answered.")
        return response

    async def finish(self) -> None:
        """Say that nothing more comes, and let the house end the stream."""
        self._requests.put_nowait(None)
        with contextlib.suppress(ChengxinError):  # everything is answered already
            await self.receive()

    def close(self) -> None:
        self._requests.put_nowait(None)
        self._call.cancel()

"""Streams for `Client`: bulk calls and the change feed go on by themselves after an interruption."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

import grpc

from chengxin.catalog.v1 import sharing_pb2
from chengxin.client import connection, responses
from chengxin.client.answers import Change
from chengxin.client.errors import ChengxinError, UnavailableError, error_from
from chengxin.client.patience import Patience

Q = TypeVar("Q")


def converse(method: Callable[..., Any], requests: Iterator[Q]) -> Iterator[tuple[Q, Any]]:
    """Yield each request with its response, few in flight; after an interruption send what is unanswered.

    `requests` is read in the caller's thread, only as fast as responses are taken.
    """
    waiting: deque[Q] = deque()
    stream: _Stream[Q] | None = None
    patience: Patience | None = None
    try:
        while True:
            while len(waiting) < connection.IN_FLIGHT and (fresh := next(requests, None)) is not None:
                waiting.append(fresh)
                if stream is not None:
                    stream.send(fresh)
                else:
                    stream = _Stream(method, waiting)
            if not waiting:
                if stream is not None:
                    stream.finish()
                return
            stream = stream or _Stream(method, waiting)
            try:
                response = stream.receive()
            except UnavailableError as error:
                stream.close()
                stream = None
                patience = patience or Patience(connection.STREAM_PATIENCE_SECONDS)
                time.sleep(patience.pause_after(error))
                continue
            patience = None
            yield waiting.popleft(), response
    finally:
        if stream is not None:
            stream.close()


class Feed:
    """Changes in feed order, to be iterated once. Goes on after interruptions; a refusal raises.

    `cursor` is where to start next time: all changes before it were handled, that is, the next one was asked
    for. A change may come twice after an interruption, never not at all.
    """

    def __init__(self, method: Callable[..., Any], request: sharing_pb2.WatchChangesRequest) -> None:
        self._method = method
        self._request = request

    @property
    def cursor(self) -> str:
        """Cursor after the last batch that was handled completely."""
        return self._request.cursor

    def __iter__(self) -> Iterator[Change]:
        patience: Patience | None = None
        while True:
            opened_at = time.monotonic()
            call = self._method(self._request, timeout=connection.STREAM_SECONDS)
            try:
                while (response := _next_changes(call)) is not None:
                    patience = None
                    yield from responses.changes(response)
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
            time.sleep(patience.pause_after(error))


def _next_changes(call: Any) -> sharing_pb2.WatchChangesResponse | None:
    try:
        return next(call, None)
    except grpc.RpcError as error:
        raise error_from(error) from None


class _Stream(Generic[Q]):
    """One open stream: what is sent comes back answered, in order."""

    def __init__(self, method: Callable[..., Any], requests: Iterable[Q]) -> None:
        self._requests: SimpleQueue[Q | None] = SimpleQueue()
        for request in requests:
            self._requests.put(request)
        self._call = method(iter(self._requests.get, None), timeout=connection.STREAM_SECONDS)

    def send(self, request: Q) -> None:
        self._requests.put(request)

    def receive(self) -> Any:
        """Return the next response; UnavailableError when there is none in time."""
        alarm = threading.Timer(connection.BATCH_SECONDS, self._call.cancel)
        alarm.daemon = True
        alarm.start()
        try:
            return next(self._call)
        except StopIteration:
            raise UnavailableError("The house ended the stream before it had answered.") from None
        except grpc.RpcError as error:
            raise error_from(error) from None
        finally:
            alarm.cancel()

    def finish(self) -> None:
        """Say that nothing more comes, and let the house end the stream."""
        self._requests.put(None)
        with contextlib.suppress(ChengxinError):  # everything is answered already
            self.receive()

    def close(self) -> None:
        self._requests.put(None)
        self._call.cancel()

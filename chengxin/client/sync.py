"""`Client`: the house for programs that wait for each answer.

It runs `AsyncClient`'s coroutines, one step to the end, in the caller's thread: over a transport that blocks they
never suspend, so that there is one implementation and neither an event loop nor a thread of its own.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar

from chengxin.client import connection
from chengxin.client.aio import AsyncClient
from chengxin.client.answers import Answer, Change, SubmitResult
from chengxin.client.identity import Identity
from chengxin.client.parties import Identifier
from chengxin.client.records import Record
from chengxin.client.streams import AsyncFeed
from chengxin.client.transport import InThread, Transport

P = ParamSpec("P")
A = TypeVar("A")
R = TypeVar("R")


class _InThreadClient(AsyncClient):
    _transport: ClassVar[Transport] = InThread()


def _done(coroutine: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("a blocking call suspended")


def _each(steps: AsyncGenerator[R]) -> Iterator[R]:
    try:
        while True:
            yield _done(anext(steps))
    except StopAsyncIteration:
        return
    finally:
        _done(steps.aclose())


def _like(
    method: Callable[Concatenate[AsyncClient, P], A], wait: Callable[[A], R]
) -> Callable[Concatenate[Client, P], R]:
    """The method of AsyncClient, its result waited for by `wait`."""

    @functools.wraps(method)
    def waiting(client: Client, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return wait(method(client.house, *args, **kwargs))

    return waiting


class Feed:
    """Changes in feed order, to be iterated once. Goes on after interruptions; a refusal raises.

    `cursor` is where to start next time: all changes before it were handled, that is, the next one was asked
    for. A change may come twice after an interruption, never not at all.
    """

    def __init__(self, feed: AsyncFeed) -> None:
        self._feed = feed

    @property
    def cursor(self) -> str:
        """Cursor after the last batch that was handled completely."""
        return self._feed.cursor

    def __iter__(self) -> Iterator[Change]:
        return _each(aiter(self._feed))


class Client:
    """One system's line to the house. Safe to share between threads; use as a context manager or `close` it.

    Calls time out (10 s at most) and are tried again by themselves when the house did not answer, under the
    same query id. A refusal raises RefusedError at once, an unanswered call UnavailableError in the end.
    The methods mean what they mean in `AsyncClient`. A process that forks opens a new client in the child.
    """

    def __init__(self, identity: Identity, *, timeout: float = connection.UNARY_SECONDS) -> None:
        """`timeout` is the seconds for one question, all tries together; more than 10 counts as 10."""
        self.house: AsyncClient = _InThreadClient(identity, timeout=timeout)

    @classmethod
    def open(cls, folder: str | Path | None = None, *, timeout: float = connection.UNARY_SECONDS) -> Client:
        """Use the identity in `folder`, or the one that CHENGXIN_IDENTITY names. Raises IdentityError."""
        return cls(Identity.open(folder), timeout=timeout)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    close = _like(AsyncClient.close, _done)
    check = _like(AsyncClient.check, _done)
    report = _like(AsyncClient.report, _done)
    acknowledge = _like(AsyncClient.acknowledge, _done)
    receipt = _like(AsyncClient.receipt, _done)
    watch = _like(AsyncClient.watch, Feed)

    def check_many(
        self, identifiers: Iterable[Identifier | str], *, purpose: str, matter: str, officer: str
    ) -> Iterator[Answer]:
        """As `AsyncClient.check_many`; `identifiers` is read in the caller's thread."""
        return _each(self.house.check_many(identifiers, purpose=purpose, matter=matter, officer=officer))

    def submit(self, records: Iterable[Record], *, batch_size: int = 500) -> Iterator[SubmitResult]:
        """As `AsyncClient.submit`; `records` is read in the caller's thread."""
        return _each(self.house.submit(records, batch_size=batch_size))

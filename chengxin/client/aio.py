"""`AsyncClient`: the house for asyncio programs. Methods mean what they mean in `Client`."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from uuid import UUID

import grpc
import grpc.aio

from chengxin.audit.v1.audit_pb2_grpc import AuditServiceStub
from chengxin.catalog.v1 import record_pb2, sharing_pb2
from chengxin.catalog.v1.record_pb2_grpc import RecordServiceStub
from chengxin.catalog.v1.sharing_pb2_grpc import SharingServiceStub
from chengxin.client import connection, requests, responses
from chengxin.client.aio_streams import AsyncFeed, converse
from chengxin.client.answers import Answer, JournalReceipt, Receipt, Report
from chengxin.client.batches import Batch, sized_draft
from chengxin.client.errors import error_from
from chengxin.client.identity import Identity
from chengxin.client.parties import Identifier, one_identifier
from chengxin.client.patience import Patience
from chengxin.client.records import Record, SubmitResult
from chengxin.client.requests import Authority

T = TypeVar("T")


class AsyncClient:
    """One system's line to the house. Use as an async context manager or `close` it."""

    def __init__(self, identity: Identity, *, timeout: float = connection.UNARY_SECONDS) -> None:
        """`timeout` is the seconds for one question, all tries together; more than 10 counts as 10."""
        self._identity = identity
        self._timeout = min(timeout, connection.UNARY_SECONDS)
        self._channels: dict[str, grpc.aio.Channel] = {}

    @classmethod
    def open(
        cls, folder: str | Path | None = None, *, timeout: float = connection.UNARY_SECONDS
    ) -> AsyncClient:
        """Use the identity in `folder`, or the one that CHENGXIN_IDENTITY names. Raises IdentityError."""
        return cls(Identity.open(folder), timeout=timeout)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up."""
        for channel in self._channels.values():
            await channel.close(None)
        self._channels.clear()

    async def check(
        self,
        identifier: Identifier | str | None = None,
        *,
        uscc: str | None = None,
        purpose: str,
        matter: str,
        officer: str,
        query_id: UUID | None = None,
    ) -> Answer:
        """As `Client.check`."""
        subject = one_identifier(identifier, uscc)
        request = requests.check(subject, Authority(purpose, matter, officer), query_id)
        return responses.answer(subject, await self._ask(self._sharing().CheckSubject, request))

    async def check_many(
        self,
        identifiers: Iterable[Identifier | str] | AsyncIterable[Identifier | str],
        *,
        purpose: str,
        matter: str,
        officer: str,
    ) -> AsyncGenerator[Answer]:
        """As `Client.check_many`; `identifiers` may be asynchronous."""
        authority = Authority(purpose, matter, officer)
        asked: deque[list[Identifier]] = deque()

        def question(subjects: list[Identifier]) -> sharing_pb2.CheckSubjectsRequest:
            asked.append(subjects)
            return requests.check_many(subjects, authority)

        async def questions() -> AsyncIterator[sharing_pb2.CheckSubjectsRequest]:
            batch: Batch[Identifier] = Batch()
            async for identifier in _each(identifiers):
                if full := batch.add(one_identifier(identifier)):
                    yield question(full)
            if rest := batch.rest():
                yield question(rest)

        async with aclosing(converse(self._sharing().CheckSubjects, questions())) as pairs:
            async for _, response in pairs:
                for answer in responses.answers(asked.popleft(), response):
                    yield answer

    async def submit(
        self, records: Iterable[Record] | AsyncIterable[Record], *, batch_size: int = 500
    ) -> AsyncGenerator[SubmitResult]:
        """As `Client.submit`; `records` may be asynchronous."""
        batch: Batch[record_pb2.RecordDraft] = Batch(batch_size)

        async def drafts() -> AsyncIterator[record_pb2.SubmitRecordsRequest]:
            async for record in _each(records):
                if full := batch.add(*sized_draft(record)):
                    yield requests.submit(full)
            if rest := batch.rest():
                yield requests.submit(rest)

        stub = RecordServiceStub(self._channel("catalog"))
        async with aclosing(converse(stub.SubmitRecords, drafts())) as pairs:
            async for request, response in pairs:
                for result in responses.submit_results(request, response):
                    yield result

    async def report(
        self,
        identifier: Identifier | str | None = None,
        *,
        uscc: str | None = None,
        purpose: str,
        matter: str,
        officer: str,
        query_id: UUID | None = None,
    ) -> Report:
        """As `Client.report`."""
        subject = one_identifier(identifier, uscc)
        request = requests.report(subject, Authority(purpose, matter, officer), query_id)
        return responses.report(subject, await self._ask(self._sharing().GetCreditReport, request))

    def watch(
        self, *, cursor: str = "", purpose: str, matter: str, officer: str, until_caught_up: bool = False
    ) -> AsyncFeed:
        """As `Client.watch`."""
        request = requests.watch(cursor, Authority(purpose, matter, officer), until_caught_up)
        return AsyncFeed(self._sharing().WatchChanges, request)

    async def acknowledge(self, record_id: str) -> datetime:
        """As `Client.acknowledge`."""
        response = await self._ask(self._sharing().AcknowledgeWithdrawal, requests.acknowledge(record_id))
        return responses.instant(response.acknowledged_at)

    async def receipt(self, of: Answer | Report | SubmitResult | JournalReceipt) -> Receipt:
        """As `Client.receipt`."""
        journal = requests.journal_of(of)
        stub = AuditServiceStub(self._channel("audit"))
        response = await self._ask(stub.GetReceipt, requests.receipt(journal))
        return responses.receipt(journal, response, self._identity.log_vkey)

    def _sharing(self) -> SharingServiceStub:
        return SharingServiceStub(self._channel("catalog"))

    def _channel(self, office: str) -> grpc.aio.Channel:
        if office not in self._channels:
            self._channels[office] = grpc.aio.secure_channel(
                self._identity.address(office),
                connection.credentials(self._identity),
                options=connection.OPTIONS,
            )
        return self._channels[office]

    async def _ask(self, method: Callable[..., Any], request: Any) -> Any:
        patience = Patience(self._timeout)
        while True:
            try:
                return await method(request, timeout=patience.left)
            except grpc.RpcError as error:
                pause = patience.pause_after(error_from(error))
            await asyncio.sleep(pause)


async def _each(members: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    if isinstance(members, AsyncIterable):
        async for member in members:
            yield member
    else:
        for member in members:
            yield member

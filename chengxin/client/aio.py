"""`AsyncClient`: the house for asyncio programs."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import grpc

from chengxin.audit.v1 import audit_pb2
from chengxin.audit.v1.audit_pb2_grpc import AuditServiceStub
from chengxin.catalog.v1 import record_pb2, sharing_pb2
from chengxin.catalog.v1.record_pb2_grpc import RecordServiceStub
from chengxin.catalog.v1.sharing_pb2_grpc import SharingServiceStub
from chengxin.client import connection, requests, responses
from chengxin.client.answers import Answer, JournalReceipt, Receipt, Report, SubmitResult
from chengxin.client.batches import batches, each
from chengxin.client.errors import error_from
from chengxin.client.identity import Identity
from chengxin.client.parties import Identifier, one_identifier
from chengxin.client.patience import Patience
from chengxin.client.records import Record
from chengxin.client.streams import AsyncFeed, converse
from chengxin.client.transport import OnLoop, Transport


class AsyncClient:
    """One system's line to the house. Use as an async context manager or `close` it.

    Calls time out (10 s at most) and are tried again by themselves when the house did not answer, under the
    same query id. A refusal raises RefusedError at once, an unanswered call UnavailableError in the end.
    """

    _transport: ClassVar[Transport] = OnLoop()

    def __init__(self, identity: Identity, *, timeout: float = connection.UNARY_SECONDS) -> None:
        """`timeout` is the seconds for one question, all tries together; more than 10 counts as 10."""
        self._identity = identity
        self._timeout = min(timeout, connection.UNARY_SECONDS)
        self._channels: dict[str, Any] = {}
        self._lock = threading.Lock()

    @classmethod
    def open(cls, folder: str | Path | None = None, *, timeout: float = connection.UNARY_SECONDS) -> AsyncClient:
        """Use the identity in `folder`, or the one that CHENGXIN_IDENTITY names. Raises IdentityError."""
        return cls(Identity.open(folder), timeout=timeout)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up."""
        with self._lock:
            channels, self._channels = self._channels, {}
        for channel in channels.values():
            await self._transport.close(channel)

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
        """Ask whether anything shareable is known about one party. A plain text counts as a USCC.

        `purpose` is a granted purpose's code, `matter` the number of the matter at hand, `officer` the official
        who asks. Source: 54号 clause 13. Raises RefusedError, UnavailableError.
        """
        subject = one_identifier(identifier, uscc)
        request = sharing_pb2.CheckSubjectRequest(
            context=requests.context(purpose, matter, officer, query_id), subject=requests.identifier_message(subject)
        )
        return responses.answer(subject, await self._ask(self._sharing().CheckSubject, request))

    def check_many(
        self,
        identifiers: Iterable[Identifier | str] | AsyncIterable[Identifier | str],
        *,
        purpose: str,
        matter: str,
        officer: str,
    ) -> AsyncGenerator[Answer]:
        """Ask about many parties; one answer each, in order, while `identifiers` is still being read.

        A member that is refused has `refusal`; a refusal of the whole raises RefusedError.
        """

        def ask(subjects: list[Identifier]) -> sharing_pb2.CheckSubjectsRequest:
            return sharing_pb2.CheckSubjectsRequest(
                context=requests.context(purpose, matter, officer),
                subjects=[requests.identifier_message(subject) for subject in subjects],
            )

        subjects = batches((one_identifier(identifier), 0) async for identifier in each(identifiers))
        method = self._sharing().CheckSubjects
        return converse(self._transport, method, subjects, ask=ask, read=responses.answers)

    def submit(
        self, records: Iterable[Record] | AsyncIterable[Record], *, batch_size: int = 500
    ) -> AsyncGenerator[SubmitResult]:
        """Hand in records; one result each, in order, while `records` is still being read.

        Idempotent by the record number. `batch_size` is 1 to 1,000 records a message.
        """

        def ask(drafts: list[record_pb2.RecordDraft]) -> record_pb2.SubmitRecordsRequest:
            return record_pb2.SubmitRecordsRequest(records=drafts)

        drafts = batches((requests.sized_draft(record) async for record in each(records)), batch_size)
        method = RecordServiceStub(self._channel("catalog")).SubmitRecords
        return converse(self._transport, method, drafts, ask=ask, read=responses.submit_results)

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
        """Ask for the records in force about one party, with the fields that the grant shows."""
        subject = one_identifier(identifier, uscc)
        request = sharing_pb2.GetCreditReportRequest(
            context=requests.context(purpose, matter, officer, query_id), subject=requests.identifier_message(subject)
        )
        return responses.report(subject, await self._ask(self._sharing().GetCreditReport, request))

    def watch(
        self, *, cursor: str = "", purpose: str, matter: str, officer: str, until_caught_up: bool = False
    ) -> AsyncFeed:
        """Follow changes and withdrawals from `cursor` on; see `Feed`."""
        request = sharing_pb2.WatchChangesRequest(
            cursor=cursor, context=requests.context(purpose, matter, officer), until_caught_up=until_caught_up
        )
        return AsyncFeed(self._transport, self._sharing().WatchChanges, request)

    async def acknowledge(self, record_id: str) -> datetime:
        """Tell the house that your copy of a withdrawn record is deleted; return when that was recorded."""
        request = sharing_pb2.AcknowledgeWithdrawalRequest(record_id=record_id)
        response = await self._ask(self._sharing().AcknowledgeWithdrawal, request)
        return response.acknowledged_at.ToDatetime(tzinfo=UTC)

    async def receipt(self, of: Answer | Report | SubmitResult | JournalReceipt) -> Receipt:
        """Fetch the proof that an answer's entry is in the log: `(await client.receipt(answer)).verify()`.

        The log takes about a second to hold a new entry; until then the house is asked again. A refused member
        of a batch has no entry of its own: ValueError.
        """
        journal = of if isinstance(of, JournalReceipt) else of.receipt
        if journal is None:
            raise ValueError("a refused member of a batch has no journal entry of its own")
        request = audit_pb2.GetReceiptRequest(source=journal.source, entry_id=journal.entry_id, digest=journal.digest)
        given = await self._ask(AuditServiceStub(self._channel("audit")).GetReceipt, request)
        return Receipt(text=given.receipt, entry=given.entry, journal=journal, log_vkey=self._identity.log_vkey)

    def _sharing(self) -> SharingServiceStub:
        return SharingServiceStub(self._channel("catalog"))

    def _channel(self, office: str) -> Any:
        with self._lock:
            if office not in self._channels:
                self._channels[office] = self._transport.channel(
                    self._identity.address(office), connection.credentials(self._identity), options=connection.OPTIONS
                )
            return self._channels[office]

    async def _ask(self, method: Callable[..., Any], request: Any) -> Any:
        patience = Patience(self._timeout)
        while True:
            try:
                return await self._transport.ask(method, request, patience.left)
            except grpc.RpcError as error:
                pause = patience.pause_after(error_from(error))
            await self._transport.sleep(pause)

"""`Client`: the house for programs that wait for each answer."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from uuid import UUID

import grpc

from chengxin.audit.v1.audit_pb2_grpc import AuditServiceStub
from chengxin.catalog.v1 import record_pb2, sharing_pb2
from chengxin.catalog.v1.record_pb2_grpc import RecordServiceStub
from chengxin.catalog.v1.sharing_pb2_grpc import SharingServiceStub
from chengxin.client import connection, requests, responses
from chengxin.client.answers import Answer, JournalReceipt, Receipt, Report
from chengxin.client.batches import Batch, sized_draft
from chengxin.client.errors import error_from
from chengxin.client.identity import Identity
from chengxin.client.parties import Identifier, one_identifier
from chengxin.client.patience import Patience
from chengxin.client.records import Record, SubmitResult
from chengxin.client.requests import Authority
from chengxin.client.sync_streams import Feed, converse

A = TypeVar("A")


class Client:
    """One system's line to the house. Safe to share between threads; use as a context manager or `close` it.

    Calls time out (10 s at most) and are tried again by themselves when the house did not answer, under the
    same query id. A refusal raises RefusedError at once, an unanswered call UnavailableError in the end.
    """

    def __init__(self, identity: Identity, *, timeout: float = connection.UNARY_SECONDS) -> None:
        """`timeout` is the seconds for one question, all tries together; more than 10 counts as 10."""
        self._identity = identity
        self._timeout = min(timeout, connection.UNARY_SECONDS)
        self._channels: dict[str, grpc.Channel] = {}
        self._lock = threading.Lock()

    @classmethod
    def open(cls, folder: str | Path | None = None, *, timeout: float = connection.UNARY_SECONDS) -> Client:
        """Use the identity in `folder`, or the one that CHENGXIN_IDENTITY names. Raises IdentityError."""
        return cls(Identity.open(folder), timeout=timeout)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            for channel in self._channels.values():
                channel.close()
            self._channels.clear()

    def check(
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
        request = requests.check(subject, Authority(purpose, matter, officer), query_id)
        return responses.answer(subject, self._ask(self._sharing().CheckSubject, request))

    def check_many(
        self, identifiers: Iterable[Identifier | str], *, purpose: str, matter: str, officer: str
    ) -> Iterator[Answer]:
        """Ask about many parties; one answer each, in order, while `identifiers` is still being read.

        A member that is refused has `refusal`; a refusal of the whole raises RefusedError.
        """
        authority = Authority(purpose, matter, officer)
        asked: deque[list[Identifier]] = deque()

        def question(subjects: list[Identifier]) -> sharing_pb2.CheckSubjectsRequest:
            asked.append(subjects)
            return requests.check_many(subjects, authority)

        def questions() -> Iterator[sharing_pb2.CheckSubjectsRequest]:
            batch: Batch[Identifier] = Batch()
            for identifier in identifiers:
                if full := batch.add(one_identifier(identifier)):
                    yield question(full)
            if rest := batch.rest():
                yield question(rest)

        for _, response in converse(self._sharing().CheckSubjects, questions()):
            yield from responses.answers(asked.popleft(), response)

    def submit(self, records: Iterable[Record], *, batch_size: int = 500) -> Iterator[SubmitResult]:
        """Hand in records; one result each, in order, while `records` is still being read.

        Idempotent by the record number. `batch_size` is 1 to 1,000 records a message.
        """
        batch: Batch[record_pb2.RecordDraft] = Batch(batch_size)

        def drafts() -> Iterator[record_pb2.SubmitRecordsRequest]:
            for record in records:
                if full := batch.add(*sized_draft(record)):
                    yield requests.submit(full)
            if rest := batch.rest():
                yield requests.submit(rest)

        stub = RecordServiceStub(self._channel("catalog"))
        for request, response in converse(stub.SubmitRecords, drafts()):
            yield from responses.submit_results(request, response)

    def report(
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
        request = requests.report(subject, Authority(purpose, matter, officer), query_id)
        return responses.report(subject, self._ask(self._sharing().GetCreditReport, request))

    def watch(
        self, *, cursor: str = "", purpose: str, matter: str, officer: str, until_caught_up: bool = False
    ) -> Feed:
        """Follow changes and withdrawals from `cursor` on; see `Feed`."""
        request = requests.watch(cursor, Authority(purpose, matter, officer), until_caught_up)
        return Feed(self._sharing().WatchChanges, request)

    def acknowledge(self, record_id: str) -> datetime:
        """Tell the house that your copy of a withdrawn record is deleted; return when that was recorded."""
        response = self._ask(self._sharing().AcknowledgeWithdrawal, requests.acknowledge(record_id))
        return responses.instant(response.acknowledged_at)

    def receipt(self, of: Answer | Report | SubmitResult | JournalReceipt) -> Receipt:
        """Fetch the proof that an answer's entry is in the log: `client.receipt(answer).verify()`.

        The log takes about a second to hold a new entry; until then the house is asked again. A refused member
        of a batch has no entry of its own: ValueError.
        """
        journal = requests.journal_of(of)
        stub = AuditServiceStub(self._channel("audit"))
        response = self._ask(stub.GetReceipt, requests.receipt(journal))
        return responses.receipt(journal, response, self._identity.log_vkey)

    def _sharing(self) -> SharingServiceStub:
        return SharingServiceStub(self._channel("catalog"))

    def _channel(self, office: str) -> grpc.Channel:
        with self._lock:
            if office not in self._channels:
                self._channels[office] = grpc.secure_channel(
                    self._identity.address(office),
                    connection.credentials(self._identity),
                    options=connection.OPTIONS,
                )
            return self._channels[office]

    def _ask(self, method: Callable[..., A], request: Any) -> A:
        patience = Patience(self._timeout)
        while True:
            try:
                return method(request, timeout=patience.left)
            except grpc.RpcError as error:
                pause = patience.pause_after(error_from(error))
            time.sleep(pause)

"""A small house that speaks the contract over mutual TLS, and can be told to fail as real ones do.

It keeps what it is handed, answers from it, and proves its entries; it holds none of the house's rules.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.timestamp_pb2 import Timestamp

from chengxin import proofs
from chengxin.audit.v1 import audit_pb2, audit_pb2_grpc
from chengxin.catalog.v1 import record_pb2, record_pb2_grpc, sharing_pb2, sharing_pb2_grpc
from chengxin.common.v1 import common_pb2
from chengxin.proofs import note
from chengxin.proofs import receipt as receipts
from chengxin.proofs.entry import JournalEntry
from foundation.reasons import UNAVAILABLE, VALUE_INVALID
from foundation.refusal import Refused
from foundation.rpc.status import status_of
from tests.unit.client.certificates import AUTHORITY, issue, make_ca, write_identity

AS_OF = Timestamp(seconds=1_767_225_600)
ORIGIN = "chengxin.example/log"
REFUSED_MEMBER = "REFUSE-THIS-MEMBER"
BEFORE, AFTER, NEVER = "before", "after", "never"

M = TypeVar("M")


class SmallHouse(
    record_pb2_grpc.RecordServiceServicer, sharing_pb2_grpc.SharingServiceServicer, audit_pb2_grpc.AuditServiceServicer
):
    """Running between `start` and `stop`.

    `seen` holds each request with the seconds that its caller allowed. Each entry of `trouble` strikes one
    request: before it is handled, or after, when its answer is lost on the way.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = make_ca()
        self.records: dict[str, record_pb2.RecordDraft] = {}
        self.found: dict[str, list[str]] = {}
        self.report: list[sharing_pb2.ReportedRecord] = []
        self.feed: list[sharing_pb2.WatchChangesResponse] = []
        self.acknowledged: list[str] = []
        self.seen: list[tuple[Any, float]] = []
        self.trouble: deque[tuple[str, Refused]] = deque()
        self.open = threading.Event()
        self.open.set()
        self._entries: list[bytes] = []
        self._log_key = Ed25519PrivateKey.generate()
        self.log_vkey = note.vkey(ORIGIN, self._log_key.public_key())

    def start(self, port: int = 0) -> None:
        server = grpc.server(
            ThreadPoolExecutor(8), options=[("grpc.max_receive_message_length", 1 << 20), ("grpc.so_reuseport", 0)]
        )
        record_pb2_grpc.add_RecordServiceServicer_to_server(self, server)
        sharing_pb2_grpc.add_SharingServiceServicer_to_server(self, server)
        audit_pb2_grpc.add_AuditServiceServicer_to_server(self, server)
        own = issue(self.ca, "catalog", server=True)
        self.port = server.add_secure_port(
            f"127.0.0.1:{port}",
            grpc.ssl_server_credentials(
                [(own.key, own.certificate)], root_certificates=self.ca.certificate, require_client_auth=True
            ),
        )
        server.start()
        self._server = server

    def stop(self) -> None:
        self.open.set()
        self._server.stop(grace=None).wait()

    def identity(self, *, days: int = 30) -> Path:
        """The identity folder of an enrolled system."""
        address = f"localhost:{self.port}"
        house = {"catalog": address, "audit": address, "log_vkey": self.log_vkey}
        return write_identity(self.folder / "identity", issue(self.ca, "permits", days=days), self.ca, house)

    def questions(self, kind: type[M]) -> list[M]:
        """The requests of one kind that arrived."""
        return [request for request, _ in self.seen if isinstance(request, kind)]

    def SubmitRecords(self, request_iterator: Any, context: Any) -> Iterator[record_pb2.SubmitRecordsResponse]:
        for request in request_iterator:
            with self._served(request, context):
                results = [self._store(draft) for draft in request.records]
                receipt = self._journal()
            yield record_pb2.SubmitRecordsResponse(results=results, receipt=receipt)

    def CheckSubject(self, request: Any, context: Any) -> sharing_pb2.CheckSubjectResponse:
        with self._served(request, context):
            given = self._answer(request.subject)
        return sharing_pb2.CheckSubjectResponse(found=given.found, items=given.items, receipt=given.receipt)

    def CheckSubjects(self, request_iterator: Any, context: Any) -> Iterator[sharing_pb2.CheckSubjectsResponse]:
        for request in request_iterator:
            with self._served(request, context):
                answers = [self._answer(subject) for subject in request.subjects]
            yield sharing_pb2.CheckSubjectsResponse(answers=answers)

    def GetCreditReport(self, request: Any, context: Any) -> sharing_pb2.GetCreditReportResponse:
        with self._served(request, context):
            return sharing_pb2.GetCreditReportResponse(records=self.report, receipt=self._journal())

    def WatchChanges(self, request: Any, context: Any) -> Iterator[sharing_pb2.WatchChangesResponse]:
        for response in self.feed[int(request.cursor or "0") :]:
            with self._served(request, context):
                pass
            yield response
        with self._served(request, context):
            pass
        if not request.until_caught_up:
            gone = threading.Event()
            context.add_callback(gone.set)
            gone.wait(timeout=30)

    def AcknowledgeWithdrawal(self, request: Any, context: Any) -> sharing_pb2.AcknowledgeWithdrawalResponse:
        with self._served(request, context):
            self.acknowledged.append(request.record_id)
        return sharing_pb2.AcknowledgeWithdrawalResponse(acknowledged_at=AS_OF, receipt=self._journal())

    def GetReceipt(self, request: Any, context: Any) -> audit_pb2.GetReceiptResponse:
        with self._served(request, context):
            index, leaves = request.entry_id, [proofs.leaf_hash(entry) for entry in self._entries]
        head = proofs.Checkpoint(ORIGIN, len(leaves), proofs.root_from_leaf_hashes(leaves))
        text = receipts.build(
            entry=self._entries[index],
            index=index,
            proof=proofs.inclusion_proof(leaves, index),
            checkpoint=proofs.sign_checkpoint(head, self._log_key),
        )
        return audit_pb2.GetReceiptResponse(receipt=text, entry=self._entries[index])

    @contextmanager
    def _served(self, request: Any, context: Any) -> Iterator[None]:
        self.seen.append((request, context.time_remaining()))
        self.open.wait(timeout=30)
        when, refused = self.trouble.popleft() if self.trouble else (NEVER, Refused(UNAVAILABLE))
        if when == BEFORE:
            context.abort_with_status(status_of(refused))
        yield
        if when == AFTER:
            context.abort_with_status(status_of(refused))

    def _store(self, draft: record_pb2.RecordDraft) -> record_pb2.RecordResult:
        number = draft.record_number
        if draft.party.name == REFUSED_MEMBER:
            return record_pb2.RecordResult(record_number=number, refusal=_refusal("party.identifier"))
        held = self.records.setdefault(number, draft)
        again = held is not draft
        return record_pb2.RecordResult(record_number=number, record_id=f"id-{number}", already_held=again)

    def _answer(self, subject: common_pb2.Identifier) -> sharing_pb2.SubjectAnswer:
        if subject.value == REFUSED_MEMBER:
            return sharing_pb2.SubjectAnswer(refusal=_refusal("subject.value"))
        items = [sharing_pb2.FoundItem(item_code=code) for code in self.found.get(subject.value, [])]
        return sharing_pb2.SubjectAnswer(found=bool(items), items=items, receipt=self._journal())

    def _journal(self) -> common_pb2.JournalReceipt:
        index = len(self._entries)
        digest = hashlib.sha256(b"%d" % index).digest()
        self._entries.append(_entry(index, digest).encode())
        return common_pb2.JournalReceipt(source="catalog", entry_id=index, as_of=AS_OF, digest=digest)


def _entry(entry_id: int, digest: bytes) -> JournalEntry:
    at = AS_OF.ToDatetime(tzinfo=UTC)
    return JournalEntry(
        source="catalog",
        epoch=UUID(int=1),
        node="n1",
        xid=1,
        entry_id=entry_id,
        at=at,
        kind="SharingService.CheckSubject",
        query_id=UUID(int=2),
        attempt=1,
        authority=AUTHORITY,
        fingerprint=bytes(32),
        decision="answered",
        as_of=at,
        door="answer",
        door_no=1,
        digest=digest,
        commitment=bytes(32),
    )


def _refusal(field: str) -> common_pb2.Refusal:
    return common_pb2.Refusal(
        reason=VALUE_INVALID.code, field=field, message=VALUE_INVALID.meaning, remedy=VALUE_INVALID.remedy
    )

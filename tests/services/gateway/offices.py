"""Offices that answer the gateway over real mutual TLS: they check what every office checks, and write it down."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import Message

from chengxin.audit.v1 import audit_pb2 as audit
from chengxin.audit.v1.audit_pb2_grpc import AuditServiceServicer, add_AuditServiceServicer_to_server
from chengxin.audit.v1.misuse_pb2_grpc import MisuseServiceServicer, add_MisuseServiceServicer_to_server
from chengxin.audit.v1.questions_pb2_grpc import QuestionServiceServicer, add_QuestionServiceServicer_to_server
from chengxin.blacklist.v1 import blacklist_pb2 as blacklist
from chengxin.blacklist.v1.blacklist_pb2_grpc import SchemeServiceServicer, add_SchemeServiceServicer_to_server
from chengxin.catalog.v1 import catalog_pb2 as catalog
from chengxin.catalog.v1 import sharing_pb2 as sharing
from chengxin.catalog.v1.catalog_pb2_grpc import CatalogServiceServicer, add_CatalogServiceServicer_to_server
from chengxin.catalog.v1.sharing_pb2_grpc import SharingServiceServicer, add_SharingServiceServicer_to_server
from chengxin.common.v1 import statistics_pb2 as statistics
from chengxin.common.v1.statistics_pb2_grpc import StatisticsServiceServicer, add_StatisticsServiceServicer_to_server
from chengxin.repair.v1 import repair_pb2 as repair
from chengxin.repair.v1.desk_pb2_grpc import RepairDeskServiceServicer, add_RepairDeskServiceServicer_to_server
from chengxin.repair.v1.repair_pb2_grpc import RepairServiceServicer, add_RepairServiceServicer_to_server
from foundation.access import Issuers, Officer, Person, fingerprint_of
from foundation.calendar import day_of
from foundation.refusal import Refused
from foundation.rpc.interceptor import ASSERTION
from foundation.rpc.status import status_of


@dataclass(frozen=True)
class Asked:
    """One call as an office saw it."""

    method: str
    request: Any
    token: str
    person: Person | None
    fingerprint: bytes
    time_left: float | None
    officer: Officer | None = None


@dataclass
class InTestOffices:
    """What the offices answer, and what they were asked."""

    issuers: Issuers
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    stop_reading_after: int | None = None

    def last(self, method: str) -> Asked:
        """The last call of a method."""
        return next(asked for asked in reversed(self.asked) if asked.method == method)

    async def serve(self, method: str, request: Any, context: Any) -> Any:
        """Do what every office does: read the certificate, verify the assertion, answer or refuse."""
        fingerprint = fingerprint_of(context.auth_context()["x509_pem_cert"][0])
        token = next((v for k, v in context.invocation_metadata() if k == ASSERTION), "")
        try:
            now = datetime.now(UTC)
            person, officer = None, None
            if self.issuers.kind(token) == "officer":
                officer = self.issuers.officer(token, bound_to=fingerprint, now=now)
            elif token:
                person = self.issuers.person(token, bound_to=fingerprint, now=now, today=day_of(now))
            self.asked.append(Asked(method, request, token, person, fingerprint, context.time_remaining(), officer))
            answer = self.answers[method]
            if isinstance(answer, Exception):
                raise answer
            self.answered.append(method)
            return answer(request) if callable(answer) else answer
        except Refused as refused:
            await context.abort_with_status(status_of(refused))
        except BareStatus as bare:
            await context.abort(bare.code, "no details")


class BareStatus(Exception):
    """A status without the contract's details."""

    def __init__(self, code: grpc.StatusCode) -> None:
        super().__init__(code)
        self.code = code


def _servicer(base: type, offices: InTestOffices) -> Any:
    def method(name: str) -> Any:
        async def unary(self: Any, request: Any, context: Any) -> Any:
            return await offices.serve(name, request, context)

        async def upload(self: Any, request_iterator: AsyncIterator[Any], context: Any) -> Any:
            parts: list[Any] = []
            async for message in request_iterator:
                parts.append(message)
                if len(parts) == offices.stop_reading_after:
                    break
            return await offices.serve(name, parts, context)

        async def stream(self: Any, request: Any, context: Any) -> AsyncIterator[Any]:
            answer = await offices.serve(name, request, context)
            for message in answer if isinstance(answer, list) else [answer]:
                yield message

        if name == "UploadEvidence":
            return upload
        return stream if name in ("ReadEvidence", "ExportAccesses") else unary

    names = [name for name in vars(base) if name[0].isupper()]
    return type(base.__name__, (base,), {name: method(name) for name in names})()


def credentials(*, cert: Path, key: Path, ca: Path) -> grpc.ServerCredentials:
    """Mutual TLS as every office serves it."""
    return grpc.ssl_server_credentials(
        [(key.read_bytes(), cert.read_bytes())], root_certificates=ca.read_bytes(), require_client_auth=True
    )


async def start(offices: InTestOffices, tls: grpc.ServerCredentials) -> tuple[grpc.aio.Server, str]:
    """Serve all offices on one free port with mutual TLS; return the server and its address."""
    server = grpc.aio.server()
    add_StatisticsServiceServicer_to_server(_servicer(StatisticsServiceServicer, offices), server)
    add_CatalogServiceServicer_to_server(_servicer(CatalogServiceServicer, offices), server)
    add_SharingServiceServicer_to_server(_servicer(SharingServiceServicer, offices), server)
    add_SchemeServiceServicer_to_server(_servicer(SchemeServiceServicer, offices), server)
    add_RepairServiceServicer_to_server(_servicer(RepairServiceServicer, offices), server)
    add_AuditServiceServicer_to_server(_servicer(AuditServiceServicer, offices), server)
    add_MisuseServiceServicer_to_server(_servicer(MisuseServiceServicer, offices), server)
    add_QuestionServiceServicer_to_server(_servicer(QuestionServiceServicer, offices), server)
    add_RepairDeskServiceServicer_to_server(_servicer(RepairDeskServiceServicer, offices), server)
    port = server.add_secure_port("127.0.0.1:0", tls)
    await server.start()
    return server, f"127.0.0.1:{port}"


def write_issuers(file: Path, entries: list[dict[str, str]]) -> Issuers:
    """Write an issuers file and load it as an office does."""
    file.write_text(json.dumps(entries))
    return Issuers.load(file)


NOW = datetime(2026, 4, 1, tzinfo=UTC)
RECEIPT = {"source": "catalog", "entry_id": 7, "as_of": NOW, "digest": b"\x01" * 32}


def usual_answers() -> dict[str, Message | Exception | Callable[[Any], Message]]:
    """An answer for every method that the gateway calls."""
    application = repair.Application(
        application_id="app-1", record_id="rec-1", state=repair.APPLICATION_STATE_SUBMITTED, due_on="2026-05-08"
    )
    record = {"record_id": "rec-1", "item_code": "A1", "severity": 2, "determined_on": "2026-01-05"}
    return {
        "ListOwnRecords": sharing.ListOwnRecordsResponse(
            records=[{"record": record, "fields": [{"name": "amount", "value": "5000.00"}]}], receipt=RECEIPT
        ),
        "GetWithdrawalCertificate": sharing.GetWithdrawalCertificateResponse(
            text="证明\n", receivers=[{"authority": "11439999000000002X"}], receipt=RECEIPT
        ),
        "ListPublicRecords": sharing.ListPublicRecordsResponse(
            records=[{"item_code": "A1", "name": "样**", "identifier": "4399********", "ends_before": "2027-01-05"}],
            next_page_token="next",
        ),
        "ListCatalogItems": catalog.ListCatalogItemsResponse(
            items=[{"code": "A1", "title": "行政处罚", "title_en": "Penalties", "document_kinds": [3]}]
        ),
        "ListMeasures": catalog.ListMeasuresResponse(
            measures=[{"code": "M1", "title": "限制", "title_en": "Restriction", "least_severity": 3}]
        ),
        "ListSchemes": blacklist.ListSchemesResponse(schemes=[{"code": "S1", "title": "食品", "title_en": "Food"}]),
        "GetStatistics": statistics.GetStatisticsResponse(
            figures=[{"month": "2026-03", "name": "applications_submitted", "value": 12}]
        ),
        "GetCheckpoint": audit.GetCheckpointResponse(checkpoint="log\n1\n", vkey="log+1+x"),
        "ListAccessesToSubject": audit.ListAccessesToSubjectResponse(
            accesses=[
                {"source": "catalog", "entry_id": 7, "kind": "SharingService.CheckSubject", "log_index": 41}
                | {"at": NOW}
            ],
            receipt=RECEIPT,
        ),
        "GetReceipt": audit.GetReceiptResponse(receipt="c2sp.org/tlog-proof@v1\n", entry=b"\xa0"),
        "GetInclusionProof": audit.GetInclusionProofResponse(
            leaf_hash=b"\x02" * 32, leaf_index=41, tree_size=50, root=b"\x03" * 32, proof=[b"\x04" * 32]
        ),
        "CheckEligibility": repair.CheckEligibilityResponse(
            eligible=False,
            earliest_on="2026-04-05",
            reasons=[{"reason": "MINIMUM_PUBLICITY_OPEN", "message": "Too early."}],
            requirements=["commitment"],
            receipt=RECEIPT,
        ),
        "AcceptApplication": repair.AcceptApplicationResponse(application=application),
        "ExtendDecision": repair.ExtendDecisionResponse(application=application),
        "DecideApplication": repair.DecideApplicationResponse(application=application),
        "SubmitApplication": repair.SubmitApplicationResponse(application=application),
        "ListApplications": repair.ListApplicationsResponse(applications=[application], receipt=RECEIPT),
        "GetApplication": repair.GetApplicationResponse(application=application, receipt=RECEIPT),
        "WithdrawApplication": repair.WithdrawApplicationResponse(application=application),
        "UploadEvidence": lambda parts: repair.UploadEvidenceResponse(
            evidence_id="ev-1", size=sum(len(part.content) for part in parts[1:])
        ),
    }

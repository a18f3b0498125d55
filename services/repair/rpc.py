"""The gRPC service: messages to domain and back. No rule stands here."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

from chengxin.repair.v1 import repair_pb2, repair_pb2_grpc
from foundation.calendar import Deadline, day_of
from foundation.journal import Receipt
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from foundation.rpc import current
from foundation.rpc.messages import id_from, iso, receipt_message, refusal_message, text_from, timestamp
from services.repair.domain.application import Application, QueueEntry, State, is_overdue
from services.repair.domain.eligibility import REQUIREMENTS
from services.repair.domain.evidence import FileHeader, media_type_from
from services.repair.domain.reasons import EVIDENCE_OUT_OF_ORDER
from services.repair.evidence_office import EvidenceOffice
from services.repair.office import RepairOffice

WRITTEN = 4_000
"""Characters of an account, of reasons, of a verification."""
MISSING_ITEMS, MISSING_ITEM = 50, 500

_KEY = re.compile(r"[A-Za-z0-9._:-]{1,100}", re.ASCII)


class RepairServicer(repair_pb2_grpc.RepairServiceServicer):
    """`chengxin.repair.v1.RepairService`. What each call does and refuses stands in RepairOffice."""

    def __init__(self, office: RepairOffice, evidence: EvidenceOffice) -> None:
        self._office = office
        self._evidence = evidence

    async def CheckEligibility(
        self, request: repair_pb2.CheckEligibilityRequest, context: Any
    ) -> repair_pb2.CheckEligibilityResponse:
        """Whether and when the party may apply."""
        finding, judged, receipt = await self._office.check_eligibility(current(), _record(request.record_id))
        return repair_pb2.CheckEligibilityResponse(
            eligible=judged.eligible,
            earliest_on=iso(judged.earliest_on),
            reasons=[refusal_message(Refused(reason)) for reason in judged.obstacles],
            requirements=REQUIREMENTS,
            determining_authority=finding.determining_authority,
            ends_before=iso(finding.ends_before),
            receipt=receipt_message(receipt),
        )

    async def SubmitApplication(
        self, request: repair_pb2.SubmitApplicationRequest, context: Any
    ) -> repair_pb2.SubmitApplicationResponse:
        """Hands an application in."""
        if not _KEY.fullmatch(request.idempotency_key):
            raise Refused(VALUE_INVALID, field="idempotency_key")
        changed = await self._office.submit(
            current(),
            record_id=_record(request.record_id),
            correction=text_from(request.correction, field="correction", longest=WRITTEN),
            commitment=request.commitment,
            idempotency_key=request.idempotency_key,
        )
        return repair_pb2.SubmitApplicationResponse(application=_after(*changed))

    async def UploadEvidence(
        self, request_iterator: AsyncIterator[repair_pb2.UploadEvidenceRequest], context: Any
    ) -> repair_pb2.UploadEvidenceResponse:
        """Adds evidence to an application."""
        first = await anext(aiter(request_iterator), None)
        if first is None or first.WhichOneof("part") != "header":
            raise Refused(EVIDENCE_OUT_OF_ORDER, field="header")
        said = first.header.evidence
        header = FileHeader(
            file_name=text_from(said.file_name, field="header.evidence.file_name", longest=200),
            media_type=media_type_from(said.media_type),
            description=text_from(said.description, field="header.evidence.description", longest=500),
        )
        application_id = id_from(first.header.application_id)
        stored = await self._evidence.add(current(), application_id, header, _content(request_iterator))
        return repair_pb2.UploadEvidenceResponse(
            evidence_id=str(stored.evidence_id), sha256=stored.sha256, size=stored.size
        )

    async def AcceptApplication(
        self, request: repair_pb2.AcceptApplicationRequest, context: Any
    ) -> repair_pb2.AcceptApplicationResponse:
        """Accepts, or names what is missing."""
        if len(request.missing) > MISSING_ITEMS:
            raise Refused(VALUE_INVALID, field="missing", detail=f"At most {MISSING_ITEMS} items.")
        missing = [
            text_from(item, field=f"missing[{number}]", longest=MISSING_ITEM)
            for number, item in enumerate(request.missing)
        ]
        changed = await self._office.accept(current(), id_from(request.application_id), missing=missing)
        return repair_pb2.AcceptApplicationResponse(application=_after(*changed))

    async def DecideApplication(
        self, request: repair_pb2.DecideApplicationRequest, context: Any
    ) -> repair_pb2.DecideApplicationResponse:
        """Grants or refuses."""
        changed = await self._office.decide(
            current(),
            id_from(request.application_id),
            grant=request.grant,
            reasons=text_from(request.reasons, field="reasons", longest=WRITTEN),
            verification=text_from(request.verification, field="verification", longest=WRITTEN),
        )
        return repair_pb2.DecideApplicationResponse(application=_after(*changed))

    async def WithdrawApplication(
        self, request: repair_pb2.WithdrawApplicationRequest, context: Any
    ) -> repair_pb2.WithdrawApplicationResponse:
        """Takes an application back."""
        changed = await self._office.withdraw(current(), id_from(request.application_id))
        return repair_pb2.WithdrawApplicationResponse(application=_after(*changed))

    async def GetApplication(
        self, request: repair_pb2.GetApplicationRequest, context: Any
    ) -> repair_pb2.GetApplicationResponse:
        """Gives one application."""
        application, receipt = await self._office.get(current(), id_from(request.application_id))
        return repair_pb2.GetApplicationResponse(
            application=_after(application, receipt), receipt=receipt_message(receipt)
        )

    async def ListApplications(
        self, request: repair_pb2.ListApplicationsRequest, context: Any
    ) -> repair_pb2.ListApplicationsResponse:
        """Lists the party's applications, or the authority's queue."""
        call = current()
        if call.person is not None:
            applications, receipt = await self._office.list_own(call)
            messages = [_after(application, receipt) for application in applications]
        else:
            entries, receipt = await self._office.queue(call)
            messages = [_queued(entry, day_of(receipt.as_of)) for entry in entries]
        return repair_pb2.ListApplicationsResponse(applications=messages, receipt=receipt_message(receipt))


def _record(text: str) -> str:
    return str(id_from(text))


async def _content(parts: AsyncIterator[repair_pb2.UploadEvidenceRequest]) -> AsyncIterator[bytes]:
    async for part in parts:
        if part.WhichOneof("part") != "content":
            raise Refused(EVIDENCE_OUT_OF_ORDER, field="content")
        yield part.content


def _after(application: Application, receipt: Receipt) -> repair_pb2.Application:
    """An application as it stands at the receipt's instant."""
    named = application.reached(State.NOT_ACCEPTED)
    decision = application.decision
    carried_out = application.reached(State.CARRIED_OUT)
    message = repair_pb2.Application(
        application_id=str(application.application_id),
        record_id=application.record_id,
        state=_state(application.state),
        determining_authority=application.determining_authority,
        submitted_at=timestamp(application.history[0].at),
        missing=named.step.missing if named else (),
        reasons=decision.step.reasons if decision else "",
        decided_at=timestamp(decision.at if decision else None),
        carried_out_at=timestamp(carried_out.at if carried_out else None),
        evidence_count=application.evidence_count,
        correction=application.correction,
    )
    return _with_due(message, application.due, day_of(receipt.as_of))


def _queued(entry: QueueEntry, today: date) -> repair_pb2.Application:
    message = repair_pb2.Application(
        application_id=str(entry.application_id),
        record_id=entry.record_id,
        state=_state(entry.state),
        determining_authority=entry.determining_authority,
        submitted_at=timestamp(entry.submitted_at),
        decided_at=timestamp(entry.decided_at),
        evidence_count=entry.evidence_count,
    )
    return _with_due(message, entry.due, today)


def _with_due(message: repair_pb2.Application, due: Deadline | None, today: date) -> repair_pb2.Application:
    if due is not None:
        message.due_on = due.on.isoformat()
        message.due_provisional = due.provisional
        message.overdue = is_overdue(due, today)
    return message


def _state(state: State) -> repair_pb2.ApplicationState.ValueType:
    return repair_pb2.ApplicationState.Value(f"APPLICATION_STATE_{state.name}")

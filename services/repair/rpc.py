"""The gRPC service: messages to domain and back. No rule stands here."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

from chengxin.repair.v1 import repair_pb2 as pb
from chengxin.repair.v1 import repair_pb2_grpc
from foundation.calendar import day_of
from foundation.db import Row
from foundation.journal import Receipt
from foundation.personal import Personal
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from foundation.rpc import current, messages
from foundation.rpc.mirror import mirrored
from services.repair.domain.application import Application, State, is_overdue
from services.repair.domain.eligibility import REQUIREMENTS
from services.repair.office import RepairOffice

WRITTEN = 4_000
"""Characters of an account, of reasons, of a verification."""

OF_ONE = ("missing", "reasons", "carried_out_at", "correction", "extension_reasons", "stands_since")
"""What only an application that is opened shows, and a queue does not."""
_KEY = re.compile(r"[A-Za-z0-9._:-]{1,100}", re.ASCII)


class RepairServicer(repair_pb2_grpc.RepairServiceServicer):
    """`chengxin.repair.v1.RepairService`. What each call does and refuses stands in RepairOffice."""

    def __init__(self, office: RepairOffice) -> None:
        self._office = office

    async def CheckEligibility(self, request: pb.CheckEligibilityRequest, context: Any) -> pb.CheckEligibilityResponse:
        """Whether and when the party may apply."""
        finding, judged, receipt = await self._office.check_eligibility(current(), _record(request.record_id))
        return pb.CheckEligibilityResponse(
            eligible=judged.eligible,
            earliest_on=messages.iso(judged.earliest_on),
            reasons=[messages.refusal_message(Refused(reason)) for reason in judged.obstacles],
            requirements=REQUIREMENTS,
            determining_authority=finding.determining_authority,
            ends_before=messages.iso(finding.ends_before),
            receipt=messages.receipt_message(receipt),
        )

    async def SubmitApplication(
        self, request: pb.SubmitApplicationRequest, context: Any
    ) -> pb.SubmitApplicationResponse:
        """Hands an application in."""
        if not _KEY.fullmatch(request.idempotency_key):
            raise Refused(VALUE_INVALID, field="idempotency_key")
        changed = await self._office.submit(
            current(),
            record_id=_record(request.record_id),
            correction=_written(request.correction, field="correction"),
            commitment=request.commitment,
            idempotency_key=request.idempotency_key,
        )
        return pb.SubmitApplicationResponse(application=application_message(*changed))

    async def UploadEvidence(
        self, request_iterator: AsyncIterator[pb.UploadEvidenceRequest], context: Any
    ) -> pb.UploadEvidenceResponse:
        """Adds evidence to an application."""
        said, header, parts = await messages.upload_from(request_iterator)
        application_id = messages.id_from(said.application_id)
        evidence_id, sha256, size = await self._office.add_evidence(current(), application_id, header, parts)
        return pb.UploadEvidenceResponse(evidence_id=str(evidence_id), sha256=sha256, size=size)

    async def AcceptApplication(
        self, request: pb.AcceptApplicationRequest, context: Any
    ) -> pb.AcceptApplicationResponse:
        """Accepts, or names what is missing."""
        lines = messages.lines_from(request.missing, field="missing", longest=500) if request.missing else ()
        missing, application_id = Personal.each(lines), messages.id_from(request.application_id)
        changed = await self._office.accept(current(), application_id, missing=missing)
        return pb.AcceptApplicationResponse(application=application_message(*changed))

    async def ExtendDecision(self, request: pb.ExtendDecisionRequest, context: Any) -> pb.ExtendDecisionResponse:
        """Puts the last day of the decision off."""
        reasons, application_id = _written(request.reasons, field="reasons"), messages.id_from(request.application_id)
        changed = await self._office.extend(current(), application_id, reasons=reasons)
        return pb.ExtendDecisionResponse(application=application_message(*changed))

    async def DecideApplication(
        self, request: pb.DecideApplicationRequest, context: Any
    ) -> pb.DecideApplicationResponse:
        """Grants or refuses."""
        changed = await self._office.decide(
            current(),
            messages.id_from(request.application_id),
            grant=request.grant,
            reasons=_written(request.reasons, field="reasons"),
            verification=_written(request.verification, field="verification"),
        )
        return pb.DecideApplicationResponse(application=application_message(*changed))

    async def WithdrawApplication(
        self, request: pb.WithdrawApplicationRequest, context: Any
    ) -> pb.WithdrawApplicationResponse:
        """Takes an application back."""
        changed = await self._office.withdraw(current(), messages.id_from(request.application_id))
        return pb.WithdrawApplicationResponse(application=application_message(*changed))

    async def GetApplication(self, request: pb.GetApplicationRequest, context: Any) -> pb.GetApplicationResponse:
        """Gives one application."""
        application, receipt = await self._office.get(current(), messages.id_from(request.application_id))
        return pb.GetApplicationResponse(
            application=application_message(application, receipt), receipt=messages.receipt_message(receipt)
        )

    async def ListApplications(self, request: pb.ListApplicationsRequest, context: Any) -> pb.ListApplicationsResponse:
        """Lists the party's applications, or the authority's queue."""
        call = current()
        if call.person is not None:
            applications, receipt = await self._office.list_own(call)
            shown = [application_message(application, receipt) for application in applications]
        else:
            entries, receipt = await self._office.queue(call)
            shown = [_waiting(entry, day_of(receipt.as_of)) for entry in entries]
        return pb.ListApplicationsResponse(applications=shown, receipt=messages.receipt_message(receipt))


def _written(text: str, *, field: str) -> Personal:
    return Personal(messages.text_from(text, field=field, longest=WRITTEN))


def _record(text: str) -> str:
    return str(messages.id_from(text))


def application_message(application: Application, receipt: Receipt) -> pb.Application:
    """An application as it stands at the receipt's instant."""
    due, decision = application.due, application.decision
    named = application.reached(State.NOT_ACCEPTED)
    extended = application.reached(State.EXTENDED)
    carried_out = application.reached(State.CARRIED_OUT)
    return mirrored(
        pb.Application,
        application,
        due_on=messages.iso(due.on if due else None),
        due_provisional=due.provisional if due else False,
        overdue=is_overdue(due.on if due else None, day_of(receipt.as_of)),
        missing=[each.reveal() for each in named.step.missing] if named else (),
        reasons=decision.step.reasons.reveal() if decision else "",
        carried_out_at=messages.timestamp(carried_out.at) if carried_out else None,
        correction=application.correction.reveal(),
        stands_since=messages.timestamp(application.history[-1].at),
        extension_reasons=extended.step.reasons.reveal() if extended else "",
    )


def _waiting(row: Row, today: date) -> pb.Application:
    """An application as the authority's queue shows it."""
    return mirrored(pb.Application, row, without=OF_ONE, overdue=is_overdue(row.due_on, today))

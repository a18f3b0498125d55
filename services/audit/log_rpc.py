"""LogService: messages to domain types and back. No rule stands here."""

from __future__ import annotations

from typing import Any

from chengxin.audit.v1 import log_pb2, log_pb2_grpc
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from foundation.rpc import current
from foundation.rpc.messages import id_from, receipt_message, text_from, timestamp
from services.audit.domain.doors import Gap
from services.audit.office.doors import Doors

_LARGEST_PAGE, _USUAL_PAGE = 1_000, 100


class LogServicer(log_pb2_grpc.LogServiceServicer):
    """Serves auditors."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    async def ListDoorGaps(self, request: log_pb2.ListDoorGapsRequest, context: Any) -> log_pb2.ListDoorGapsResponse:
        """Door numbers that are missing from the log."""
        call = current()
        call.require_role("auditor")
        if not 0 <= request.page_size <= _LARGEST_PAGE:
            raise Refused(VALUE_INVALID, field="page_size", detail="1 to 1,000.")
        gaps, receipt = await self._doors.gaps(
            source=request.source,
            with_explained=request.with_explained,
            most=request.page_size or _USUAL_PAGE,
            by=call.caller,
            method=call.method,
        )
        return log_pb2.ListDoorGapsResponse(gaps=map(_message, gaps), receipt=receipt_message(receipt))

    async def AdoptEpoch(self, request: log_pb2.AdoptEpochRequest, context: Any) -> log_pb2.AdoptEpochResponse:
        """Lets a journal go on in a new epoch."""
        call = current()
        call.require_role("auditor")
        approved, receipt = await self._doors.adopt(
            request.source,
            id_from(request.epoch),
            basis=text_from(request.basis, field="basis", longest=500),
            by=call.caller,
            officer=call.require_officer("auditor"),
            method=call.method,
        )
        return log_pb2.AdoptEpochResponse(approved=approved, receipt=receipt_message(receipt))


def _message(gap: Gap) -> log_pb2.DoorGap:
    return log_pb2.DoorGap(
        source=gap.source,
        epoch=gap.epoch.hex,
        first_no=gap.first_no,
        last_no=gap.last_no,
        after=timestamp(gap.after),
        before=timestamp(gap.before),
        cause=gap.cause,
    )

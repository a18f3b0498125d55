"""LogService: messages to domain types and back. No rule stands here."""

from __future__ import annotations

from typing import Any

from chengxin.audit.v1 import log_pb2 as pb
from chengxin.audit.v1 import log_pb2_grpc
from foundation.rpc import current
from foundation.rpc.messages import id_from, page_size_from, text_from
from foundation.rpc.mirror import answer, mirrored
from services.audit.office.doors import Doors


class LogServicer(log_pb2_grpc.LogServiceServicer):
    """Serves auditors."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    async def ListDoorGaps(self, request: pb.ListDoorGapsRequest, context: Any) -> pb.ListDoorGapsResponse:
        """Door numbers that are missing from the log."""
        call = current()
        call.require_role("auditor")
        gaps, receipt = await self._doors.gaps(
            call,
            source=request.source,
            with_explained=request.with_explained,
            most=page_size_from(request.page_size, usual=100, largest=1_000),
        )
        shown = [mirrored(pb.DoorGap, gap, epoch=gap.epoch.hex) for gap in gaps]
        return answer(pb.ListDoorGapsResponse, gaps=shown, receipt=receipt)

    async def AdoptEpoch(self, request: pb.AdoptEpochRequest, context: Any) -> pb.AdoptEpochResponse:
        """Lets a journal go on in a new epoch."""
        call = current()
        call.require_role("auditor")
        basis = text_from(request.basis, field="basis", longest=500)
        approved, receipt = await self._doors.adopt(call, request.source, id_from(request.epoch), basis=basis)
        return answer(pb.AdoptEpochResponse, approved=approved, receipt=receipt)

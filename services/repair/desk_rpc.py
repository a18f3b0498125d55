"""RepairDeskService: messages to domain and back. No rule stands here."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from chengxin.common.v1.common_pb2 import EvidenceHeader
from chengxin.repair.v1 import desk_pb2 as pb
from chengxin.repair.v1 import desk_pb2_grpc
from foundation.evidence import PART_BYTES
from foundation.refusal import Refused
from foundation.rpc import current, messages
from services.repair.desk import Desk, File
from services.repair.domain.eligibility import REQUIREMENTS
from services.repair.rpc import application_message


class RepairDeskServicer(desk_pb2_grpc.RepairDeskServiceServicer):
    """`chengxin.repair.v1.RepairDeskService`. What each call shows, and to whom, stands in Desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def ExamineApplication(
        self, request: pb.ExamineApplicationRequest, context: Any
    ) -> pb.ExamineApplicationResponse:
        """One application beside what it is judged by."""
        shown, receipt = await self._desk.examine(current(), messages.id_from(request.application_id))
        return pb.ExamineApplicationResponse(
            application=application_message(shown.application, receipt),
            record=shown.record,
            obstacles=[messages.refusal_message(Refused(reason)) for reason in shown.obstacles],
            requirements=REQUIREMENTS,
            evidence=map(_file, shown.files),
            receipt=messages.receipt_message(receipt),
        )

    async def ReadEvidence(
        self, request: pb.ReadEvidenceRequest, context: Any
    ) -> AsyncGenerator[pb.ReadEvidenceResponse]:
        """One piece of evidence."""
        ids = messages.id_from(request.application_id), messages.id_from(request.evidence_id)
        file, content, receipt = await self._desk.read_evidence(current(), *ids)
        yield pb.ReadEvidenceResponse(file=_file(file), receipt=messages.receipt_message(receipt))
        for start in range(0, len(content), PART_BYTES):
            yield pb.ReadEvidenceResponse(content=content[start : start + PART_BYTES])


def _file(file: File) -> pb.EvidenceFile:
    said = file.header
    header = EvidenceHeader(file_name=said.file_name, media_type=said.media_type.value, description=said.description)
    return pb.EvidenceFile(evidence_id=str(file.evidence_id), header=header, size=file.size, sha256=file.sha256)

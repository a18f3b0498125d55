"""ArchiveService: records whose sharing has ended, for two officials."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from chengxin.catalog.v1 import archive_pb2 as pb
from chengxin.catalog.v1 import archive_pb2_grpc
from chengxin.common.v1 import common_pb2
from foundation.calendar import day_of
from foundation.identity import Identifier
from foundation.personal import Personal
from foundation.policy import LawBook
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from foundation.rpc import current
from foundation.rpc.messages import id_from, identifier_from, line_from, receipt_message, text_from
from foundation.rpc.mirror import mirrored
from services.catalog.office.archive import ArchiveOffice, Opening, Said
from services.catalog.rpc.summaries import reported

MOST_RECORDS = 100


class ArchiveServicer(archive_pb2_grpc.ArchiveServiceServicer):
    """Message <-> domain."""

    def __init__(self, office: ArchiveOffice, lawbook: LawBook) -> None:
        self._office = office
        self._lawbook = lawbook

    async def RequestOpening(self, request: pb.RequestOpeningRequest, context: Any) -> pb.RequestOpeningResponse:
        """Apply for an opening."""
        if len(request.record_ids) > MOST_RECORDS:
            raise Refused(VALUE_INVALID, field="record_ids", detail=f"At most {MOST_RECORDS}.")
        said = Said(
            party=_party(request.subject),
            basis_number=Personal(line_from(request.basis_number, field="basis_number", longest=100)),
            reason=Personal(text_from(request.reason, field="reason", longest=500)),
        )
        opening = await self._office.request(
            current(),
            record_ids=[id_from(record_id) for record_id in request.record_ids],
            basis=request.basis,
            delay_days=request.delay_days,
            said=said,
        )
        return pb.RequestOpeningResponse(opening=_opening(opening))

    async def ApproveOpening(self, request: pb.ApproveOpeningRequest, context: Any) -> pb.ApproveOpeningResponse:
        """Approve an opening."""
        party = _party(request.subject)
        opening = await self._office.approve(current(), id_from(request.opening_id), party)
        return pb.ApproveOpeningResponse(opening=_opening(opening))

    async def OpenArchive(self, request: pb.OpenArchiveRequest, context: Any) -> pb.OpenArchiveResponse:
        """Open what was approved."""
        shown, receipt = await self._office.open(current(), id_from(request.opening_id))
        records = [reported(one, self._lawbook) for one in shown]
        return pb.OpenArchiveResponse(records=records, receipt=receipt_message(receipt))

    async def ListOpenings(self, request: pb.ListOpeningsRequest, context: Any) -> pb.ListOpeningsResponse:
        """List openings."""
        openings = await self._office.list(current())
        return pb.ListOpeningsResponse(openings=[_opening(one) for one in openings])


def _party(message: common_pb2.Identifier) -> Identifier:
    return identifier_from(message, today=day_of(datetime.now(UTC)))


def _opening(opening: Opening) -> pb.Opening:
    words = ("basis_number", "reason", "requested_by", "approved_by")
    said = {name: getattr(opening.said, name).reveal() for name in words}
    return mirrored(pb.Opening, opening.row, **said)

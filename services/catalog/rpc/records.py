"""RecordService: the right to change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import date
from typing import Any
from uuid import uuid4

from chengxin.catalog.v1 import record_pb2 as pb
from chengxin.catalog.v1 import record_pb2_grpc
from foundation.access import Caller
from foundation.calendar import day_of
from foundation.personal import Personal
from foundation.policy import LawBook
from foundation.reasons import VALUE_REQUIRED
from foundation.refusal import Refused
from foundation.rpc import current
from foundation.rpc.messages import id_from, identifier_from, refusal_message, text_from, word_from
from foundation.rpc.mirror import answer
from foundation.telemetry import queried
from services.catalog.domain import reasons
from services.catalog.domain.admission import Draft
from services.catalog.office.reading import ReadingOffice
from services.catalog.office.records import Batch, HandedIn, RecordOffice
from services.catalog.rpc.drafts import draft_from
from services.catalog.rpc.summaries import summary

MOST = 1000


class RecordServicer(record_pb2_grpc.RecordServiceServicer):
    """Message <-> domain."""

    def __init__(self, office: RecordOffice, reading: ReadingOffice, lawbook: LawBook) -> None:
        self._office = office
        self._reading = reading
        self._lawbook = lawbook

    async def SubmitRecords(
        self, request_iterator: AsyncIterator[pb.SubmitRecordsRequest], context: Any
    ) -> AsyncGenerator[pb.SubmitRecordsResponse]:
        """Take batches in; one result for each record, in order."""
        call = current()
        call.require_role("provider", "office")
        requests = aiter(request_iterator)
        # While one message is stored the next is read, judged and sealed; never more than these two.
        coming = asyncio.create_task(self._prepared(call.caller, requests))
        try:
            while prepared := await coming:
                coming = asyncio.create_task(self._prepared(call.caller, requests))
                request, batch = prepared
                taken, receipt = await self._office.store(call.caller, batch)
                results = [
                    _result(message.record_number, one) for message, one in zip(request.records, taken, strict=True)
                ]
                yield answer(pb.SubmitRecordsResponse, results=results, receipt=receipt)
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)

    async def _prepared(
        self, caller: Caller, requests: AsyncIterator[pb.SubmitRecordsRequest]
    ) -> tuple[pb.SubmitRecordsRequest, Batch] | None:
        """The next message of a stream and what it holds, judged and sealed; None at the end."""
        request = await anext(requests, None)
        if request is None:
            return None
        if len(request.records) > MOST:
            raise Refused(reasons.BATCH_TOO_LARGE, field="records")
        return request, await self._office.prepare(
            caller, lambda today: (_draft(message, today) for message in request.records)
        )

    async def RevokeDocument(self, request: pb.RevokeDocumentRequest, context: Any) -> pb.RevokeDocumentResponse:
        """Revoke a document of the caller."""
        ended, receipt = await self._office.revoke_document(
            current().caller,
            document_number=text_from(request.document_number, field="document_number", longest=100),
            reason=text_from(request.reason, field="reason", longest=500),
        )
        return answer(pb.RevokeDocumentResponse, record_ids=ended, receipt=receipt)

    async def WithdrawRecord(self, request: pb.WithdrawRecordRequest, context: Any) -> pb.WithdrawRecordResponse:
        """End one record's sharing."""
        which = request.WhichOneof("record")
        if which is None:
            raise Refused(VALUE_REQUIRED, field="record_id")
        record_id, ended_at, already_ended, receipt = await self._office.withdraw(
            current().caller,
            record_id=id_from(request.record_id) if which == "record_id" else None,
            record_number=request.record_number,
            reason=word_from(pb.EndReason, request.reason),
            matter=text_from(request.matter, field="matter", longest=100),
        )
        return answer(
            pb.WithdrawRecordResponse,
            record_id=record_id,
            ended_at=ended_at,
            already_ended=already_ended,
            receipt=receipt,
        )

    async def GetRecord(self, request: pb.GetRecordRequest, context: Any) -> pb.GetRecordResponse:
        """Give one record without its fields."""
        call = current()
        about = None
        if request.HasField("about"):
            about = identifier_from(request.about, today=day_of(await self._reading.now()), field="about")
        row, receipt = await self._reading.record(
            call.caller,
            id_from(request.record_id),
            matter=Personal(text_from(request.matter, field="matter", longest=100)),
            about=about,
            query_id=queried(uuid4()),
        )
        return answer(pb.GetRecordResponse, record=summary(row, self._lawbook), receipt=receipt)


def _draft(message: pb.RecordDraft, today: date) -> Draft | Refused:
    try:
        return draft_from(message, today=today)
    except Refused as refused:
        return refused


def _result(record_number: str, taken: HandedIn) -> pb.RecordResult:
    return pb.RecordResult(
        record_number=record_number,
        record_id=str(taken.record_id or ""),
        already_held=taken.already_held,
        refusal=refusal_message(taken.refused) if taken.refused else None,
        warnings=taken.warnings,
    )

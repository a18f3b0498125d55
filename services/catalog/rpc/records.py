"""RecordService: the right to change."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from datetime import date
from typing import Any
from uuid import uuid4

from chengxin.catalog.v1 import record_pb2, record_pb2_grpc
from foundation.calendar import day_of
from foundation.policy import LawBook
from foundation.reasons import VALUE_REQUIRED
from foundation.refusal import Refused
from foundation.rpc import current
from foundation.rpc.messages import id_from, identifier_from, receipt_message, refusal_message, text_from, timestamp
from foundation.telemetry import queried
from services.catalog.domain import reasons
from services.catalog.domain.admission import Draft
from services.catalog.office.records import HandedIn, RecordOffice
from services.catalog.office.sharing import SharingOffice
from services.catalog.rpc.drafts import draft_from
from services.catalog.rpc.summaries import summary

MOST = 1000


class RecordServicer(record_pb2_grpc.RecordServiceServicer):
    """Message <-> domain."""

    def __init__(self, office: RecordOffice, sharing: SharingOffice, lawbook: LawBook) -> None:
        self._office = office
        self._sharing = sharing
        self._lawbook = lawbook

    async def SubmitRecords(
        self, request_iterator: AsyncIterator[record_pb2.SubmitRecordsRequest], context: Any
    ) -> AsyncGenerator[record_pb2.SubmitRecordsResponse]:
        """Take batches in; one result for each record, in order."""
        call = current()
        call.require_role("provider", "office")
        async for request in request_iterator:
            if len(request.records) > MOST:
                raise Refused(reasons.BATCH_TOO_LARGE, field="records")
            today = day_of(await self._sharing.now())
            drafts = [_draft(message, today) for message in request.records]
            results, receipt = await self._office.hand_in(call.caller, drafts)
            yield record_pb2.SubmitRecordsResponse(
                results=[
                    _result(message.record_number, result)
                    for message, result in zip(request.records, results, strict=True)
                ],
                receipt=receipt_message(receipt),
            )

    async def RevokeDocument(
        self, request: record_pb2.RevokeDocumentRequest, context: Any
    ) -> record_pb2.RevokeDocumentResponse:
        """Revoke a document of the caller."""
        ended, receipt = await self._office.revoke_document(
            current().caller,
            document_number=text_from(request.document_number, field="document_number", longest=100),
            reason=text_from(request.reason, field="reason", longest=500),
        )
        return record_pb2.RevokeDocumentResponse(
            record_ids=[str(record_id) for record_id in ended], receipt=receipt_message(receipt)
        )

    async def WithdrawRecord(
        self, request: record_pb2.WithdrawRecordRequest, context: Any
    ) -> record_pb2.WithdrawRecordResponse:
        """End one record's sharing."""
        which = request.WhichOneof("record")
        if which is None:
            raise Refused(VALUE_REQUIRED, field="record_id")
        record_id, ended_at, already, receipt = await self._office.withdraw(
            current().caller,
            record_id=id_from(request.record_id) if which == "record_id" else None,
            record_number=request.record_number,
            reason=record_pb2.EndReason.Name(request.reason).removeprefix("END_REASON_").lower()
            if request.reason in record_pb2.EndReason.values()
            else "",
            matter=text_from(request.matter, field="matter", longest=100),
        )
        return record_pb2.WithdrawRecordResponse(
            record_id=str(record_id),
            ended_at=timestamp(ended_at),
            already_ended=already,
            receipt=receipt_message(receipt),
        )

    async def GetRecord(self, request: record_pb2.GetRecordRequest, context: Any) -> record_pb2.GetRecordResponse:
        """Give one record without its fields."""
        call = current()
        about = None
        if request.HasField("about"):
            about = identifier_from(request.about, today=day_of(await self._sharing.now()), field="about")
        row, receipt = await self._sharing.record(
            call.caller,
            id_from(request.record_id),
            matter=text_from(request.matter, field="matter", longest=100),
            about=about,
            query_id=queried(uuid4()),
        )
        return record_pb2.GetRecordResponse(record=summary(row, self._lawbook), receipt=receipt_message(receipt))


def _draft(message: record_pb2.RecordDraft, today: date) -> Draft | Refused:
    try:
        return draft_from(message, today=today)
    except Refused as refused:
        return refused


def _result(record_number: str, result: HandedIn) -> record_pb2.RecordResult:
    return record_pb2.RecordResult(
        record_number=record_number,
        record_id=str(result.record_id) if result.record_id else "",
        already_held=result.already_held,
        refusal=refusal_message(result.refused) if result.refused else None,
        warnings=result.warnings,
    )

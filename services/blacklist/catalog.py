"""What the list office hands in to the catalog, over its public contract, as any provider."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import grpc

from chengxin.catalog.v1 import record_pb2, record_pb2_grpc
from chengxin.common.v1 import common_pb2
from foundation.personal import Personal
from foundation.rpc.messages import identifier_message
from services.blacklist.domain.listing import ListingRecord

ASK_S = 5.0
"""Seconds that the catalog has for its answer."""
BY_EXPRESS_LAW = "express_law"
"""Publicity basis of a natural person whose item cites the law; empty: never shown to the public."""


class ListingRefused(Exception):
    """The catalog refused a listing; its argument is the stable reason."""


class Catalog:
    """The catalog office."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._records: Any = record_pb2_grpc.RecordServiceStub(channel)

    async def submit(self, record: ListingRecord) -> UUID:
        """Hand a listing in; the same one again gives the record that it became.

        Raises ListingRefused, and grpc.aio.AioRpcError unless the catalog answers.
        """
        request = record_pb2.SubmitRecordsRequest(records=[_draft(record)])
        answers = self._records.SubmitRecords([request], timeout=ASK_S)
        results = [result async for answer in answers for result in answer.results]
        if len(results) != 1 or not results[0].record_id:
            raise ListingRefused(results[0].refusal.reason if results else "NO_RESULT")
        return UUID(results[0].record_id)

    async def withdraw(self, record_id: UUID, *, matter: Personal) -> None:
        """End the sharing of a closed listing's record; one whose sharing has ended already is as good.

        Raises grpc.aio.AioRpcError unless the catalog acknowledges.
        """
        await self._records.WithdrawRecord(
            record_pb2.WithdrawRecordRequest(
                record_id=str(record_id), reason=record_pb2.END_REASON_LISTING_CLOSED, matter=matter.reveal()
            ),
            timeout=ASK_S,
        )


def _draft(record: ListingRecord) -> record_pb2.RecordDraft:
    return record_pb2.RecordDraft(
        record_number=record.record_number.reveal(),
        item_code=record.item_code,
        party=common_pb2.Party(identifier=identifier_message(record.party.identifier), name=record.party.name.reveal()),
        document=common_pb2.Document(
            kind=common_pb2.DOCUMENT_KIND_LISTING_DECISION,
            number=record.decision_number.reveal(),
            authority=record.authority,
            determined_on=record.determined_on.isoformat(),
            effective_on=record.effective_on.isoformat(),
        ),
        severity=common_pb2.SEVERITY_SERIOUS,
        fields=[common_pb2.FieldValue(name=name, value=value.reveal()) for name, value in record.fields],
        sample=record.sample,
        person_publicity_basis=BY_EXPRESS_LAW if record.express_law else "",
        version=1,
    )

"""What the repair office asks of the catalog and of the list office, over their public contract."""

from __future__ import annotations

from datetime import date
from typing import Any

import grpc
import grpc.aio

from chengxin.blacklist.v1 import blacklist_pb2, blacklist_pb2_grpc
from chengxin.catalog.v1 import record_pb2, record_pb2_grpc
from foundation.identity import Identifier
from foundation.reasons import NOT_FOUND, UNAVAILABLE
from foundation.refusal import Refused
from foundation.rpc.messages import SEVERITIES, identifier_message
from services.repair.domain.eligibility import Finding

_HOW = {"timeout": 2.0, "wait_for_ready": True}
"""A neighbour has 2 seconds for its answer, reconnecting included."""

_UNKNOWN = {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT}


class Catalog:
    """The catalog office: what it says of a record, and the end of a record's sharing."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._records: Any = record_pb2_grpc.RecordServiceStub(channel)

    async def finding(self, record_id: str, *, matter: str, about: Identifier) -> Finding:
        """What a record of this party says, as the rules need it. Raises as `record` does."""
        return finding_of(await self.record(record_id, matter=matter, about=about))

    async def record(self, record_id: str, *, matter: str, about: Identifier) -> record_pb2.RecordSummary:
        """A record of this party. `matter` is why it is read.

        Raises Refused(NOT_FOUND) for another party's record exactly as for none, Refused(UNAVAILABLE) when the
        catalog does not answer.
        """
        request = record_pb2.GetRecordRequest(record_id=record_id, matter=matter, about=identifier_message(about))
        try:
            answer = await self._records.GetRecord(request, **_HOW)
        except grpc.aio.AioRpcError as error:
            if error.code() in _UNKNOWN:
                raise Refused(NOT_FOUND, field="record_id") from error
            raise Refused(UNAVAILABLE) from error
        return answer.record

    async def withdraw(self, record_id: str, *, matter: str) -> None:
        """End the sharing of a repaired record; a record whose sharing has ended already is as good.

        Raises grpc.aio.AioRpcError unless the catalog acknowledges.
        """
        await self._records.WithdrawRecord(
            record_pb2.WithdrawRecordRequest(record_id=record_id, reason=record_pb2.END_REASON_REPAIRED, matter=matter),
            **_HOW,
        )


class BlackList:
    """The list office: the end of a listing whose record was repaired."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._listings: Any = blacklist_pb2_grpc.ListingServiceStub(channel)

    async def close(self, record_id: str, *, matter: str, reason: str) -> None:
        """Close the listing that the record came from; a record that is no listing is as good.

        Raises grpc.aio.AioRpcError unless the list office acknowledges.
        """
        request = blacklist_pb2.CloseListingRequest(record_id=record_id, matter=matter, reason=reason)
        try:
            await self._listings.CloseListing(request, **_HOW)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                raise


def finding_of(record: record_pb2.RecordSummary) -> Finding:
    """A record as the rules need it."""
    return Finding(
        record_id=record.record_id,
        version=record.version,
        determining_authority=record.determining_authority,
        severity=SEVERITIES.get(record.severity),
        determined_on=date.fromisoformat(record.determined_on),
        earliest_repair_on=_day(record.earliest_repair_on),
        ends_before=_day(record.ends_before),
        ended=record.HasField("ended_at"),
        unrepairable=record.unrepairable,
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None

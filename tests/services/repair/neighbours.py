"""The offices beside the repair office, as far as it talks to them: RecordService and ListingService over real gRPC.

They hold what a test gives them and answer by the contract; they can go away and come back on the same port.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from chengxin.blacklist.v1 import blacklist_pb2, blacklist_pb2_grpc
from chengxin.catalog.v1 import record_pb2, record_pb2_grpc
from chengxin.common.v1 import common_pb2
from foundation.calendar import add_months
from foundation.identity import Identifier
from foundation.rpc.messages import identifier_message
from tests.services.repair.parties import AUTHORITY, PARTY

SLIGHT, ORDINARY, SERIOUS = (common_pb2.SEVERITY_SLIGHT, common_pb2.SEVERITY_ORDINARY, common_pb2.SEVERITY_SERIOUS)
_MONTHS = {SLIGHT: (0, 3), ORDINARY: (3, 12), SERIOUS: (12, 36)}


class _Office:
    """A gRPC server with mutual TLS that can be away for a while."""

    def __init__(self, identity: Path) -> None:
        self._identity = identity
        self._server: grpc.aio.Server | None = None
        self.address = "127.0.0.1:0"

    async def open(self) -> None:
        """Come up, on the same port as before."""
        server = grpc.aio.server(options=[("grpc.so_reuseport", 1)])
        self.add_to(server)
        read = {name: (self._identity / name).read_bytes() for name in ("key.pem", "cert.pem", "ca.pem")}
        credentials = grpc.ssl_server_credentials(
            [(read["key.pem"], read["cert.pem"])], read["ca.pem"], require_client_auth=True
        )
        self.address = f"127.0.0.1:{server.add_secure_port(self.address, credentials)}"
        await server.start()
        self._server = server

    async def close(self) -> None:
        """Go away at once."""
        if self._server is not None:
            await self._server.stop(grace=None)
            self._server = None

    def add_to(self, server: grpc.aio.Server) -> None:
        """Register the service."""
        raise NotImplementedError


@dataclass
class Withdrawal:
    """An end of sharing that the catalog acknowledged."""

    record_id: str
    reason: int
    matter: str
    already_ended: bool


class CatalogInTest(_Office, record_pb2_grpc.RecordServiceServicer):
    """The catalog as far as it gives and withdraws records."""

    def __init__(self, identity: Path) -> None:
        super().__init__(identity)
        self.records: dict[str, tuple[record_pb2.RecordSummary, common_pb2.Identifier]] = {}
        self.withdrawals: list[Withdrawal] = []
        self.matters: list[str] = []

    def add_to(self, server: grpc.aio.Server) -> None:
        record_pb2_grpc.add_RecordServiceServicer_to_server(self, server)

    def hold(
        self,
        determined_on: date,
        severity: common_pb2.Severity.ValueType = SLIGHT,
        *,
        party: Identifier = PARTY,
        authority: str = AUTHORITY,
        unrepairable: bool = False,
    ) -> str:
        """Hold a record; give its id."""
        record = record_pb2.RecordSummary(
            record_id=str(uuid.uuid4()),
            item_code="SAMPLE",
            determining_authority=authority,
            severity=severity,
            determined_on=determined_on.isoformat(),
            version=1,
            unrepairable=unrepairable,
        )
        if severity in _MONTHS:
            minimum, maximum = _MONTHS[severity]
            record.earliest_repair_on = add_months(determined_on, minimum).isoformat()
            record.ends_before = add_months(determined_on, maximum).isoformat()
        self.records[record.record_id] = (record, identifier_message(party))
        return record.record_id

    def end(self, record_id: str) -> None:
        """End the sharing of a record for another reason than repair."""
        record, _ = self.records[record_id]
        record.ended_at.FromDatetime(datetime.now(UTC))
        record.end_reason = record_pb2.END_REASON_DOCUMENT_REVOKED

    async def GetRecord(self, request: record_pb2.GetRecordRequest, context: Any) -> record_pb2.GetRecordResponse:
        """A record of the party asked about; not found for any other."""
        if not 1 <= len(request.matter) <= 100:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "matter")
        self.matters.append(request.matter)
        held = self.records.get(request.record_id)
        if held is None or held[1] != request.about:
            await context.abort(grpc.StatusCode.NOT_FOUND, "not found")
        assert held is not None
        return record_pb2.GetRecordResponse(record=held[0])

    async def WithdrawRecord(
        self, request: record_pb2.WithdrawRecordRequest, context: Any
    ) -> record_pb2.WithdrawRecordResponse:
        """End the sharing of a record, once."""
        held = self.records.get(request.record_id)
        if held is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "not found")
        assert held is not None
        record, _ = held
        already = record.HasField("ended_at")
        if not already:
            record.ended_at.FromDatetime(datetime.now(UTC))
            record.end_reason = request.reason
        self.withdrawals.append(Withdrawal(request.record_id, request.reason, request.matter, already))
        return record_pb2.WithdrawRecordResponse(
            record_id=request.record_id, ended_at=record.ended_at, already_ended=already
        )


class ListInTest(_Office, blacklist_pb2_grpc.ListingServiceServicer):
    """The list office as far as it closes listings."""

    def __init__(self, identity: Path) -> None:
        super().__init__(identity)
        self.listings: dict[str, str] = {}
        """Open listings: record id -> listing id."""
        self.closed: list[blacklist_pb2.CloseListingRequest] = []

    def add_to(self, server: grpc.aio.Server) -> None:
        blacklist_pb2_grpc.add_ListingServiceServicer_to_server(self, server)

    async def CloseListing(
        self, request: blacklist_pb2.CloseListingRequest, context: Any
    ) -> blacklist_pb2.CloseListingResponse:
        """Close the listing of a record; not found where the record is no listing."""
        if request.record_id not in self.listings:
            await context.abort(grpc.StatusCode.NOT_FOUND, "not found")
        already = any(one.record_id == request.record_id for one in self.closed)
        if not already:
            self.closed.append(request)
        listing = blacklist_pb2.Listing(listing_id=self.listings[request.record_id], record_id=request.record_id)
        return blacklist_pb2.CloseListingResponse(listing=listing, already_closed=already)

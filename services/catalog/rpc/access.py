"""AccessService: grants."""

from __future__ import annotations

from typing import Any

from chengxin.catalog.v1 import access_pb2 as pb
from chengxin.catalog.v1 import access_pb2_grpc
from foundation.rpc import current
from foundation.rpc.messages import id_from, text_from
from foundation.rpc.mirror import mirrored
from services.catalog.office.access import AccessOffice, Grant


class AccessServicer(access_pb2_grpc.AccessServiceServicer):
    """Message <-> domain."""

    def __init__(self, office: AccessOffice) -> None:
        self._office = office

    async def RequestGrant(self, request: pb.RequestGrantRequest, context: Any) -> pb.RequestGrantResponse:
        """Apply for a grant."""
        call = current()
        call.require_role("consumer")
        grant = await self._office.request(
            call.caller,
            call.require_officer("case_officer"),
            purpose=text_from(request.purpose, field="purpose", longest=100),
            item_codes=request.item_codes,
            field_names=request.field_names,
            days=request.days,
            justification=text_from(request.justification, field="justification", longest=500),
        )
        return pb.RequestGrantResponse(grant=_grant(grant))

    async def ApproveGrant(self, request: pb.ApproveGrantRequest, context: Any) -> pb.ApproveGrantResponse:
        """Approve a grant."""
        call = current()
        call.require_role("steward")
        grant = await self._office.approve(call.caller, call.require_officer("steward"), id_from(request.grant_id))
        return pb.ApproveGrantResponse(grant=_grant(grant))

    async def RevokeGrant(self, request: pb.RevokeGrantRequest, context: Any) -> pb.RevokeGrantResponse:
        """Revoke a grant."""
        call = current()
        role = "steward" if "steward" in call.caller.roles else "case_officer"
        grant = await self._office.revoke(
            call.caller,
            call.require_officer(role),
            id_from(request.grant_id),
            reason=text_from(request.reason, field="reason", longest=500),
        )
        return pb.RevokeGrantResponse(grant=_grant(grant))

    async def ListGrants(self, request: pb.ListGrantsRequest, context: Any) -> pb.ListGrantsResponse:
        """List grants."""
        grants = await self._office.list(current().caller)
        return pb.ListGrantsResponse(grants=[_grant(grant) for grant in grants])


def _grant(grant: Grant) -> pb.Grant:
    said = {name: getattr(grant, name).reveal() for name in ("justification", "requested_by", "approved_by")}
    return mirrored(pb.Grant, grant.row, approved=grant.row.approved_by is not None, **said)

"""KeyService, as each office with keys of its own serves it."""

from __future__ import annotations

from typing import Any

from chengxin.common.v1 import keys_pb2 as pb
from chengxin.common.v1 import keys_pb2_grpc
from foundation.db import Row
from foundation.keys.office import KeyOffice
from foundation.reasons import VALUE_REQUIRED
from foundation.refusal import Refused
from foundation.rpc import Call, current
from foundation.rpc.messages import id_from, line_from, word_from
from foundation.rpc.mirror import answer, mirrored

OPERATOR, CUSTODIAN = "operator", "key_custodian"
"""The role of a system that may ask about keys, and that of an official who decides about them."""


class KeyServicer(keys_pb2_grpc.KeyServiceServicer):
    """Message <-> domain."""

    def __init__(self, office: KeyOffice) -> None:
        self._office = office

    async def ListKeys(self, request: pb.ListKeysRequest, context: Any) -> pb.ListKeysResponse:
        """List keys and rotations."""
        keys, rotations = await self._office.list(_operator().caller)
        shown = [await self._message(rotation) for rotation in rotations]
        return answer(pb.ListKeysResponse, keys=keys, rotations=shown)

    async def StartRotation(self, request: pb.StartRotationRequest, context: Any) -> pb.StartRotationResponse:
        """Begin a rotation."""
        call = _operator()
        officer = call.require_officer(CUSTODIAN)
        method = word_from(pb.RotationMethod, request.method)
        if not method:
            raise Refused(VALUE_REQUIRED, field="method")
        key = line_from(request.key, field="key", longest=100)
        row = await self._office.start(call.caller, officer, key=key, method=method)
        return pb.StartRotationResponse(rotation=await self._message(row))

    async def ApproveRetirement(
        self, request: pb.ApproveRetirementRequest, context: Any
    ) -> pb.ApproveRetirementResponse:
        """Say that the old key may go."""
        call = _operator()
        officer = call.require_officer(CUSTODIAN)
        row = await self._office.approve(call.caller, officer, id_from(request.rotation_id))
        return pb.ApproveRetirementResponse(rotation=await self._message(row))

    async def _message(self, row: Row) -> pb.Rotation:
        # Rows are gone through by bucket, 0 to 255.
        percent = 100 * max(row.after_bucket, 0) // 256 if row.verified_at is None else 100
        first, second = await self._office.custodians(row)
        return mirrored(
            pb.Rotation,
            row,
            pass_percent=percent,
            started_by=first.reveal() if row.started_by else "",
            proposed_by=first.reveal(),
            approved_by=second.reveal(),
        )


def _operator() -> Call:
    call = current()
    call.require_role(OPERATOR)
    return call

"""KeyService, as each office with keys of its own serves it."""

from __future__ import annotations

from typing import Any

from chengxin.common.v1 import keys_pb2, keys_pb2_grpc
from foundation.db import Row
from foundation.keys.office import KeyOffice
from foundation.reasons import VALUE_REQUIRED
from foundation.refusal import Refused
from foundation.rpc import Call, current
from foundation.rpc.messages import id_from, line_from, timestamp

OPERATOR, CUSTODIAN = "operator", "key_custodian"
"""The role of a system that may ask about keys, and that of an official who decides about them."""

_TEXTS = ("key", "from_key", "to_key")
_TIMES = ("started_at", "verified_at", "retired_at")


class KeyServicer(keys_pb2_grpc.KeyServiceServicer):
    """Message <-> domain."""

    def __init__(self, office: KeyOffice) -> None:
        self._office = office

    async def ListKeys(self, request: keys_pb2.ListKeysRequest, context: Any) -> keys_pb2.ListKeysResponse:
        """List keys and rotations."""
        keys, rotations = await self._office.list(_operator().caller)
        return keys_pb2.ListKeysResponse(
            keys=[
                keys_pb2.Key(
                    name=key.name,
                    created_at=timestamp(key.created_at),
                    destroyed_at=timestamp(key.destroyed_at),
                    suite=key.suite,
                )
                for key in keys
            ],
            rotations=[await self._message(rotation) for rotation in rotations],
        )

    async def StartRotation(
        self, request: keys_pb2.StartRotationRequest, context: Any
    ) -> keys_pb2.StartRotationResponse:
        """Begin a rotation."""
        call = _operator()
        officer = call.require_officer(CUSTODIAN)
        if not request.method or request.method not in keys_pb2.RotationMethod.values():
            raise Refused(VALUE_REQUIRED, field="method")
        method = keys_pb2.RotationMethod.Name(request.method).removeprefix("ROTATION_METHOD_").lower()
        key = line_from(request.key, field="key", longest=100)
        row = await self._office.start(call.caller, officer, key=key, method=method)
        return keys_pb2.StartRotationResponse(rotation=await self._message(row))

    async def ApproveRetirement(
        self, request: keys_pb2.ApproveRetirementRequest, context: Any
    ) -> keys_pb2.ApproveRetirementResponse:
        """Say that the old key may go."""
        call = _operator()
        officer = call.require_officer(CUSTODIAN)
        row = await self._office.approve(call.caller, officer, id_from(request.rotation_id))
        return keys_pb2.ApproveRetirementResponse(rotation=await self._message(row))

    async def _message(self, row: Row) -> keys_pb2.Rotation:
        method = keys_pb2.RotationMethod.Value(f"ROTATION_METHOD_{row.method.upper()}")  # type: ignore[arg-type]  # held by a constraint
        state = keys_pb2.RotationState.Value(f"ROTATION_STATE_{row.state.upper()}")  # type: ignore[arg-type]  # as above
        # Rows are gone through by bucket, 0 to 255.
        percent = 100 * max(row.after_bucket, 0) // 256 if row.verified_at is None else 100
        first, second = await self._office.custodians(row)
        same: dict[str, Any] = {name: getattr(row, name) for name in _TEXTS}
        same |= {name: timestamp(getattr(row, name)) for name in _TIMES}
        return keys_pb2.Rotation(
            rotation_id=str(row.rotation_id),
            method=method,
            state=state,
            pass_percent=percent,
            **same,
            started_by=first.reveal() if row.started_by else "",
            proposed_by=first.reveal(),
            approved_by=second.reveal(),
            done=row.done,
            unopened=row.unopened,
        )


def _operator() -> Call:
    call = current()
    call.require_role(OPERATOR)
    return call

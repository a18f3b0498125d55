"""Refusals as gRPC status with details (google.rpc.ErrorInfo, BadRequest), rendered here and nowhere else."""

from __future__ import annotations

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from foundation.refusal import Kind, Refused, Throttled

DOMAIN = "chengxin"

CODES: dict[Kind, int] = {
    Kind.INVALID: code_pb2.INVALID_ARGUMENT,
    Kind.PRECONDITION: code_pb2.FAILED_PRECONDITION,
    Kind.DENIED: code_pb2.PERMISSION_DENIED,
    Kind.UNAUTHENTICATED: code_pb2.UNAUTHENTICATED,
    Kind.NOT_FOUND: code_pb2.NOT_FOUND,
    Kind.CONFLICT: code_pb2.ALREADY_EXISTS,
    Kind.EXHAUSTED: code_pb2.RESOURCE_EXHAUSTED,
    Kind.UNAVAILABLE: code_pb2.UNAVAILABLE,
    Kind.DEADLINE: code_pb2.DEADLINE_EXCEEDED,
}


def status_of(refused: Refused) -> grpc.Status:
    """Render a refusal: reason and remedy in ErrorInfo, the field in BadRequest, when to come back in RetryInfo."""
    info = error_details_pb2.ErrorInfo(
        reason=refused.reason.code, domain=DOMAIN, metadata={"remedy": refused.reason.remedy}
    )
    details = [_packed(info)]
    if refused.field:
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=refused.field, description=refused.message, reason=refused.reason.code
        )
        details.append(_packed(error_details_pb2.BadRequest(field_violations=[violation])))
    if isinstance(refused, Throttled):
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromSeconds(refused.retry_after_s)
        details.append(_packed(retry))
    status = status_pb2.Status(code=CODES[refused.reason.kind], message=refused.message, details=details)
    return rpc_status.to_status(status)


def _packed(message: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed

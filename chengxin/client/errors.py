"""What can go wrong in a call: refused by a rule, or not answered now. Nothing in between."""

from __future__ import annotations

from typing import Any, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status

# What grpc.aio says, instead of the status, of a stream that ended while it was being written to. Opened anew, the
# stream tells whether that was a refusal.
_TORN = "Internal error from Core"
M = TypeVar("M", bound=Message)
_NOT_NOW = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}


class ChengxinError(Exception):
    """Anything that keeps a call from being answered."""


class IdentityError(ChengxinError):
    """The identity folder is missing, incomplete or out of date; the message says what to do."""


class RefusedError(ChengxinError):
    """The house said no. Calling again with the same content will be refused again.

    `reason` is a stable code in UPPER_SNAKE (docs/refusals.md), `field` the dotted path of the request
    field or empty, `message` what happened, `remedy` what the caller can do. None holds a personal value.
    """

    def __init__(self, reason: str, *, field: str = "", message: str = "", remedy: str = "") -> None:
        super().__init__(reason, field, message, remedy)
        self.reason = reason
        self.field = field
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        where = f" ({self.field})" if self.field else ""
        return " ".join(part for part in (f"{self.reason}{where}:", self.message, self.remedy) if part)


class UnavailableError(ChengxinError):
    """The house did not answer. Nothing was refused; what was asked may be asked again.

    `transient` is true when the cause usually passes: overload, restart, a lost connection.
    """

    def __init__(self, message: str, *, transient: bool = True) -> None:
        super().__init__(message)
        self.transient = transient


def error_from(error: grpc.RpcError) -> ChengxinError:
    """Turn a failed call into the error of this package.

    A status that carries google.rpc.ErrorInfo was given by the house and is a refusal, unless its code says
    that the house could not answer. A status without it comes from the transport.
    """
    code = error.code()
    info, bad = detail(error, error_details_pb2.ErrorInfo), detail(error, error_details_pb2.BadRequest)
    if info is not None and code not in _NOT_NOW:
        return RefusedError(
            info.reason,
            field=bad.field_violations[0].field if bad and bad.field_violations else info.metadata.get("field", ""),
            message=error.details() or "",
            remedy=info.metadata.get("remedy", ""),
        )
    shed = code is grpc.StatusCode.RESOURCE_EXHAUSTED
    torn = code is grpc.StatusCode.INTERNAL and error.details() == _TORN
    return UnavailableError(
        f"The house did not answer ({code.name}): {error.details() or 'no further details'}",
        transient=shed or torn or code in _NOT_NOW,
    )


def detail(error: grpc.RpcError, kind: type[M]) -> M | None:
    """What a failed call's status says of a kind; None where it says nothing of it, or contradicts the call."""
    call: Any = error  # the call itself, or aio's error with the same methods
    try:
        status = rpc_status.from_call(call)
    except (ValueError, DecodeError):
        return None
    found = kind()
    return found if status and any(one.Unpack(found) for one in status.details) else None

"""Why an office refused, read off a failed call."""

from __future__ import annotations

from typing import Any

from google.rpc import error_details_pb2
from grpc_status import rpc_status


def reason_of(error: Any) -> str:
    """The stable reason that a refusal carries; "" when it carries none."""
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info.reason
    return ""

"""gRPC: serving with mutual TLS, who calls, refusals rendered once, channels to other offices."""

from foundation.rpc.call import Call, current
from foundation.rpc.channel import office_channel
from foundation.rpc.server import OfficeServer, Registration

__all__ = ["Call", "OfficeServer", "Registration", "current", "office_channel"]

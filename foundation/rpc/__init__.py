"""gRPC: serving with mutual TLS, who calls, refusals rendered once, channels to other offices."""

from foundation.rpc.call import Call, current
from foundation.rpc.channel import office_channel
from foundation.rpc.process import run_office
from foundation.rpc.server import Ground, OfficeServer

__all__ = ["Call", "Ground", "OfficeServer", "current", "office_channel", "run_office"]

"""The gRPC services of the list office: messages to domain and back. No rule stands here."""

from services.blacklist.rpc.cases import CaseServicer
from services.blacklist.rpc.listings import ListingServicer
from services.blacklist.rpc.schemes import SchemeServicer

__all__ = ["CaseServicer", "ListingServicer", "SchemeServicer"]

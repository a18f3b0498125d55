"""`chengxin.blacklist.v1.SchemeService`: every enrolled system may read the schemes; nothing in them is about a party."""

from __future__ import annotations

from typing import Any

from chengxin.blacklist.v1 import blacklist_pb2 as pb
from chengxin.blacklist.v1 import blacklist_pb2_grpc
from foundation.rpc.mirror import mirrored
from services.blacklist.office import ReadingOffice


class SchemeServicer(blacklist_pb2_grpc.SchemeServiceServicer):
    """List schemes as in force. Source: 54号 clauses 6 and 7."""

    def __init__(self, reading: ReadingOffice) -> None:
        self._reading = reading

    async def GetScheme(self, request: pb.GetSchemeRequest, context: Any) -> pb.GetSchemeResponse:
        """Gives one scheme."""
        return pb.GetSchemeResponse(scheme=mirrored(pb.Scheme, await self._reading.scheme(request.code)))

    async def ListSchemes(self, request: pb.ListSchemesRequest, context: Any) -> pb.ListSchemesResponse:
        """Lists the schemes in force."""
        schemes = await self._reading.schemes()
        return pb.ListSchemesResponse(schemes=[mirrored(pb.Scheme, scheme) for scheme in schemes])

"""`chengxin.blacklist.v1.ListingService`."""

from __future__ import annotations

from typing import Any

from chengxin.blacklist.v1 import blacklist_pb2 as pb
from chengxin.blacklist.v1 import blacklist_pb2_grpc
from foundation.reasons import VALUE_REQUIRED
from foundation.refusal import Refused
from foundation.rpc import current
from foundation.rpc.messages import id_from, receipt_message
from services.blacklist.office import ListingOffice
from services.blacklist.rpc.messages import line_from, listing_message, text_from
from services.blacklist.store import ListingName


class ListingServicer(blacklist_pb2_grpc.ListingServiceServicer):
    """Listings that came out of cases. What each call refuses stands in ListingOffice."""

    def __init__(self, listings: ListingOffice) -> None:
        self._listings = listings

    async def GetListing(self, request: pb.GetListingRequest, context: Any) -> pb.GetListingResponse:
        """Gives one listing."""
        listing, receipt = await self._listings.listing(current(), id_from(request.listing_id))
        return pb.GetListingResponse(listing=listing_message(listing), receipt=receipt_message(receipt))

    async def CloseListing(self, request: pb.CloseListingRequest, context: Any) -> pb.CloseListingResponse:
        """Closes a listing."""
        name: ListingName | None = request.WhichOneof("target")
        if name is None:
            raise Refused(VALUE_REQUIRED, field="listing_id")
        listing, already_closed = await self._listings.close(
            current(),
            name,
            id_from(getattr(request, name)),
            matter=line_from(request.matter, field="matter", longest=100),
            reason=text_from(request.reason, field="reason", longest=500),
        )
        return pb.CloseListingResponse(listing=listing_message(listing), already_closed=already_closed)

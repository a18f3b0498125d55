"""`chengxin.blacklist.v1.ListingService`."""

from __future__ import annotations

from typing import Any

from chengxin.blacklist.v1 import blacklist_pb2, blacklist_pb2_grpc
from foundation.reasons import VALUE_REQUIRED
from foundation.refusal import Refused
from foundation.rpc import current
from foundation.rpc.messages import id_from, receipt_message
from services.blacklist.office import ListingOffice
from services.blacklist.rpc.messages import line, listing_message, words


class ListingServicer(blacklist_pb2_grpc.ListingServiceServicer):
    """Listings that came out of cases. What each call refuses stands in ListingOffice."""

    def __init__(self, listings: ListingOffice) -> None:
        self._listings = listings

    async def GetListing(
        self, request: blacklist_pb2.GetListingRequest, context: Any
    ) -> blacklist_pb2.GetListingResponse:
        """Gives one listing."""
        listing, receipt = await self._listings.listing(current(), id_from(request.listing_id))
        return blacklist_pb2.GetListingResponse(
            listing=listing_message(listing), receipt=receipt_message(receipt)
        )

    async def CloseListing(
        self, request: blacklist_pb2.CloseListingRequest, context: Any
    ) -> blacklist_pb2.CloseListingResponse:
        """Closes a listing."""
        target = request.WhichOneof("target")
        if target is None:
            raise Refused(VALUE_REQUIRED, field="listing_id")
        listing, already_closed = await self._listings.close(
            current(),
            listing_id=id_from(request.listing_id) if target == "listing_id" else None,
            record_id=id_from(request.record_id) if target == "record_id" else None,
            matter=line(request.matter, field="matter", longest=100),
            reason=words(request.reason, field="reason", longest=500),
        )
        return blacklist_pb2.CloseListingResponse(
            listing=listing_message(listing), already_closed=already_closed
        )

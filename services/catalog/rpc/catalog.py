"""CatalogService: items and measures as in force."""

from __future__ import annotations

from datetime import date
from typing import Any

from chengxin.catalog.v1 import catalog_pb2 as pb
from chengxin.catalog.v1 import catalog_pb2_grpc
from foundation.calendar import day_of
from foundation.policy import LawBook
from foundation.refusal import Refused
from foundation.rpc.messages import date_from
from foundation.rpc.mirror import answer
from services.catalog.domain import reasons
from services.catalog.office.reading import ReadingOffice


class CatalogServicer(catalog_pb2_grpc.CatalogServiceServicer):
    """Message <-> domain."""

    def __init__(self, lawbook: LawBook, reading: ReadingOffice) -> None:
        self._lawbook = lawbook
        self._reading = reading

    async def GetCatalogItem(self, request: pb.GetCatalogItemRequest, context: Any) -> pb.GetCatalogItemResponse:
        """Give one item."""
        item = self._lawbook.item(request.code, on=await self._day(request.on))
        if item is None:
            raise Refused(reasons.ITEM_UNKNOWN, field="code")
        return answer(pb.GetCatalogItemResponse, item=item)

    async def ListCatalogItems(self, request: pb.ListCatalogItemsRequest, context: Any) -> pb.ListCatalogItemsResponse:
        """List the items in force."""
        items = self._lawbook.items_in_force(await self._day(request.on))
        return answer(pb.ListCatalogItemsResponse, items=items)

    async def ListMeasures(self, request: pb.ListMeasuresRequest, context: Any) -> pb.ListMeasuresResponse:
        """List the measures in force."""
        measures = self._lawbook.measures_in_force(await self._day(request.on))
        return answer(pb.ListMeasuresResponse, measures=measures)

    async def _day(self, text: str) -> date:
        return date_from(text, field="on") if text else day_of(await self._reading.now())

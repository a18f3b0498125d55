"""CatalogService: items and measures as in force."""

from __future__ import annotations

from datetime import date
from typing import Any

from chengxin.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from foundation.calendar import day_of
from foundation.policy import LawBook
from foundation.refusal import Refused
from foundation.rpc.messages import date_from
from foundation.rpc.mirror import mirrored
from services.catalog.domain import reasons
from services.catalog.office.sharing import SharingOffice


class CatalogServicer(catalog_pb2_grpc.CatalogServiceServicer):
    """Message <-> domain."""

    def __init__(self, lawbook: LawBook, sharing: SharingOffice) -> None:
        self._lawbook = lawbook
        self._sharing = sharing

    async def GetCatalogItem(
        self, request: catalog_pb2.GetCatalogItemRequest, context: Any
    ) -> catalog_pb2.GetCatalogItemResponse:
        """Give one item."""
        item = self._lawbook.item(request.code, on=await self._day(request.on))
        if item is None:
            raise Refused(reasons.ITEM_UNKNOWN, field="code")
        return catalog_pb2.GetCatalogItemResponse(item=mirrored(catalog_pb2.CatalogItem, item))

    async def ListCatalogItems(
        self, request: catalog_pb2.ListCatalogItemsRequest, context: Any
    ) -> catalog_pb2.ListCatalogItemsResponse:
        """List the items in force."""
        items = self._lawbook.items_in_force(await self._day(request.on))
        return catalog_pb2.ListCatalogItemsResponse(items=[mirrored(catalog_pb2.CatalogItem, item) for item in items])

    async def ListMeasures(
        self, request: catalog_pb2.ListMeasuresRequest, context: Any
    ) -> catalog_pb2.ListMeasuresResponse:
        """List the measures in force."""
        measures = self._lawbook.measures_in_force(await self._day(request.on))
        return catalog_pb2.ListMeasuresResponse(
            measures=[mirrored(catalog_pb2.Measure, measure) for measure in measures]
        )

    async def _day(self, text: str) -> date:
        return date_from(text, field="on") if text else day_of(await self._sharing.now())

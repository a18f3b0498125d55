"""CatalogService: items and measures as in force."""

from __future__ import annotations

from datetime import date
from typing import Any

from chengxin.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from chengxin.common.v1 import common_pb2
from foundation.calendar import day_of
from foundation.policy import CatalogItem, LawBook, LegalBasis, Measure
from foundation.refusal import Refused
from foundation.rpc.messages import date_from, iso
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
        return catalog_pb2.GetCatalogItemResponse(item=_item(item))

    async def ListCatalogItems(
        self, request: catalog_pb2.ListCatalogItemsRequest, context: Any
    ) -> catalog_pb2.ListCatalogItemsResponse:
        """List the items in force."""
        items = self._lawbook.items_in_force(await self._day(request.on))
        return catalog_pb2.ListCatalogItemsResponse(items=[_item(item) for item in items])

    async def ListMeasures(
        self, request: catalog_pb2.ListMeasuresRequest, context: Any
    ) -> catalog_pb2.ListMeasuresResponse:
        """List the measures in force."""
        measures = self._lawbook.measures_in_force(await self._day(request.on))
        return catalog_pb2.ListMeasuresResponse(measures=[_measure(measure) for measure in measures])

    async def _day(self, text: str) -> date:
        return date_from(text, field="on") if text else day_of(await self._sharing.now())


def _basis(basis: LegalBasis) -> catalog_pb2.LegalBasis:
    return catalog_pb2.LegalBasis(
        instrument_kind=basis.instrument_kind,
        title=basis.title,
        article=basis.article,
        confirmed=basis.confirmed,
    )


def _item(item: CatalogItem) -> catalog_pb2.CatalogItem:
    return catalog_pb2.CatalogItem(
        code=item.code,
        title=item.title,
        title_en=item.title_en,
        level=item.level,
        division=item.division,
        bases=[_basis(basis) for basis in item.bases],
        conduct=item.conduct,
        subject_types=item.subject_types,
        document_kinds=[
            common_pb2.DocumentKind.Value(f"DOCUMENT_KIND_{kind.upper()}") for kind in item.document_kinds
        ],
        fields=[
            catalog_pb2.FieldDefinition(
                name=field.name,
                title=field.title,
                kind=field.kind,
                sensitivity=field.sensitivity,
                required=field.required,
                why=field.why,
            )
            for field in item.fields
        ],
        public=item.public,
        public_persons=item.public_persons,
        sharing=item.sharing,
        update_frequency=item.update_frequency,
        negative=item.negative,
        unrepairable=item.unrepairable,
        in_force_from=iso(item.in_force_from),
        in_force_until=iso(item.in_force_until),
    )


def _measure(measure: Measure) -> catalog_pb2.Measure:
    return catalog_pb2.Measure(
        code=measure.code,
        title=measure.title,
        title_en=measure.title_en,
        least_severity=common_pb2.Severity.Value(f"SEVERITY_{measure.least_severity.value.upper()}"),  # type: ignore[arg-type]
        areas=measure.areas,
        subject_types=measure.subject_types,
        bases=[_basis(basis) for basis in measure.bases],
    )

"""Public pages. Nobody's assertion goes with them; whatever is personal was masked by the catalog."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from chengxin.audit.v1.audit_pb2 import GetCheckpointRequest
from chengxin.blacklist.v1.blacklist_pb2 import ListSchemesRequest
from chengxin.catalog.v1.catalog_pb2 import ListCatalogItemsRequest, ListMeasuresRequest
from chengxin.catalog.v1.sharing_pb2 import ListPublicRecordsRequest
from gateway.counter import TheCounter, limited
from gateway.journeys.public.entity_tags import conditional
from gateway.journeys.public.models import Catalog, Checkpoint, Measures, PublicRecords, Schemes
from gateway.messages import read
from gateway.problems import answers

router = APIRouter(prefix="/api/v1/public", tags=["public"], dependencies=[Depends(limited)])

OnDay = Annotated[date | None, Query(description="Day in question; today when left out")]


def _page(model: type[BaseModel]) -> dict[str, Any]:
    responses = {304: {"description": "Unchanged"}, **answers(400, 429, 502, 503, 504)}
    return {"response_model": model, "responses": responses}


@router.get("/records", **_page(PublicRecords))
async def list_public_records(
    request: Request,
    counter: TheCounter,
    item_code: Annotated[str, Query(max_length=100, description="Only under this item")] = "",
    page_size: Annotated[int, Query(ge=1, le=100, description="At most this many")] = 50,
    page_token: Annotated[str, Query(max_length=500, description="From the last page")] = "",
) -> Response:
    """List what the law publishes, exactly as long as the determining authority set. Source: 54号 clause 5."""
    asked = ListPublicRecordsRequest(item_code=item_code, page_size=page_size, page_token=page_token)
    answer = await counter.offices.ask(counter.offices.sharing.ListPublicRecords, asked)
    return conditional(request, read(PublicRecords, answer))


@router.get("/catalog", **_page(Catalog))
async def list_catalog_items(request: Request, counter: TheCounter, on: OnDay = None) -> Response:
    """List the catalog items in force: what may be collected and shared at all."""
    asked = ListCatalogItemsRequest(on=on.isoformat() if on else "")
    return conditional(
        request, read(Catalog, await counter.offices.ask(counter.offices.catalog.ListCatalogItems, asked))
    )


@router.get("/measures", **_page(Measures))
async def list_measures(request: Request, counter: TheCounter, on: OnDay = None) -> Response:
    """List the disciplinary measures in force; no other may be taken."""
    asked = ListMeasuresRequest(on=on.isoformat() if on else "")
    return conditional(request, read(Measures, await counter.offices.ask(counter.offices.catalog.ListMeasures, asked)))


@router.get("/schemes", **_page(Schemes))
async def list_schemes(request: Request, counter: TheCounter) -> Response:
    """List the serious-dishonesty list schemes in force, with their standards and remedies."""
    answer = await counter.offices.ask(counter.offices.schemes.ListSchemes, ListSchemesRequest())
    return conditional(request, read(Schemes, answer))


@router.get("/checkpoint", **_page(Checkpoint))
async def get_checkpoint(request: Request, counter: TheCounter) -> Response:
    """Get the newest signed checkpoint of the log."""
    answer = await counter.offices.ask(counter.offices.audit.GetCheckpoint, GetCheckpointRequest())
    return conditional(request, read(Checkpoint, answer))

"""Public pages. Nobody's assertion goes with them; whatever is personal was masked by the catalog."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import Response
from google.protobuf.message import Message

from chengxin.audit.v1.audit_pb2 import GetCheckpointRequest, GetCheckpointResponse
from chengxin.blacklist.v1.blacklist_pb2 import ListSchemesRequest, ListSchemesResponse
from chengxin.catalog.v1 import catalog_pb2 as catalog
from chengxin.catalog.v1.sharing_pb2 import ListPublicRecordsResponse
from chengxin.common.v1.statistics_pb2 import GetStatisticsResponse
from gateway.counter import TheCounter
from gateway.journeys.public.entity_tags import conditional
from gateway.journeys.public.records import TheSearch
from gateway.journeys.public.statistics import figures
from gateway.journeys.public.verify import Pasted, Verdict, judge, signers_of
from gateway.messages import read, shows
from gateway.problems import answers
from gateway.routers import rest_router

router = rest_router("/public", "public")

OnDay = Annotated[date | None, Query(description="Day in question; today when left out")]


def _page(answer: type[Message], *problems: int) -> dict[str, Any]:
    route = shows(answer, 400, *problems, 429, 502, 503, 504)
    return {**route, "responses": {304: {"description": "Unchanged"}, **route["responses"]}}


@router.get("/records", **_page(ListPublicRecordsResponse, 403))
async def list_public_records(request: Request, counter: TheCounter, search: TheSearch) -> Response:
    """List what the law publishes, exactly as long as the determining authority set. Source: 54号 clause 5.

    A natural person is found neither by name nor by number: such a search is refused.
    """
    return conditional(request, read(await search.ask(counter)))


@router.get("/statistics", **_page(GetStatisticsResponse))
async def get_statistics(request: Request, counter: TheCounter) -> Response:
    """Count cases, repairs and records by month; what would single somebody out is withheld."""
    return conditional(request, read(await figures(counter)))


@router.get("/catalog", **_page(catalog.ListCatalogItemsResponse))
async def list_catalog_items(request: Request, counter: TheCounter, on: OnDay = None) -> Response:
    """List the catalog items in force: what may be collected and shared at all."""
    asked = catalog.ListCatalogItemsRequest(on=on.isoformat() if on else "")
    return conditional(request, read(await counter.offices.ask(asked)))


@router.get("/measures", **_page(catalog.ListMeasuresResponse))
async def list_measures(request: Request, counter: TheCounter, on: OnDay = None) -> Response:
    """List the disciplinary measures in force; no other may be taken."""
    asked = catalog.ListMeasuresRequest(on=on.isoformat() if on else "")
    return conditional(request, read(await counter.offices.ask(asked)))


@router.get("/schemes", **_page(ListSchemesResponse))
async def list_schemes(request: Request, counter: TheCounter) -> Response:
    """List the serious-dishonesty list schemes in force, with their standards and remedies."""
    return conditional(request, read(await counter.offices.ask(ListSchemesRequest())))


@router.get("/checkpoint", **_page(GetCheckpointResponse))
async def get_checkpoint(request: Request, counter: TheCounter) -> Response:
    """Get the newest signed checkpoint of the log."""
    return conditional(request, read(await counter.offices.ask(GetCheckpointRequest())))


@router.post("/verify", responses=answers(400, 413, 429, 502, 503, 504))
async def verify(counter: TheCounter, pasted: Pasted) -> Verdict:
    """Judge a withdrawal certificate, a decision document or a receipt. Nothing of it is kept."""
    return judge(pasted.text, await signers_of(counter))

"""Pages for everybody: the start, how the system works, and what is in force: catalog, measures, list schemes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Request
from fastapi.responses import HTMLResponse, Response

from chengxin.blacklist.v1.blacklist_pb2 import GetSchemeRequest, ListSchemesRequest
from chengxin.catalog.v1 import catalog_pb2 as catalog
from chengxin.common.v1.common_pb2 import DocumentKind
from gateway.counter import TheCounter
from gateway.journeys.public import records, statistics, verify
from gateway.journeys.public.entity_tags import kept
from gateway.pages import ThePage
from gateway.routers import page_router

pages = page_router()
for part in (records, statistics, verify):
    pages.include_router(part.pages)

Code = Annotated[str, Path(max_length=100)]
Word = Annotated[str, Query(max_length=100)]


@pages.get("/")
async def start(page: ThePage) -> HTMLResponse:
    """Where everybody begins."""
    return page.show("public/start.html")


@pages.get("/about")
async def about(request: Request, page: ThePage) -> Response:
    """How the system works, and what it never does."""
    return kept(request, page.show("public/about.html"))


@pages.get("/public/catalog")
async def items(request: Request, page: ThePage, counter: TheCounter, level: Word = "", text: Word = "") -> Response:
    """The items in force, of one level or with a word in the title, the conduct or the code."""
    found = (await counter.offices.ask(catalog.ListCatalogItemsRequest())).items
    sought = text.strip().casefold()
    shown = [
        item
        for item in found
        if level in ("", item.level)
        and sought in f"{item.title}\n{item.title_en}\n{item.conduct}\n{item.code}".casefold()
    ]
    levels = [one for one in ("national", "province", "municipality") if any(item.level == one for item in found)]
    return kept(
        request, page.show("public/catalog.html", items=shown, count=len(found), levels=levels, level=level, text=text)
    )


@pages.get("/public/catalog/{code}")
async def item(request: Request, page: ThePage, counter: TheCounter, code: Code) -> Response:
    """One item: what it covers, what it rests on, each field and why, who sees it, repair."""
    found = (await counter.offices.ask(catalog.GetCatalogItemRequest(code=code))).item
    kinds = [DocumentKind.Name(kind) for kind in found.document_kinds]
    return kept(request, page.show("public/item.html", item=found, kinds=kinds))


@pages.get("/public/measures")
async def measures(request: Request, page: ThePage, counter: TheCounter) -> Response:
    """The measures in force; no other may be taken."""
    found = (await counter.offices.ask(catalog.ListMeasuresRequest())).measures
    return kept(request, page.show("public/measures.html", measures=found))


@pages.get("/public/schemes")
async def schemes(request: Request, page: ThePage, counter: TheCounter) -> Response:
    """The list schemes in force."""
    found = (await counter.offices.ask(ListSchemesRequest())).schemes
    return kept(request, page.show("public/schemes.html", schemes=found))


@pages.get("/public/schemes/{code}")
async def scheme(request: Request, page: ThePage, counter: TheCounter, code: Code) -> Response:
    """One scheme: its standard, removal, remedies."""
    found = (await counter.offices.ask(GetSchemeRequest(code=code))).scheme
    return kept(request, page.show("public/scheme.html", scheme=found))

"""The list that the law publishes: search by what names no natural person, pages, and each page as a file."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from chengxin.catalog.v1.catalog_pb2 import ListCatalogItemsRequest
from chengxin.catalog.v1.sharing_pb2 import ListPublicRecordsRequest, ListPublicRecordsResponse, PublicRecord
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from gateway.counter import Counter, TheCounter
from gateway.journeys.public.entity_tags import kept
from gateway.journeys.public.open_data import table
from gateway.offices import OfficeRefused
from gateway.pages import Page, ThePage
from gateway.routers import page_router

pages = page_router("/public/records")


class Search(BaseModel):
    """Which part of the public list. Nothing of it may be a natural person's: the catalog refuses that."""

    item_code: str = Field("", max_length=100, description="Only under this item")
    name: str = Field("", max_length=200, description="Only organisations of this full name")
    identifier: str = Field("", max_length=40, description="Only the organisation of this USCC; not with a name")
    determining_authority: str = Field("", max_length=40, description="Only determined by the authority of this USCC")
    division: str = Field("", max_length=6, description="Only determined in this division: 2, 4 or 6 digits, GB/T 2260")
    determined_from: date | None = Field(None, description="Only determined on this day or later")
    determined_until: date | None = Field(None, description="Only determined before this day")
    page_size: int = Field(50, ge=1, le=100, description="At most this many")
    page_token: str = Field("", max_length=500, description="From the last page")

    async def ask(self, counter: Counter) -> ListPublicRecordsResponse:
        """The page of the list. Raises OfficeRefused for what is not searched."""
        return await counter.offices.ask(ListPublicRecordsRequest(**self.model_dump(mode="json", exclude_none=True)))

    def again(self, **other: str) -> str:
        """The search as the query of an address, with `other` parameters."""
        return urlencode({**self.model_dump(mode="json", exclude_defaults=True), **other})


TheSearch = Annotated[Search, Query()]
TYPED = [name for name in Search.model_fields if not name.startswith("page_")]
COLUMNS = [field.name for field in PublicRecord.DESCRIPTOR.fields]


@pages.get("")
async def records(request: Request, page: ThePage, counter: TheCounter, search: TheSearch) -> Response:
    """One page of the list."""
    found = await search.ask(counter)
    return kept(request, await _shown(page, counter, search.model_dump(mode="json"), found=found, search=search))


@pages.post("")
async def search(request: Request, page: ThePage, counter: TheCounter) -> Response:
    """Search: the address gets what was typed only when the catalog has said that it is no person's. Changes nothing."""
    try:
        form = await request.form(max_files=0, max_fields=20)
    except HTTPException:
        raise Refused(VALUE_INVALID) from None
    typed: dict[str, Any] = {name: str(form.get(name, "")).strip() for name in TYPED}
    asked = ListPublicRecordsRequest(**typed, page_size=1)
    try:
        await counter.offices.ask(asked)
    except OfficeRefused as refused:
        if refused.field not in TYPED:
            raise
        return await _shown(page, counter, typed, refused=refused, status=400)
    return RedirectResponse(f"/public/records?{urlencode({name: said for name, said in typed.items() if said})}", 303)


@pages.get(".csv")
async def as_file(request: Request, counter: TheCounter, search: TheSearch) -> Response:
    """The same page of the list as a table."""
    found = await search.ask(counter)
    rows = [[str(getattr(record, column)) for column in COLUMNS] for record in found.records]
    return kept(request, table("public-records", COLUMNS, rows))


async def _shown(
    page: Page, counter: Counter, typed: dict[str, Any], *, status: int = 200, **more: Any
) -> HTMLResponse:
    items = (await counter.offices.ask(ListCatalogItemsRequest())).items
    shown = {"found": None, "search": None, "refused": None, **more}
    return page.show("public/records.html", status=status, typed=typed, items=items, **shown)

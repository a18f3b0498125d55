"""Pages for everybody: the start, and how the system works."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from gateway.counter import limited
from gateway.pages import ThePage

pages = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[Depends(limited)])


@pages.get("/")
async def start(page: ThePage) -> HTMLResponse:
    """Where everybody begins."""
    return page.show("public/start.html")

"""Pages: my messages."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from gateway.counter import TheCounter, Visitor, limited
from gateway.journeys.messages.views import messages_to
from gateway.pages import ThePage

pages = APIRouter(
    prefix="/me", include_in_schema=False, default_response_class=HTMLResponse, dependencies=[Depends(limited)]
)


@pages.get("/messages")
async def messages(page: ThePage, counter: TheCounter, session: Visitor) -> HTMLResponse:
    """What happened to me, newest first."""
    return page.show("messages/messages.html", messages=await messages_to(counter, session))

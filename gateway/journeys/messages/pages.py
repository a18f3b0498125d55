"""Pages: my messages."""

from __future__ import annotations

from fastapi.responses import HTMLResponse

from gateway.counter import Visitor
from gateway.journeys.messages.views import messages_to
from gateway.pages import ThePage
from gateway.routers import page_router

pages = page_router("/me")


@pages.get("/messages")
async def messages(page: ThePage, me: Visitor) -> HTMLResponse:
    """What happened to me, newest first."""
    return page.show("messages/messages.html", messages=await messages_to(me))

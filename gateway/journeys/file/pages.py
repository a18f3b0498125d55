"""Pages: everything about me, to print or to keep as a file."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from gateway.counter import Visitor
from gateway.journeys.file.views import gathered, get_file_pdf, on_a_page, party_file
from gateway.pages import ThePage
from gateway.routers import page_router

pages = page_router("/me")


@pages.get("/file")
async def file(page: ThePage, me: Visitor) -> HTMLResponse:
    """Everything on one page that prints well."""
    return await on_a_page(page, me)


@pages.get("/file.json")
async def file_json(request: Request, me: Visitor) -> Response:
    """The same as JSON, for keeping and for programs."""
    made = party_file(request, me.session, await gathered(me))
    headers = {"Content-Disposition": 'attachment; filename="chengxin.json"'}
    return Response(made.model_dump_json(indent=2), media_type="application/json", headers=headers)


pages.add_api_route("/file.pdf", get_file_pdf, response_class=Response)

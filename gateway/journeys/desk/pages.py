"""Pages: the desk's form, and the end of acting for a party."""

from __future__ import annotations

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from foundation.access import CLERK
from foundation.reasons import VALUE_REQUIRED
from foundation.refusal import Kind, Refused
from gateway.counter import Staff, TheCounter, Visitor, on_duty_as
from gateway.journeys.desk.views import Appearance, begun, ended
from gateway.pages import SentForm, ThePage
from gateway.routers import page_router

pages = page_router()
at_desk = [Depends(on_duty_as(CLERK))]
FIELDS = ("identifier_kind", "identifier", "name", "matter", "declared")


@pages.get("/staff/desk", dependencies=at_desk)
async def desk(page: ThePage, me: Staff) -> HTMLResponse:
    """The form."""
    return page.show("desk/desk.html", sent={}, faults={})


@pages.post("/staff/desk", dependencies=at_desk)
async def begin(request: Request, page: ThePage, counter: TheCounter, me: Staff, form: SentForm) -> Response:
    """Act for the party from here on; or the form again with what is wrong."""
    sent = {name: str(form.get(name, "")) for name in FIELDS}
    try:
        party = Appearance.model_validate({**sent, "declared": sent["declared"] == "yes"})
        return await begun(request, counter, me.session, party, RedirectResponse("/me", 303))
    except ValidationError as error:
        faults = {str(one["loc"][0]): VALUE_REQUIRED.code for one in error.errors()}
    except Refused as refused:
        if refused.reason.kind is not Kind.INVALID:
            raise
        faults = {"identifier": refused.reason.code}
    return page.show("desk/desk.html", status=400, sent=sent, faults=faults)


@pages.post("/desk/end")
async def end(request: Request, counter: TheCounter, me: Visitor, form: SentForm) -> Response:
    """Back to the desk."""
    return await ended(request, counter, me.session, RedirectResponse("/staff/desk", 303))

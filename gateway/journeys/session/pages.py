"""Pages: the start of what concerns me, signing out."""

from __future__ import annotations

import asyncio

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse

from chengxin.audit.v1.audit_pb2 import ListAccessesToSubjectRequest
from chengxin.catalog.v1.sharing_pb2 import ListOwnRecordsRequest
from chengxin.repair.v1.repair_pb2 import ListApplicationsRequest
from gateway.counter import Staff, TheCounter, Visitor
from gateway.journeys.messages.views import day_in, messages
from gateway.journeys.session.views import signed_out
from gateway.pages import SentForm, ThePage
from gateway.routers import page_router

pages = page_router()


@pages.get("/me")
async def me(page: ThePage, me: Visitor) -> HTMLResponse:
    """What is held, who looked, what is under way: at a glance."""
    held, looks, under_way = await asyncio.gather(
        me.ask(ListOwnRecordsRequest()), me.ask(ListAccessesToSubjectRequest()), me.ask(ListApplicationsRequest())
    )
    shared = [one for one in held.records if not one.record.HasField("ended_at")]
    return page.show(
        "session/me.html",
        person=me.session.person,
        shared=shared,
        ended=len(held.records) - len(shared),
        looks=looks.accesses,
        applications=under_way.applications,
        messages=messages(
            [one.record for one in held.records], under_way.applications, today=day_in(held.receipt.as_of)
        ),
    )


@pages.get("/staff")
async def staff(me: Staff) -> RedirectResponse:
    """To the first page of what the official does."""
    firsts = {"repair_officer": "/staff/repair", "counter_clerk": "/staff/desk"}
    first = next((page for role, page in firsts.items() if role in me.session.officer.roles), "/staff/audit")
    return RedirectResponse(first, 303)


@pages.post("/sign-out")
async def sign_out(request: Request, counter: TheCounter, form: SentForm) -> RedirectResponse:
    """End the session, and go to the start page."""
    return await signed_out(request, counter, RedirectResponse("/", 303))

"""Pages: my applications, evidence for one, taking one back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse

from chengxin.catalog.v1.sharing_pb2 import ListOwnRecordsRequest
from chengxin.repair.v1 import desk_pb2 as desk
from chengxin.repair.v1 import repair_pb2 as contract
from foundation.refusal import Kind, Refused
from gateway.counter import ThingId, Visitor
from gateway.journeys.repair.evidence import upload_messages
from gateway.offices import Voice
from gateway.pages import Page, SentForm, ThePage
from gateway.routers import page_router
from gateway.sessions import Session

pages = page_router("/me/applications")


@pages.get("")
async def applications(page: ThePage, me: Visitor) -> HTMLResponse:
    """All of them, next deadline first."""
    answer, held = await asyncio.gather(me.ask(contract.ListApplicationsRequest()), me.ask(ListOwnRecordsRequest()))
    own = {one.record.record_id: one.record for one in held.records}
    return page.show("repair/applications.html", applications=answer.applications, own=own)


@pages.get("/{application_id}")
async def application(page: ThePage, me: Visitor, application_id: ThingId) -> HTMLResponse:
    """One, with its evidence: who has it, by when, what was decided."""
    return await _application(page, me, application_id)


@pages.post("/{application_id}/evidence")
async def evidence(request: Request, page: ThePage, me: Visitor, application_id: ThingId) -> Any:
    """Add a file, which is sent on as it arrives."""
    said = ""

    async def parts() -> AsyncIterator[contract.UploadEvidenceRequest]:
        nonlocal said
        async for message in upload_messages(request, application_id, me.session):
            said = message.header.evidence.description or said
            yield message

    try:
        await me.send_about(contract.UploadEvidenceRequest, parts())
    except Refused as refusal:
        if refusal.reason.kind not in (Kind.INVALID, Kind.PRECONDITION, Kind.CONFLICT):
            raise
        return await _application(page, me, application_id, said=said, refusal=refusal)
    return RedirectResponse(f"/me/applications/{application_id}", 303)


@pages.get("/{application_id}/withdraw")
async def confirm(page: ThePage, me: Visitor, application_id: ThingId) -> HTMLResponse:
    """Whether it is really to be taken back."""
    answer = await me.ask_about(contract.GetApplicationRequest(application_id=application_id))
    return page.show("repair/withdraw.html", application=answer.application)


@pages.post("/{application_id}/withdraw")
async def withdraw(me: Visitor, form: SentForm, application_id: ThingId) -> RedirectResponse:
    """Take it back."""
    await me.ask_about(contract.WithdrawApplicationRequest(application_id=application_id))
    return RedirectResponse(f"/me/applications/{application_id}", 303)


async def _application(
    page: Page, me: Voice[Session], application_id: str, *, said: str = "", refusal: Refused | None = None
) -> HTMLResponse:
    answer = await me.ask_about(desk.ExamineApplicationRequest(application_id=application_id))
    return page.show(
        "repair/application.html",
        status=400 if refusal else 200,
        examined=answer,
        application=answer.application,
        said=said,
        refusal=refusal,
    )

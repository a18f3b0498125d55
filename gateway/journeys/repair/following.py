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
from gateway.counter import Counter, TheCounter, ThingId, Visitor
from gateway.journeys.repair.evidence import upload_messages
from gateway.offices import hidden_unless_own
from gateway.pages import Page, SentForm, ThePage
from gateway.routers import page_router
from gateway.sessions import Session

pages = page_router("/me/applications")


@pages.get("")
async def applications(page: ThePage, counter: TheCounter, session: Visitor) -> HTMLResponse:
    """All of them, next deadline first."""
    offices = counter.offices
    answer, held = await asyncio.gather(
        offices.ask_for(session, contract.ListApplicationsRequest()), offices.ask_for(session, ListOwnRecordsRequest())
    )
    own = {one.record.record_id: one.record for one in held.records}
    return page.show("repair/applications.html", applications=answer.applications, own=own)


@pages.get("/{application_id}")
async def application(page: ThePage, counter: TheCounter, session: Visitor, application_id: ThingId) -> HTMLResponse:
    """One, with its evidence: who has it, by when, what was decided."""
    return await _application(page, counter, session, application_id)


@pages.post("/{application_id}/evidence")
async def evidence(
    request: Request, page: ThePage, counter: TheCounter, session: Visitor, application_id: ThingId
) -> Any:
    """Add a file, which is sent on as it arrives."""
    said = ""

    async def parts() -> AsyncIterator[contract.UploadEvidenceRequest]:
        nonlocal said
        async for message in upload_messages(request, application_id, session):
            said = message.header.evidence.description or said
            yield message

    try:
        async with hidden_unless_own():
            await counter.offices.send_for(session, contract.UploadEvidenceRequest, parts())
    except Refused as refusal:
        if refusal.reason.kind not in (Kind.INVALID, Kind.PRECONDITION, Kind.CONFLICT):
            raise
        return await _application(page, counter, session, application_id, said=said, refusal=refusal)
    return RedirectResponse(f"/me/applications/{application_id}", 303)


@pages.get("/{application_id}/withdraw")
async def confirm(page: ThePage, counter: TheCounter, session: Visitor, application_id: ThingId) -> HTMLResponse:
    """Whether it is really to be taken back."""
    answer = await counter.offices.ask_about(session, contract.GetApplicationRequest(application_id=application_id))
    return page.show("repair/withdraw.html", application=answer.application)


@pages.post("/{application_id}/withdraw")
async def withdraw(counter: TheCounter, session: Visitor, form: SentForm, application_id: ThingId) -> RedirectResponse:
    """Take it back."""
    await counter.offices.ask_about(session, contract.WithdrawApplicationRequest(application_id=application_id))
    return RedirectResponse(f"/me/applications/{application_id}", 303)


async def _application(
    page: Page,
    counter: Counter,
    session: Session,
    application_id: str,
    *,
    said: str = "",
    refusal: Refused | None = None,
) -> HTMLResponse:
    answer = await counter.offices.ask_about(session, desk.ExamineApplicationRequest(application_id=application_id))
    return page.show(
        "repair/application.html",
        status=400 if refusal else 200,
        examined=answer,
        application=answer.application,
        said=said,
        refusal=refusal,
    )

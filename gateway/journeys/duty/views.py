"""The repair officer's queue, one application at a time, its evidence, the two steps of the authority."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from chengxin.repair.v1 import desk_pb2 as desk
from chengxin.repair.v1 import repair_pb2 as contract
from gateway.counter import ActingStaff, Staff, ThingId, on_duty_as
from gateway.messages import read, shows
from gateway.offices import hidden_unless_own
from gateway.problems import gives
from gateway.routers import rest_router
from gateway.strict_json import Sent

router = rest_router("/staff/repair/applications", "staff", Depends(on_duty_as("repair_officer")))
Text = Annotated[str, Field(min_length=1, max_length=4000)]


class Acceptance(Sent):
    """Accepts, or names everything that is missing, once."""

    missing: list[Annotated[str, Field(max_length=500)]] = Field(
        max_length=50, description="What is missing, all named at once; empty to accept"
    )


class Extension(Sent):
    """Puts the last day of the decision off."""

    reasons: Text = Field(description="Why; the party reads it")


class Decision(Sent):
    """Grants or refuses a repair."""

    grant: bool = Field(description="True to grant")
    reasons: Text = Field(description="The reasons; the party reads them")
    verification: Text = Field(description="How correction and performance were verified")


@router.get("", **shows(contract.ListApplicationsResponse, 401, 403))
async def list_due_applications(me: Staff) -> BaseModel:
    """List what waits at my authority, next deadline first."""
    return read(await me.ask(contract.ListApplicationsRequest()))


@router.get("/{application_id}", **shows(desk.ExamineApplicationResponse, 401, 403, 404))
async def examine_application(me: Staff, application_id: ThingId) -> BaseModel:
    """One application beside its record, the rules that apply today and its evidence."""
    return read(await me.ask_about(desk.ExamineApplicationRequest(application_id=application_id)))


@router.get(
    "/{application_id}/evidence/{evidence_id}",
    response_class=StreamingResponse,
    responses=gives("application/octet-stream", 401, 403, 404, 429, 502, 503, 504, format="binary"),
)
async def read_evidence(me: Staff, application_id: ThingId, evidence_id: ThingId) -> StreamingResponse:
    """Download one piece of evidence. It is never shown inside a page: the party chose its content."""
    parts = me.stream(desk.ReadEvidenceRequest(application_id=application_id, evidence_id=evidence_id))
    async with hidden_unless_own():
        file = (await anext(parts)).file
    name = quote(re.sub(r"[\x00-\x1f\x7f/\\]", "_", file.header.file_name))
    headers = {
        "Content-Disposition": f"attachment; filename=\"evidence\"; filename*=UTF-8''{name}",
        "Content-Length": str(file.size),
    }
    return StreamingResponse(_contents(parts), headers=headers, media_type="application/octet-stream")


async def _contents(parts: AsyncGenerator[desk.ReadEvidenceResponse]) -> AsyncGenerator[bytes]:
    async for part in parts:
        yield part.content


@router.post("/{application_id}/acceptance", **shows(contract.AcceptApplicationResponse, 400, 401, 403, 404, 409))
async def accept_application(me: ActingStaff, application_id: ThingId, sent: Acceptance) -> BaseModel:
    """Accept an application, or name everything that is missing."""
    asked = contract.AcceptApplicationRequest(application_id=application_id, missing=sent.missing)
    return read(await me.ask_about(asked))


@router.post("/{application_id}/extension", **shows(contract.ExtendDecisionResponse, 400, 401, 403, 404, 409))
async def extend_decision(me: ActingStaff, application_id: ThingId, sent: Extension) -> BaseModel:
    """Put the last day of the decision off, once; for the head of the authority (role repair_head)."""
    return read(await me.ask_about(contract.ExtendDecisionRequest(application_id=application_id, reasons=sent.reasons)))


@router.post("/{application_id}/decision", **shows(contract.DecideApplicationResponse, 400, 401, 403, 404, 409))
async def decide_application(me: ActingStaff, application_id: ThingId, sent: Decision) -> BaseModel:
    """Decide an application. Granting it ends the sharing of the record everywhere."""
    asked = contract.DecideApplicationRequest(application_id=application_id, **sent.model_dump())
    return read(await me.ask_about(asked))

"""The auditor's questions and matters for programs. A question is sent as a body, never as an address."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from chengxin.audit.v1 import audit_pb2, misuse_pb2
from gateway.counter import ActingStaff, Staff, TheCounter, ThingId, limited, on_duty_as
from gateway.journeys.audit.questions import ACCESSES, ask
from gateway.messages import read, shows
from gateway.strict_json import StrictRoute

router = APIRouter(
    prefix="/api/v1/staff/audit",
    tags=["staff"],
    dependencies=[Depends(limited), Depends(on_duty_as("auditor"))],
    route_class=StrictRoute,
)
Code = Annotated[str, Field(max_length=100)]


class AccessSearch(BaseModel):
    """Which accesses are looked for. What is left out counts as any."""

    model_config = ConfigDict(extra="forbid")

    basis: Code = Field("", description="Number of the audit; needed about one party")
    since: date | None = Field(None, description="First day, Asia/Shanghai")
    until: date | None = Field(None, description="Last day, Asia/Shanghai")
    authority: Code = Field("", description="USCC; only this authority")
    purpose: Code = Field("", description="Only this purpose")
    decision: Literal["", "answered", "changed", "refused"] = Field("", description="Only this decision")
    kind: Literal["", "uscc", "resident_id", "residence_permit", "passport"] = Field(
        "", description="Kind of `subject`"
    )
    subject: Code = Field("", description="Only about this party")


@router.post("/accesses/search", **shows(audit_pb2.SearchAccessesResponse, 400, 401, 403, 409, 429, 502, 503, 504))
async def search_accesses(counter: TheCounter, session: ActingStaff, sent: AccessSearch) -> BaseModel:
    """Search accesses, newest first. This search is an entry itself."""
    texts = {name: str(value or "") for name, value in sent}
    asked = {**texts, "question": ACCESSES, "from": texts["since"], "to": texts["until"]}
    return read(await ask(counter.offices, session.officer, asked))


@router.get("/matters", **shows(misuse_pb2.ListMisuseResponse, 401, 403, 429, 502, 503, 504))
async def list_matters(counter: TheCounter, session: Staff) -> BaseModel:
    """List reports of misuse that are not answered yet."""
    asked = misuse_pb2.ListMisuseRequest(open_only=True)
    return read(await counter.offices.ask_for(session.officer, counter.offices.misuse.ListMisuse, asked))


@router.get("/matters/{matter_id}", **shows(misuse_pb2.GetMisuseResponse, 401, 403, 404, 429, 502, 503, 504))
async def get_matter(counter: TheCounter, session: Staff, matter_id: ThingId) -> BaseModel:
    """One report of misuse with its steps."""
    asked = misuse_pb2.GetMisuseRequest(matter_id=matter_id)
    return read(await counter.offices.ask_about(session.officer, counter.offices.misuse.GetMisuse, asked))

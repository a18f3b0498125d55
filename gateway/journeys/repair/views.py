"""Eligibility, application, evidence, following an application, taking it back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request

from chengxin.repair.v1.repair_pb2 import (
    CheckEligibilityRequest,
    GetApplicationRequest,
    ListApplicationsRequest,
    SubmitApplicationRequest,
    WithdrawApplicationRequest,
)
from gateway.counter import Acting, TheCounter, ThingId, Visitor, limited
from gateway.journeys.repair.evidence import upload_messages
from gateway.journeys.repair.models import Applications, Eligibility, NewApplication, OneApplication, StoredEvidence
from gateway.messages import read
from gateway.offices import hidden_unless_own
from gateway.problems import answers
from gateway.strict_json import StrictRoute

router = APIRouter(prefix="/api/v1/me", tags=["repair"], dependencies=[Depends(limited)], route_class=StrictRoute)

IdempotencyKey = Annotated[
    str,
    Header(
        min_length=1,
        max_length=100,
        pattern="^[!-~]+$",
        description="Chosen by the caller; the same key gives the same application",
    ),
]

_UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["description", "file"],
                    "properties": {
                        "description": {
                            "type": "string",
                            "maxLength": 500,
                            "description": "What it shows; sent before the file",
                        },
                        "file": {
                            "type": "string",
                            "contentMediaType": "application/octet-stream",
                            "description": "PDF, PNG, JPEG or plain text, at most 20 MiB",
                        },
                    },
                }
            }
        },
    }
}


@router.get("/records/{record_id}/eligibility", responses=answers(401, 404, 409, 429, 502, 503, 504))
async def check_eligibility(counter: TheCounter, session: Visitor, record_id: ThingId) -> Eligibility:
    """Say whether and when one of my records can be repaired, and what an application needs."""
    offices = counter.offices
    answer = await offices.ask_about(
        session.person, offices.repair.CheckEligibility, CheckEligibilityRequest(record_id=record_id)
    )
    return read(Eligibility, answer)


@router.post("/applications", status_code=201, responses=answers(400, 401, 403, 404, 409, 413, 429, 502, 503, 504))
async def submit_application(
    counter: TheCounter, session: Acting, new: NewApplication, idempotency_key: IdempotencyKey
) -> OneApplication:
    """Apply for the repair of one of my records. Free of charge."""
    offices = counter.offices
    answer = await offices.ask_about(
        session.person,
        offices.repair.SubmitApplication,
        SubmitApplicationRequest(
            record_id=new.record_id,
            correction=new.correction,
            commitment=new.commitment,
            idempotency_key=idempotency_key,
        ),
    )
    return read(OneApplication, answer)


@router.get("/applications", responses=answers(401, 429, 502, 503, 504))
async def list_applications(counter: TheCounter, session: Visitor) -> Applications:
    """List my applications."""
    offices = counter.offices
    answer = await offices.ask_for(session.person, offices.repair.ListApplications, ListApplicationsRequest())
    return read(Applications, answer)


@router.get("/applications/{application_id}", responses=answers(401, 404, 429, 502, 503, 504))
async def get_application(counter: TheCounter, session: Visitor, application_id: ThingId) -> OneApplication:
    """Follow one of my applications."""
    offices = counter.offices
    answer = await offices.ask_about(
        session.person, offices.repair.GetApplication, GetApplicationRequest(application_id=application_id)
    )
    return read(OneApplication, answer)


@router.post(
    "/applications/{application_id}/evidence",
    status_code=201,
    responses=answers(400, 401, 403, 404, 409, 413, 429, 502, 503, 504),
    openapi_extra=_UPLOAD,
)
async def upload_evidence(
    request: Request, counter: TheCounter, session: Acting, application_id: ThingId
) -> StoredEvidence:
    """Add a piece of evidence to one of my applications."""
    offices = counter.offices
    async with hidden_unless_own():
        answer = await offices.send_for(
            session.person, offices.repair.UploadEvidence, upload_messages(request, application_id)
        )
    return read(StoredEvidence, answer)


@router.post("/applications/{application_id}/withdraw", responses=answers(401, 403, 404, 409, 429, 502, 503, 504))
async def withdraw_application(counter: TheCounter, session: Acting, application_id: ThingId) -> OneApplication:
    """Take one of my applications back."""
    offices = counter.offices
    answer = await offices.ask_about(
        session.person, offices.repair.WithdrawApplication, WithdrawApplicationRequest(application_id=application_id)
    )
    return read(OneApplication, answer)

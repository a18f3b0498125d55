"""Eligibility, application, evidence, following an application, taking it back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import yaml
from fastapi import Header, Request
from pydantic import BaseModel, Field

from chengxin.repair.v1 import repair_pb2 as contract
from gateway.counter import Acting, ThingId, Visitor
from gateway.journeys.repair.evidence import upload_messages
from gateway.messages import read, shows
from gateway.routers import rest_router
from gateway.strict_json import Sent

router = rest_router("/me", "repair")

IdempotencyKey = Annotated[
    str,
    Header(
        min_length=1,
        max_length=100,
        pattern="^[!-~]+$",
        description="Chosen by the caller; the same key gives the same application",
    ),
]

_UPLOAD = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


class NewApplication(Sent):
    """An application for repair. It is free of charge."""

    record_id: str = Field(max_length=64, description="Id of the record")
    correction: str = Field(
        min_length=1, max_length=4000, description="How it was corrected and the duties were performed"
    )
    commitment: bool = Field(description="True: the party makes the public credit commitment (信用承诺)")


@router.get("/records/{record_id}/eligibility", **shows(contract.CheckEligibilityResponse, 401, 404, 409))
async def check_eligibility(me: Visitor, record_id: ThingId) -> BaseModel:
    """Say whether and when one of my records can be repaired, and what an application needs."""
    return read(await me.ask_about(contract.CheckEligibilityRequest(record_id=record_id)))


@router.post(
    "/applications", status_code=201, **shows(contract.SubmitApplicationResponse, 400, 401, 403, 404, 409, 413)
)
async def submit_application(me: Acting, new: NewApplication, idempotency_key: IdempotencyKey) -> BaseModel:
    """Apply for the repair of one of my records. Free of charge."""
    asked = contract.SubmitApplicationRequest(**new.model_dump(), idempotency_key=idempotency_key)
    return read(await me.ask_about(asked))


@router.get("/applications", **shows(contract.ListApplicationsResponse, 401))
async def list_applications(me: Visitor) -> BaseModel:
    """List my applications."""
    return read(await me.ask(contract.ListApplicationsRequest()))


@router.get("/applications/{application_id}", **shows(contract.GetApplicationResponse, 401, 404))
async def get_application(me: Visitor, application_id: ThingId) -> BaseModel:
    """Follow one of my applications."""
    return read(await me.ask_about(contract.GetApplicationRequest(application_id=application_id)))


@router.post(
    "/applications/{application_id}/evidence",
    status_code=201,
    openapi_extra=_UPLOAD,
    **shows(contract.UploadEvidenceResponse, 400, 401, 403, 404, 409, 413),
)
async def upload_evidence(request: Request, me: Acting, application_id: ThingId) -> BaseModel:
    """Add a piece of evidence to one of my applications."""
    parts = upload_messages(request, application_id)
    return read(await me.send_about(contract.UploadEvidenceRequest, parts))


@router.post(
    "/applications/{application_id}/withdraw", **shows(contract.WithdrawApplicationResponse, 401, 403, 404, 409)
)
async def withdraw_application(me: Acting, application_id: ThingId) -> BaseModel:
    """Take one of my applications back."""
    return read(await me.ask_about(contract.WithdrawApplicationRequest(application_id=application_id)))

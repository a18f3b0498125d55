"""What is held about the signed-in party, and the proof that sharing of a record has ended."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header
from fastapi.responses import PlainTextResponse, Response
from pydantic import BaseModel

from chengxin.catalog.v1 import sharing_pb2 as contract
from gateway.counter import ThingId, Visitor
from gateway.messages import model, read, shows
from gateway.problems import gives
from gateway.routers import rest_router

router = rest_router("/me/records", "held")


@router.get("", **shows(contract.ListOwnRecordsResponse, 401))
async def list_own_records(me: Visitor) -> BaseModel:
    """List what is held about me. This look is journalled like any other."""
    return read(await me.ask(contract.ListOwnRecordsRequest()))


@router.get(
    "/{record_id}/withdrawal-certificate",
    response_model=model(contract.GetWithdrawalCertificateResponse),
    responses=gives("text/plain", 401, 404, 409, 429, 502, 503, 504),
)
async def get_withdrawal_certificate(
    me: Visitor,
    record_id: ThingId,
    accept: Annotated[str, Header(description="text/plain for the certificate's text alone")] = "",
) -> BaseModel | Response:
    """Get the signed certificate that sharing of a record has ended, with its receivers."""
    answer = await me.ask_about(contract.GetWithdrawalCertificateRequest(record_id=record_id))
    if "text/plain" in accept and "json" not in accept:
        return PlainTextResponse(answer.text)
    return read(answer)

"""What is held about the signed-in party, and the proof that sharing of a record has ended."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.responses import PlainTextResponse, Response

from chengxin.catalog.v1.sharing_pb2 import GetWithdrawalCertificateRequest, ListOwnRecordsRequest
from gateway.counter import TheCounter, ThingId, Visitor, limited
from gateway.journeys.held.models import OwnRecords, WithdrawalCertificate
from gateway.messages import read
from gateway.problems import answers

router = APIRouter(prefix="/api/v1/me/records", tags=["held"], dependencies=[Depends(limited)])


@router.get("", responses=answers(401, 429, 502, 503, 504))
async def list_own_records(counter: TheCounter, session: Visitor) -> OwnRecords:
    """List what is held about me. This look is journalled like any other."""
    offices = counter.offices
    answer = await offices.ask_for(session.person, offices.sharing.ListOwnRecords, ListOwnRecordsRequest())
    return read(OwnRecords, answer)


@router.get(
    "/{record_id}/withdrawal-certificate",
    response_model=WithdrawalCertificate,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
        **answers(401, 404, 409, 429, 502, 503, 504),
    },
)
async def get_withdrawal_certificate(
    counter: TheCounter,
    session: Visitor,
    record_id: ThingId,
    accept: Annotated[str, Header(description="text/plain for the certificate's text alone")] = "",
) -> WithdrawalCertificate | Response:
    """Get the signed certificate that sharing of a record has ended, with its receivers."""
    offices = counter.offices
    answer = await offices.ask_about(
        session.person, offices.sharing.GetWithdrawalCertificate, GetWithdrawalCertificateRequest(record_id=record_id)
    )
    if "text/plain" in accept and "json" not in accept:
        return PlainTextResponse(answer.text)
    return read(WithdrawalCertificate, answer)

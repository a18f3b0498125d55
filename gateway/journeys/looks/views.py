"""Who looked at the signed-in party, and the proof that a look is in the log."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path

from chengxin.audit.v1.audit_pb2 import GetReceiptRequest, ListAccessesToSubjectRequest
from gateway.counter import TheCounter, Visitor, limited
from gateway.journeys.looks.models import Accesses, AccessProof
from gateway.messages import read
from gateway.offices import hidden_unless_own
from gateway.problems import answers

router = APIRouter(prefix="/api/v1/me/accesses", tags=["looks"], dependencies=[Depends(limited)])

Source = Annotated[
    Literal["catalog", "blacklist", "repair", "audit"], Path(description="The journal that holds the entry")
]
EntryId = Annotated[int, Path(ge=1, lt=2**63, description="Entry id in that journal")]


@router.get("", responses=answers(401, 429, 502, 503, 504))
async def list_accesses(counter: TheCounter, session: Visitor) -> Accesses:
    """List who looked at me. This look is an entry itself."""
    offices = counter.offices
    answer = await offices.ask_for(session.person, offices.audit.ListAccessesToSubject, ListAccessesToSubjectRequest())
    return read(Accesses, answer)


@router.get("/{source}/{entry_id}/receipt", responses=answers(400, 401, 404, 429, 502, 503, 504))
async def get_access_receipt(counter: TheCounter, session: Visitor, source: Source, entry_id: EntryId) -> AccessProof:
    """Get the proof that a look at me is in the log."""
    offices = counter.offices
    asked = GetReceiptRequest(source=source, entry_id=entry_id)
    async with hidden_unless_own():
        answer = await offices.ask_for(session.person, offices.audit.GetReceipt, asked)
    return read(AccessProof, answer)

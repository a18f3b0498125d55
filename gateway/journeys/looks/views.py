"""Who looked at the signed-in party, and the proof that a look is in the log."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel

from chengxin.audit.v1 import audit_pb2 as contract
from gateway.counter import TheCounter, Visitor, limited
from gateway.messages import read, shows

router = APIRouter(prefix="/api/v1/me/accesses", tags=["looks"], dependencies=[Depends(limited)])

Source = Annotated[
    Literal["catalog", "blacklist", "repair", "audit"], Path(description="The journal that holds the entry")
]
EntryId = Annotated[int, Path(ge=1, lt=2**63, description="Entry id in that journal")]


@router.get("", **shows(contract.ListAccessesToSubjectResponse, 401, 429, 502, 503, 504))
async def list_accesses(counter: TheCounter, session: Visitor) -> BaseModel:
    """List who looked at me. This look is an entry itself."""
    asked = contract.ListAccessesToSubjectRequest()
    return read(await counter.offices.ask_for(session.person, counter.offices.audit.ListAccessesToSubject, asked))


@router.get("/{source}/{entry_id}/receipt", **shows(contract.GetReceiptResponse, 400, 401, 404, 429, 502, 503, 504))
async def get_access_receipt(counter: TheCounter, session: Visitor, source: Source, entry_id: EntryId) -> BaseModel:
    """Get the proof that a look at me is in the log."""
    asked = contract.GetReceiptRequest(source=source, entry_id=entry_id)
    return read(await counter.offices.ask_about(session.person, counter.offices.audit.GetReceipt, asked))

"""Who looked at the signed-in party, and the proof that a look is in the log."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path

from chengxin.audit.v1.audit_pb2 import (
    GetInclusionProofRequest,
    GetReceiptRequest,
    ListAccessesToSubjectRequest,
)
from foundation.access import Person
from foundation.reasons import NOT_FOUND, UNAVAILABLE
from foundation.refusal import Kind, Refused
from gateway.counter import TheCounter, Visitor, limited
from gateway.journeys.looks.models import Accesses, AccessProof, InclusionProof
from gateway.messages import read
from gateway.offices import OfficeRefused, Offices
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
    answer = await offices.ask_for(
        session.person, offices.audit.ListAccessesToSubject, ListAccessesToSubjectRequest()
    )
    return read(Accesses, answer)


@router.get("/{source}/{entry_id}/receipt", responses=answers(400, 401, 404, 429, 502, 503, 504))
async def get_access_receipt(
    counter: TheCounter, session: Visitor, source: Source, entry_id: EntryId
) -> AccessProof:
    """Get the proof that a look at me is in the log."""
    offices = counter.offices
    asked = GetReceiptRequest(source=source, entry_id=entry_id)
    try:
        return read(AccessProof, await offices.ask_for(session.person, offices.audit.GetReceipt, asked))
    except OfficeRefused as refused:
        # The party does not hold the digest; what the log proves of its own looks it gets all the same.
        if refused.kind not in (Kind.INVALID, Kind.DENIED, Kind.NOT_FOUND):
            raise
    index = await _log_index(offices, session.person, source, entry_id)
    proof = await offices.ask(offices.audit.GetInclusionProof, GetInclusionProofRequest(leaf_index=index))
    return AccessProof(inclusion=read(InclusionProof, proof))


async def _log_index(offices: Offices, person: Person, source: str, entry_id: int) -> int:
    """Where the log holds an entry about the person; what is not about them is not found."""
    answer = await offices.ask_for(
        person, offices.audit.ListAccessesToSubject, ListAccessesToSubjectRequest()
    )
    for access in answer.accesses:
        if (access.source, access.entry_id) == (source, entry_id):
            if access.log_index < 0:
                raise Refused(UNAVAILABLE, detail="The entry is not in the log yet.")
            return access.log_index
    raise Refused(NOT_FOUND)

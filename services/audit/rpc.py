"""AuditService: messages to domain types and back. No rule stands here."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from chengxin.audit.v1 import audit_pb2 as pb
from chengxin.audit.v1 import audit_pb2_grpc
from foundation.calendar import day_of
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from foundation.rpc import current
from foundation.rpc.messages import identifier_from, instant_from, page_size_from, text_from
from foundation.rpc.mirror import answer, mirrored
from services.audit.domain.access import MOST_TO_SUBJECT, NEWEST, Access, Search
from services.audit.domain.questions import place
from services.audit.office.accesses import Accesses
from services.audit.office.proving import Prover

_DECISIONS = {"", "answered", "changed", "refused"}
LARGEST_PAGE, USUAL_PAGE = 1_000, 100


class AuditServicer(audit_pb2_grpc.AuditServiceServicer):
    """Serves auditors, parties and holders of receipts."""

    def __init__(self, accesses: Accesses, prover: Prover) -> None:
        self._accesses = accesses
        self._prover = prover

    async def SearchAccesses(self, request: pb.SearchAccessesRequest, context: Any) -> pb.SearchAccessesResponse:
        """Searches accesses; for auditors."""
        call = current()
        call.require_role("auditor")
        search = _search(request, day_of(await self._accesses.now()))
        found, receipt = await self._accesses.search(search, call)
        return answer(pb.SearchAccessesResponse, accesses=map(access_message, found), receipt=receipt)

    async def ListAccessesToSubject(
        self, request: pb.ListAccessesToSubjectRequest, context: Any
    ) -> pb.ListAccessesToSubjectResponse:
        """Who looked at the asking party."""
        call = current()
        person = call.require_person()
        micros, source, entry_id = place(request.page_token, *NEWEST, field="page_token")
        shown, receipt = await self._accesses.to_party(person, call, after=(micros, source, entry_id))
        token = json.dumps(shown[-1].place) if len(shown) == MOST_TO_SUBJECT else ""
        accesses = map(access_message, shown)
        return answer(pb.ListAccessesToSubjectResponse, accesses=accesses, next_page_token=token, receipt=receipt)

    async def GetCheckpoint(self, request: pb.GetCheckpointRequest, context: Any) -> pb.GetCheckpointResponse:
        """The newest signed checkpoint."""
        return pb.GetCheckpointResponse(checkpoint=await self._prover.checkpoint(), vkey=self._prover.vkey)

    async def GetInclusionProof(
        self, request: pb.GetInclusionProofRequest, context: Any
    ) -> pb.GetInclusionProofResponse:
        """Proves that an entry is in the log."""
        proved = await self._prover.inclusion(request.leaf_index, request.tree_size)
        return mirrored(pb.GetInclusionProofResponse, proved)

    async def GetConsistencyProof(
        self, request: pb.GetConsistencyProofRequest, context: Any
    ) -> pb.GetConsistencyProofResponse:
        """Proves that a smaller log is a prefix of a larger one."""
        return mirrored(pb.GetConsistencyProofResponse, await self._prover.consistency(request.size1, request.size2))

    async def GetReceipt(self, request: pb.GetReceiptRequest, context: Any) -> pb.GetReceiptResponse:
        """The full receipt of a journal entry, for who knows its digest or is the party that it is about."""
        call = current()
        if call.person is not None:
            subject = call.require_person().identifier
            receipt, entry = await self._prover.receipt_about(request.source, request.entry_id, subject)
        else:
            receipt, entry = await self._prover.receipt(request.source, request.entry_id, request.digest)
        return pb.GetReceiptResponse(receipt=receipt, entry=entry)


def _search(request: pb.SearchAccessesRequest, today: date) -> Search:
    if request.decision not in _DECISIONS:
        raise Refused(VALUE_INVALID, field="decision")
    begins = getattr(request, "from")  # a word of Python's, so that it can't be written as an attribute
    has_subject = request.HasField("subject")
    return Search(
        since=instant(begins, "from") if request.HasField("from") else None,
        before=instant(request.to, "to") if request.HasField("to") else None,
        authority=request.authority,
        purpose=request.purpose,
        decision=request.decision,
        subject=identifier_from(request.subject, today=today) if has_subject else None,
        basis=text_from(request.basis, field="basis", longest=100) if request.basis else "",
        most=page_size_from(request.page_size, usual=USUAL_PAGE, largest=LARGEST_PAGE),
    )


def instant(message: Timestamp, field: str) -> datetime:
    """An instant of a request; raises Refused naming `field`."""
    try:
        return instant_from(message)
    except (ValueError, OverflowError) as error:
        raise Refused(VALUE_INVALID, field=field) from error


def access_message(access: Access) -> pb.Access:
    """An access as a message."""
    log_index = -1 if access.log_index is None else access.log_index
    said = {"officer": access.officer.reveal(), "matter": access.matter.reveal()}
    return mirrored(pb.Access, access, item_codes=access.items, log_index=log_index, **said)

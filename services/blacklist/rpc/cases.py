"""`chengxin.blacklist.v1.CaseService`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from chengxin.blacklist.v1 import blacklist_pb2, blacklist_pb2_grpc
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from foundation.rpc import current
from foundation.rpc.messages import id_from, receipt_message
from services.blacklist.domain.reasons import EVIDENCE_EMPTY
from services.blacklist.office import (
    DecisionOffice,
    EvidenceOffice,
    InvestigationOffice,
    NoticeOffice,
    ReadingOffice,
    Upload,
)
from services.blacklist.rpc import messages
from services.blacklist.rpc.messages import case_message, line, lines, service_method, viewed, words

WRITTEN = 8000
"""Characters of facts, minutes, statements, answers and reasons."""
DECISION_NUMBER = 80
"""Characters of a decision's number; with the authority's code it is the record number of the listing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOffices:
    """Who does what of a case."""

    investigation: InvestigationOffice
    evidence: EvidenceOffice
    notice: NoticeOffice
    decisions: DecisionOffice
    reading: ReadingOffice


class CaseServicer(blacklist_pb2_grpc.CaseServiceServicer):
    """Cases by due process. What each call does and refuses stands in the offices."""

    def __init__(self, offices: CaseOffices) -> None:
        self._offices = offices

    async def OpenCase(
        self, request: blacklist_pb2.OpenCaseRequest, context: Any
    ) -> blacklist_pb2.OpenCaseResponse:
        """Opens an investigation."""
        view = await self._offices.investigation.open_case(
            current(),
            scheme_code=request.scheme_code,
            party=messages.party_from(request.party, today=await self._offices.reading.today()),
            cause=words(request.cause, field="cause", longest=2000),
            key=line(request.idempotency_key, field="idempotency_key", longest=100),
            sample=request.sample,
        )
        return blacklist_pb2.OpenCaseResponse(case=viewed(view))

    async def UploadEvidence(
        self, request_iterator: AsyncIterator[blacklist_pb2.UploadEvidenceRequest], context: Any
    ) -> blacklist_pb2.UploadEvidenceResponse:
        """Adds a piece of evidence."""
        first = await anext(aiter(request_iterator), None)
        if first is None or first.WhichOneof("part") != "header":
            raise Refused(EVIDENCE_EMPTY, field="header")
        said = first.header.evidence
        upload = Upload(
            case_id=id_from(first.header.case_id),
            file_name=line(said.file_name, field="header.evidence.file_name", longest=200),
            media_type=said.media_type,
            description=words(said.description, field="header.evidence.description", longest=500),
        )
        stored = await self._offices.evidence.add(current(), upload, _content(request_iterator))
        return blacklist_pb2.UploadEvidenceResponse(
            evidence_id=str(stored.evidence_id), sha256=stored.sha256, size=stored.size
        )

    async def MatchStandard(
        self, request: blacklist_pb2.MatchStandardRequest, context: Any
    ) -> blacklist_pb2.MatchStandardResponse:
        """Holds the evidence against the standard."""
        view = await self._offices.investigation.match_standard(
            current(),
            id_from(request.case_id),
            criterion_codes=request.criterion_codes,
            reasoning=words(request.reasoning, field="reasoning", longest=4000),
        )
        return blacklist_pb2.MatchStandardResponse(case=viewed(view))

    async def FindFacts(
        self, request: blacklist_pb2.FindFactsRequest, context: Any
    ) -> blacklist_pb2.FindFactsResponse:
        """Finds the facts."""
        today = await self._offices.reading.today()
        view = await self._offices.investigation.find_facts(
            current(),
            id_from(request.case_id),
            facts=words(request.facts, field="facts", longest=WRITTEN),
            basis=messages.basis_from(request.basis_document, today=today),
            leniency=messages.leniency_from(request.leniency),
            measure_codes=lines(request.measure_codes, field="measure_codes", longest=100),
        )
        return blacklist_pb2.FindFactsResponse(case=viewed(view))

    async def HoldPanel(
        self, request: blacklist_pb2.HoldPanelRequest, context: Any
    ) -> blacklist_pb2.HoldPanelResponse:
        """Records the panel meeting."""
        view = await self._offices.investigation.hold_panel(
            current(),
            id_from(request.case_id),
            minutes=words(request.minutes, field="minutes", longest=WRITTEN),
            members=lines(request.members, field="members", longest=64),
        )
        return blacklist_pb2.HoldPanelResponse(case=viewed(view))

    async def NotifyParty(
        self, request: blacklist_pb2.NotifyPartyRequest, context: Any
    ) -> blacklist_pb2.NotifyPartyResponse:
        """Records that the notice was served."""
        view = await self._offices.notice.notify_party(
            current(),
            id_from(request.case_id),
            method=service_method(request.service_method),
            proof=words(request.proof_of_service, field="proof_of_service", longest=1000),
        )
        return blacklist_pb2.NotifyPartyResponse(case=viewed(view), notice=view.document)

    async def SubmitStatement(
        self, request: blacklist_pb2.SubmitStatementRequest, context: Any
    ) -> blacklist_pb2.SubmitStatementResponse:
        """Records a statement and defence."""
        view = await self._offices.notice.submit_statement(
            current(),
            id_from(request.case_id),
            statement=words(request.statement, field="statement", longest=WRITTEN),
        )
        return blacklist_pb2.SubmitStatementResponse(case=viewed(view))

    async def AnswerStatement(
        self, request: blacklist_pb2.AnswerStatementRequest, context: Any
    ) -> blacklist_pb2.AnswerStatementResponse:
        """Answers the statement."""
        view = await self._offices.notice.answer_statement(
            current(),
            id_from(request.case_id),
            answer=words(request.answer, field="answer", longest=WRITTEN),
            upheld=request.upheld,
        )
        return blacklist_pb2.AnswerStatementResponse(case=viewed(view))

    async def Decide(
        self, request: blacklist_pb2.DecideRequest, context: Any
    ) -> blacklist_pb2.DecideResponse:
        """Decides the case."""
        case_id = id_from(request.case_id)
        reasons = words(request.reasons, field="reasons", longest=WRITTEN)
        number = line(request.decision_number, field="decision_number", longest=DECISION_NUMBER)
        if not request.list:
            if request.measure_codes:
                raise Refused(VALUE_INVALID, field="measure_codes", detail="A dropped case has no measures.")
            view = await self._offices.decisions.decide_to_drop(
                current(), case_id, reasons=reasons, number=number
            )
            return blacklist_pb2.DecideResponse(case=viewed(view))
        view = await self._offices.decisions.decide_to_list(
            current(),
            case_id,
            reasons=reasons,
            measure_codes=lines(request.measure_codes, field="measure_codes", longest=100),
            number=number,
        )
        return blacklist_pb2.DecideResponse(case=viewed(view))

    async def ServeDecision(
        self, request: blacklist_pb2.ServeDecisionRequest, context: Any
    ) -> blacklist_pb2.ServeDecisionResponse:
        """Records the service of the decision."""
        view = await self._offices.decisions.serve_decision(
            current(),
            id_from(request.case_id),
            method=service_method(request.service_method),
            proof=words(request.proof_of_service, field="proof_of_service", longest=1000),
        )
        return blacklist_pb2.ServeDecisionResponse(case=viewed(view))

    async def GetCase(
        self, request: blacklist_pb2.GetCaseRequest, context: Any
    ) -> blacklist_pb2.GetCaseResponse:
        """Gives one case."""
        view = await self._offices.reading.case(current(), id_from(request.case_id))
        return blacklist_pb2.GetCaseResponse(case=viewed(view), receipt=receipt_message(view.receipt))

    async def ListCases(
        self, request: blacklist_pb2.ListCasesRequest, context: Any
    ) -> blacklist_pb2.ListCasesResponse:
        """Lists the authority's cases."""
        cases, receipt = await self._offices.reading.cases(current(), messages.state_from(request.state))
        today = messages.day_in(receipt)
        return blacklist_pb2.ListCasesResponse(
            cases=[case_message(case, today) for case in cases], receipt=receipt_message(receipt)
        )

    async def GetDecisionDocument(
        self, request: blacklist_pb2.GetDecisionDocumentRequest, context: Any
    ) -> blacklist_pb2.GetDecisionDocumentResponse:
        """Gives the decision document."""
        view = await self._offices.reading.decision_document(current(), id_from(request.case_id))
        return blacklist_pb2.GetDecisionDocumentResponse(
            text=view.document, receipt=receipt_message(view.receipt)
        )


async def _content(parts: AsyncIterator[blacklist_pb2.UploadEvidenceRequest]) -> AsyncIterator[bytes]:
    async for part in parts:
        if part.WhichOneof("part") != "content":
            raise Refused(VALUE_INVALID, field="content")
        yield part.content

"""`chengxin.blacklist.v1.CaseService`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from chengxin.blacklist.v1 import blacklist_pb2 as pb
from chengxin.blacklist.v1 import blacklist_pb2_grpc
from foundation.calendar import day_of
from foundation.personal import Personal
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from foundation.rpc import current
from foundation.rpc.messages import id_from, lines_from, receipt_message, upload_from
from services.blacklist.domain.dossier import FactsFound, StandardMatched
from services.blacklist.office import DecisionOffice, InvestigationOffice, ReadingOffice
from services.blacklist.rpc import messages
from services.blacklist.rpc.messages import line_from, text_from

WRITTEN = 8000
"""Characters of facts, minutes, statements, answers and reasons."""
DECISION_NUMBER = 80
"""Characters of a decision's number; with the authority's code it is the record number of the listing."""


class CaseServicer(blacklist_pb2_grpc.CaseServiceServicer):
    """Cases by due process. What each call does and refuses stands in the offices."""

    def __init__(self, investigation: InvestigationOffice, decisions: DecisionOffice, reading: ReadingOffice) -> None:
        self._investigation = investigation
        self._decisions = decisions
        self._reading = reading

    async def OpenCase(self, request: pb.OpenCaseRequest, context: Any) -> pb.OpenCaseResponse:
        """Opens an investigation."""
        view = await self._investigation.open_case(
            current(),
            scheme_code=request.scheme_code,
            party=messages.party_from(request.party, today=await self._reading.today()),
            cause=text_from(request.cause, field="cause", longest=2000),
            key=line_from(request.idempotency_key, field="idempotency_key", longest=100).reveal(),
            sample=request.sample,
        )
        return pb.OpenCaseResponse(case=messages.viewed(view))

    async def UploadEvidence(
        self, request_iterator: AsyncIterator[pb.UploadEvidenceRequest], context: Any
    ) -> pb.UploadEvidenceResponse:
        """Adds a piece of evidence."""
        said, header, parts = await upload_from(request_iterator)
        stored = await self._investigation.add_evidence(current(), id_from(said.case_id), header, parts)
        return pb.UploadEvidenceResponse(evidence_id=str(stored.evidence_id), sha256=stored.sha256, size=stored.size)

    async def MatchStandard(self, request: pb.MatchStandardRequest, context: Any) -> pb.MatchStandardResponse:
        """Holds the evidence against the standard."""
        view = await self._investigation.match_standard(
            current(),
            id_from(request.case_id),
            StandardMatched(
                criterion_codes=tuple(request.criterion_codes),
                reasoning=text_from(request.reasoning, field="reasoning", longest=4000),
            ),
        )
        return pb.MatchStandardResponse(case=messages.viewed(view))

    async def FindFacts(self, request: pb.FindFactsRequest, context: Any) -> pb.FindFactsResponse:
        """Finds the facts."""
        today = await self._reading.today()
        view = await self._investigation.find_facts(
            current(),
            id_from(request.case_id),
            FactsFound(
                facts=text_from(request.facts, field="facts", longest=WRITTEN),
                basis=messages.basis_from(request.basis_document, today=today),
                leniency=messages.leniency_from(request.leniency),
            ),
            measure_codes=lines_from(request.measure_codes, field="measure_codes", longest=100),
        )
        return pb.FindFactsResponse(case=messages.viewed(view))

    async def HoldPanel(self, request: pb.HoldPanelRequest, context: Any) -> pb.HoldPanelResponse:
        """Records the panel meeting."""
        view = await self._investigation.hold_panel(
            current(),
            id_from(request.case_id),
            minutes=text_from(request.minutes, field="minutes", longest=WRITTEN),
            members=Personal.each(lines_from(request.members, field="members", longest=64)),
        )
        return pb.HoldPanelResponse(case=messages.viewed(view))

    async def NotifyParty(self, request: pb.NotifyPartyRequest, context: Any) -> pb.NotifyPartyResponse:
        """Records that the notice was served."""
        view = await self._decisions.notify_party(
            current(),
            id_from(request.case_id),
            method=messages.service_method(request.service_method),
            proof=text_from(request.proof_of_service, field="proof_of_service", longest=1000),
        )
        return pb.NotifyPartyResponse(case=messages.viewed(view), notice=view.document.reveal())

    async def SubmitStatement(self, request: pb.SubmitStatementRequest, context: Any) -> pb.SubmitStatementResponse:
        """Records a statement and defence."""
        view = await self._decisions.submit_statement(
            current(),
            id_from(request.case_id),
            statement=text_from(request.statement, field="statement", longest=WRITTEN),
        )
        return pb.SubmitStatementResponse(case=messages.viewed(view))

    async def AnswerStatement(self, request: pb.AnswerStatementRequest, context: Any) -> pb.AnswerStatementResponse:
        """Answers the statement."""
        view = await self._decisions.answer_statement(
            current(),
            id_from(request.case_id),
            answer=text_from(request.answer, field="answer", longest=WRITTEN),
            upheld=request.upheld,
        )
        return pb.AnswerStatementResponse(case=messages.viewed(view))

    async def Decide(self, request: pb.DecideRequest, context: Any) -> pb.DecideResponse:
        """Decides the case."""
        case_id = id_from(request.case_id)
        reasons = text_from(request.reasons, field="reasons", longest=WRITTEN)
        number = line_from(request.decision_number, field="decision_number", longest=DECISION_NUMBER)
        if not request.list:
            if request.measure_codes:
                raise Refused(VALUE_INVALID, field="measure_codes", detail="A dropped case has no measures.")
            view = await self._decisions.decide_to_drop(current(), case_id, reasons=reasons, number=number)
            return pb.DecideResponse(case=messages.viewed(view))
        view = await self._decisions.decide_to_list(
            current(),
            case_id,
            reasons=reasons,
            measure_codes=lines_from(request.measure_codes, field="measure_codes", longest=100),
            number=number,
        )
        return pb.DecideResponse(case=messages.viewed(view))

    async def ServeDecision(self, request: pb.ServeDecisionRequest, context: Any) -> pb.ServeDecisionResponse:
        """Records the service of the decision."""
        view = await self._decisions.serve_decision(
            current(),
            id_from(request.case_id),
            method=messages.service_method(request.service_method),
            proof=text_from(request.proof_of_service, field="proof_of_service", longest=1000),
        )
        return pb.ServeDecisionResponse(case=messages.viewed(view))

    async def GetCase(self, request: pb.GetCaseRequest, context: Any) -> pb.GetCaseResponse:
        """Gives one case."""
        view = await self._reading.case(current(), id_from(request.case_id))
        return pb.GetCaseResponse(case=messages.viewed(view), receipt=receipt_message(view.receipt))

    async def ListCases(self, request: pb.ListCasesRequest, context: Any) -> pb.ListCasesResponse:
        """Lists the authority's cases."""
        cases, receipt = await self._reading.cases(current(), messages.state_from(request.state))
        today = day_of(receipt.as_of)
        return pb.ListCasesResponse(
            cases=[messages.case_message(case, today) for case in cases], receipt=receipt_message(receipt)
        )

    async def GetDecisionDocument(
        self, request: pb.GetDecisionDocumentRequest, context: Any
    ) -> pb.GetDecisionDocumentResponse:
        """Gives the decision document."""
        view = await self._reading.decision_document(current(), id_from(request.case_id))
        return pb.GetDecisionDocumentResponse(text=view.document.reveal(), receipt=receipt_message(view.receipt))

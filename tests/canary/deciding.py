"""Paths through the house: a listing, a repair, an end of sharing, the audit, the keys."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import httpx

from chengxin.audit.v1 import audit_pb2, audit_pb2_grpc, misuse_pb2, misuse_pb2_grpc
from chengxin.blacklist.v1 import blacklist_pb2, blacklist_pb2_grpc
from chengxin.catalog.v1 import (
    archive_pb2,
    archive_pb2_grpc,
    record_pb2,
    record_pb2_grpc,
    sharing_pb2,
    sharing_pb2_grpc,
)
from chengxin.common.v1 import common_pb2, keys_pb2, keys_pb2_grpc
from foundation.journal.writer import OFFICER_KEY
from standalone.story.cast import Visitor
from standalone.story.stage import COPY, came_true
from tests.canary.walker import Walker

MEASURES = ["procurement_bar", "no_commendation"]


class Deciding(Walker):
    """What officials and parties decide, look at and end."""

    def list_case(self) -> None:
        """A listing from the opening of the case to its close, every text planted."""
        planted, market, party = self._planted, self._stage.market, self.party("listed")
        served = {"service_method": "electronic", "proof_of_service": planted["proof of service"]}
        day = (self._stage.today() - timedelta(days=200)).isoformat()

        def step(name: str, *, officer: str = "officer of a case", role: str = "case_officer", **fields: Any) -> Any:
            return market.act("blacklist", name, officer=planted[officer], role=role, **fields)

        case_id = step(
            "OpenCase",
            scheme_code="market_regulation",
            party={"identifier": {"kind": "IDENTIFIER_KIND_USCC", "value": party.identifier}, "name": party.name},
            cause=planted["cause of a case"],
            idempotency_key="canary",
            sample=True,
        ).case.case_id
        header = blacklist_pb2.EvidenceUpload(case_id=case_id)
        header.evidence.file_name = planted["evidence file name"] + ".txt"
        header.evidence.media_type = "text/plain"
        header.evidence.description = planted["evidence description"]
        parts = [
            blacklist_pb2.UploadEvidenceRequest(header=header),
            *[
                blacklist_pb2.UploadEvidenceRequest(content=planted["evidence of a case"].encode() * 2000)
                for _ in range(4)
            ],
        ]
        stub = market.stub("blacklist", blacklist_pb2_grpc.CaseServiceStub)
        market.ask(stub.UploadEvidence, iter(parts), officer=planted["officer of a case"], roles=["case_officer"])
        step("MatchStandard", case_id=case_id, criterion_codes=["M6"], reasoning=planted["reasoning of a case"])
        step(
            "FindFacts",
            case_id=case_id,
            facts=planted["facts of a case"],
            basis_document={
                "kind": "DOCUMENT_KIND_PENALTY_DECISION",
                "number": planted["document number"],
                "authority": market.authority.code,
                "determined_on": day,
                "effective_on": day,
            },
            leniency={"reasons": planted["leniency of a case"]},
            measure_codes=MEASURES,
        )
        step(
            "HoldPanel",
            case_id=case_id,
            minutes=planted["minutes of a panel"],
            members=[planted["member of a panel"], "样例乙", "样例丙"],
        )
        window = step("NotifyParty", case_id=case_id, **served).case.window_ends_before
        step("SubmitStatement", case_id=case_id, statement=planted["statement of a party"])
        step("AnswerStatement", case_id=case_id, answer=planted["answer to a statement"])
        self._refused(
            lambda: step(
                "Decide",
                officer="officer of a case",
                role="decider",
                case_id=case_id,
                list=True,
                reasons=planted["reasons of a decision"],
                measure_codes=[planted["id misplaced as measure"]],
                decision_number=planted["decision number"],
            )
        )
        self._stage.let_pass(days=(date.fromisoformat(window) - self._stage.today()).days + 1)
        step(
            "Decide",
            officer="decider of a case",
            role="decider",
            case_id=case_id,
            list=True,
            reasons=planted["reasons of a decision"],
            measure_codes=MEASURES,
            decision_number=planted["decision number"],
        )
        step("ServeDecision", case_id=case_id, **served)
        assert came_true(lambda: step("GetCase", case_id=case_id).case.state == blacklist_pb2.CASE_STATE_LISTED)
        step("ListCases")
        assert step("GetDecisionDocument", case_id=case_id).text

    def repair(self) -> None:
        """The party at the gateway: signs in, looks, applies with evidence, is repaired; what browsers may keep."""
        planted, record_id = self._planted, self.repaired_id
        visitor = Visitor(self._stage.gateway, self.party("repaired"))
        browser: httpx.Client = visitor._browser  # pyright: ignore[reportPrivateUsage]  # its requests are watched
        browser.event_hooks["response"].append(self._answered)
        visitor.sign_in()
        visitor.get("/me/records")
        visitor.get("/me/accesses")
        visitor.get(f"/me/records/{record_id}/eligibility")
        with suppress(RuntimeError):
            visitor.post("/me/applications", json={"record_id": planted["id misplaced as record id"], "correction": 7})
        applied = visitor.post(
            "/me/applications",
            json={"record_id": record_id, "correction": planted["correction of a repair"], "commitment": True},
            headers={"Idempotency-Key": planted["id misplaced as idempotency key"]},
        )["application"]["application_id"]
        name = planted["evidence file name of a repair"] + ".txt"
        content = planted["evidence of a repair"].encode() * 30_000
        for media_type in ("text/plain", "application/pdf"):
            with suppress(RuntimeError):
                visitor.post(
                    f"/me/applications/{applied}/evidence",
                    data={"description": planted["evidence description of a repair"]},
                    files={"file": (name, content, media_type)},
                )
        visitor.get(f"/me/applications/{applied}")
        officer = {"officer": planted["officer of a repair"], "role": "repair_officer", "application_id": applied}
        self._stage.market.act("repair", "AcceptApplication", **officer)
        head = {**officer, "officer": planted["head of a repair"], "role": "repair_head"}
        self._stage.market.act("repair", "ExtendDecision", reasons=planted["extension of a repair"], **head)
        self._stage.market.act(
            "repair",
            "DecideApplication",
            grant=True,
            reasons=planted["reasons of a repair"],
            verification=planted["verification of a repair"],
            **officer,
        )
        assert came_true(lambda: visitor.get(f"/me/applications/{applied}")["application"]["state"] == "carried_out")
        visitor.text(f"/me/records/{record_id}/withdrawal-certificate")
        visitor.post("/session/sign-out")
        visitor.close()

    def end(self) -> None:
        """The feed, acknowledgements, a withdrawal with a matter that says too much."""
        stub = self._stage.procurement.stub("catalog", sharing_pb2_grpc.SharingServiceStub)
        context = sharing_pb2.QueryContext(**{**self._context(), "purpose": COPY})
        watching = sharing_pb2.WatchChangesRequest(context=context, until_caught_up=True)
        assert any(page.changes for page in self._stage.procurement.ask(stub.WatchChanges, watching))
        records = self._stage.market.stub("catalog", record_pb2_grpc.RecordServiceStub)
        revoked = record_pb2.RevokeDocumentRequest(
            document_number=self._planted["document number"], reason=self._planted["matter of a withdrawal"]
        )
        self._stage.market.ask(records.RevokeDocument, revoked)

    def audit(self) -> None:
        """An auditor looks for a party and states why, follows a report of misuse, opens the archive with a steward."""
        planted, auditor, steward = self._planted, self._stage.auditor, self._stage.steward
        first = {"officer": "canary-auditor-1", "roles": ["auditor"]}
        second = {"officer": "canary-auditor-2", "roles": ["auditor"]}
        searches = auditor.stub("audit", audit_pb2_grpc.AuditServiceStub)
        subject = common_pb2.Identifier(
            kind=common_pb2.IDENTIFIER_KIND_RESIDENT_ID, value=planted["id of the recorded person"]
        )
        search = audit_pb2.SearchAccessesRequest(subject=subject, basis=planted["basis of a search"])
        (look, *_) = auditor.ask(searches.SearchAccesses, search, **first).accesses
        wrong = planted["id misplaced as purpose"]
        search = audit_pb2.SearchAccessesRequest(authority=wrong, purpose=wrong, basis="x")
        auditor.ask(searches.SearchAccesses, search, **first)
        matters = auditor.stub("audit", misuse_pb2_grpc.MisuseServiceStub)
        report = misuse_pb2.ReportMisuseRequest(
            source="catalog", entry_id=look.entry_id, report=planted["report of a misuse"]
        )
        matter_id = auditor.ask(searches.ReportMisuse, report, **first).matter.matter_id
        note = misuse_pb2.TakeUpMisuseRequest(matter_id=matter_id, note=planted["note on a misuse"])
        auditor.ask(matters.TakeUpMisuse, note, **first)
        decided = misuse_pb2.DecideMisuseRequest(matter_id=matter_id, reasons=planted["reasons on a misuse"])
        auditor.ask(matters.DecideMisuse, decided, **second)
        answer = misuse_pb2.AnswerMisuseRequest(matter_id=matter_id, answer=planted["answer on a misuse"])
        auditor.ask(matters.AnswerMisuse, answer, **first)
        party = common_pb2.Identifier(
            kind=common_pb2.IDENTIFIER_KIND_USCC, value=planted["id of the repaired enterprise"]
        )
        archive = auditor.stub("catalog", archive_pb2_grpc.ArchiveServiceStub)
        asked = archive_pb2.RequestOpeningRequest(
            subject=party,
            basis="audit",
            basis_number=planted["number of an opening"],
            reason=planted["reason of an opening"],
        )
        opening_id = auditor.ask(archive.RequestOpening, asked, **first).opening.opening_id
        approval = archive_pb2.ApproveOpeningRequest(opening_id=opening_id, subject=party)
        approving = steward.stub("catalog", archive_pb2_grpc.ArchiveServiceStub)
        steward.ask(approving.ApproveOpening, approval, officer="canary-steward", roles=["steward"])
        opening = archive_pb2.OpenArchiveRequest(opening_id=opening_id)
        assert auditor.ask(archive.OpenArchive, opening, **first).records

    def rotate(self) -> None:
        """A custodian begins a rotation at each office, and is shown there."""
        steward, number = self._stage.steward, self._planted["custodian of a key"]
        request = keys_pb2.StartRotationRequest(key=OFFICER_KEY, method=keys_pb2.ROTATION_METHOD_PROVIDER)
        for office in ("catalog", "blacklist", "repair", "audit"):
            keys = steward.stub(office, keys_pb2_grpc.KeyServiceStub)
            steward.ask(keys.StartRotation, request, officer=number, roles=["key_custodian"])
            listed = steward.ask(keys.ListKeys, keys_pb2.ListKeysRequest()).rotations
            (shown,) = [one for one in listed if one.key == OFFICER_KEY]
            assert (shown.started_by, shown.proposed_by, shown.approved_by) == (number, number, "")

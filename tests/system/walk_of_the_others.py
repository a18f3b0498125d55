"""The walk through the methods of the list, the repair and the audit office."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import psycopg

from chengxin.audit.v1 import (
    audit_pb2,
    audit_pb2_grpc,
    log_pb2,
    log_pb2_grpc,
    misuse_pb2,
    misuse_pb2_grpc,
    questions_pb2,
    questions_pb2_grpc,
)
from chengxin.blacklist.v1 import blacklist_pb2, blacklist_pb2_grpc
from chengxin.repair.v1 import desk_pb2, desk_pb2_grpc, repair_pb2, repair_pb2_grpc
from chengxin.witness import memory
from standalone.health import serves
from standalone.sample import MARK, SampleParty
from standalone.story.cast import Visitor
from standalone.story.listing import ListCase
from standalone.story.sharing import finding
from standalone.story.stage import came_true
from tests.support.running_house import RunningHouse
from tests.system.walking import DECIDER, OFFICIAL, Walk, act

MEASURES = ["procurement_bar", "no_commendation"]


def the_list(walk: Walk, house: RunningHouse) -> None:
    """A case by due process, to its listing and its end."""
    with walk.calling("CaseService.OpenCase"):
        case = ListCase(house)
    stub = house.market.stub("blacklist", blacklist_pb2_grpc.CaseServiceStub)
    with walk.calling("CaseService.UploadEvidence"):
        case.evidence()
    with walk.calling("CaseService.MatchStandard"):
        case.match()
    with walk.calling("CaseService.FindFacts"):
        case.find(MEASURES)
    with walk.calling("CaseService.HoldPanel"):
        case.panel()
    with walk.calling("CaseService.NotifyParty"):
        case.notify()
    with walk.calling("CaseService.SubmitStatement"):
        case.act(stub.SubmitStatement, blacklist_pb2.SubmitStatementRequest(case_id=case.case_id, statement=MARK))
    with walk.calling("CaseService.AnswerStatement"):
        case.act(stub.AnswerStatement, blacklist_pb2.AnswerStatementRequest(case_id=case.case_id, answer=MARK))
    with walk.calling("CaseService.GetCase"):
        ends = date.fromisoformat(case.case().window_ends_before)
    with walk.calling("CaseService.ListCases"):
        case.act(stub.ListCases, blacklist_pb2.ListCasesRequest())
    house.let_pass(days=max(0, (ends - house.today()).days) + 1)
    with walk.calling("CaseService.Decide"):
        case.decide(MEASURES, officer=DECIDER, number="97")
    with walk.calling("CaseService.ServeDecision"):
        served = case.serve()
    with walk.calling("CaseService.GetDecisionDocument"):
        assert case.document()
    listings = house.market.stub("blacklist", blacklist_pb2_grpc.ListingServiceStub)
    listing_id = served.case.listing_id
    with walk.calling("ListingService.GetListing"):
        case.act(listings.GetListing, blacklist_pb2.GetListingRequest(listing_id=listing_id))
    with walk.calling("ListingService.CloseListing"):
        closing = blacklist_pb2.CloseListingRequest(listing_id=listing_id, matter=MARK, reason=MARK)
        case.act(listings.CloseListing, closing)


def _signed_in(house: RunningHouse, party: SampleParty) -> Visitor:
    visitor = Visitor(house.gateway, party)
    visitor.sign_in()
    return visitor


def repair(walk: Walk, house: RunningHouse) -> None:
    """An application, from its party and to its authority."""
    party = house.repaired[1]
    first, second = (finding(house, party, days_ago=120, number=number) for number in ("9703", "9704"))
    visitor = _signed_in(house, party)
    with walk.calling("SharingService.ListOwnRecords"):
        held = {one["record"]["record_id"] for one in visitor.get("/me/records")["records"]}
    assert {first, second} <= held
    with walk.calling("RepairService.CheckEligibility"):
        visitor.get(f"/me/records/{first}/eligibility")
    with walk.calling("RepairService.SubmitApplication"):
        granted, withdrawn = (_applied(visitor, record_id) for record_id in (first, second))
    with walk.calling("RepairService.UploadEvidence"):
        visitor.post(
            f"/me/applications/{granted}/evidence",
            data={"description": MARK},
            files={"file": ("样例.txt", MARK.encode(), "text/plain")},
        )
    with walk.calling("RepairService.GetApplication"):
        visitor.get(f"/me/applications/{granted}")
    with walk.calling("RepairService.ListApplications"):
        visitor.get("/me/applications")
    with walk.calling("RepairService.WithdrawApplication"):
        visitor.post(f"/me/applications/{withdrawn}/withdraw")
    repairs = house.market.stub("repair", repair_pb2_grpc.RepairServiceStub)
    with walk.calling("RepairService.AcceptApplication"):
        accepted = repair_pb2.AcceptApplicationRequest(application_id=granted)
        act(house.market, repairs.AcceptApplication, accepted, role="repair_officer")
    desk = house.market.stub("repair", desk_pb2_grpc.RepairDeskServiceStub)
    with walk.calling("RepairDeskService.ExamineApplication"):
        examined = desk_pb2.ExamineApplicationRequest(application_id=granted)
        evidence = act(house.market, desk.ExamineApplication, examined, role="repair_officer").evidence
    with walk.calling("RepairDeskService.ReadEvidence"):
        wanted = desk_pb2.ReadEvidenceRequest(application_id=granted, evidence_id=evidence[0].evidence_id)
        pieces = act(house.market, desk.ReadEvidence, wanted, role="repair_officer")
        assert b"".join(piece.content for piece in pieces) == MARK.encode()
    with walk.calling("RepairService.ExtendDecision"):
        extension = repair_pb2.ExtendDecisionRequest(application_id=granted, reasons=MARK)
        act(house.market, repairs.ExtendDecision, extension, role="repair_head")
    with walk.calling("RepairService.DecideApplication"):
        decision = repair_pb2.DecideApplicationRequest(
            application_id=granted, grant=True, reasons=MARK, verification=MARK
        )
        act(house.market, repairs.DecideApplication, decision, role="repair_officer")
    visitor.close()


def _applied(visitor: Visitor, record_id: str) -> str:
    applied = visitor.post(
        "/me/applications",
        json={"record_id": record_id, "correction": MARK, "commitment": True},
        headers={"Idempotency-Key": f"walk-{record_id}"},
    )
    return applied["application"]["application_id"]


def audit(walk: Walk, house: RunningHouse) -> None:
    """Who looked, receipts, questions, misuse."""
    searches = house.auditor.stub("audit", audit_pb2_grpc.AuditServiceStub)
    with walk.calling("AuditService.SearchAccesses"):
        house.auditor.ask(searches.SearchAccesses, audit_pb2.SearchAccessesRequest())
    visitor = _signed_in(house, house.repaired[0])
    with walk.calling("AuditService.ListAccessesToSubject"):
        looked = visitor.get("/me/accesses")["accesses"][0]
    visitor.close()
    _questions(walk, house)
    _misuse(walk, house, source=looked["source"], entry_id=int(looked["entry_id"]))


def log(walk: Walk, house: RunningHouse) -> None:
    """The repair office begins a new epoch, and goes on when two auditors and the witness have adopted it."""
    keeping = house.auditor.stub("audit", log_pb2_grpc.LogServiceStub)
    with walk.calling("LogService.ListDoorGaps"):
        house.auditor.ask(keeping.ListDoorGaps, log_pb2.ListDoorGapsRequest())
    with psycopg.connect(house.house.engines.admin_dsn) as owner:
        row = owner.execute("SELECT repair.begin_epoch()").fetchone()
    assert row is not None
    adopted = log_pb2.AdoptEpochRequest(source="repair", epoch=row[0].hex, basis=MARK)
    with walk.calling("LogService.AdoptEpoch"):
        first, second = (
            act(house.auditor, keeping.AdoptEpoch, adopted, role="auditor", officer=who).approved
            for who in (OFFICIAL, DECIDER)
        )
    assert (first, second) == (False, True)
    data, ports = house.house.data, house.house.ports
    memory.adopt(data.witness, "chengxin-sample/log", "repair", row[0].hex, reason=MARK)
    witness = f"{data.doors()['witness_url']}/state"
    assert came_true(lambda: row[0].hex in httpx.get(witness).text)
    assert came_true(lambda: serves("repair", identity=data.identity("gateway"), ports=ports, service="guard"))


def _questions(walk: Walk, house: RunningHouse) -> None:
    asking = house.auditor.stub("audit", questions_pb2_grpc.QuestionServiceStub)
    question = questions_pb2.Question(basis=MARK, authority=house.market.authority.code)
    methods = questions_pb2.DESCRIPTOR.services_by_name["QuestionService"].methods
    for name in [method.name for method in methods if not method.server_streaming]:
        with walk.calling(f"QuestionService.{name}"):
            asked = getattr(questions_pb2, f"{name}Request")(question=question)
            act(house.auditor, getattr(asking, name), asked, role="auditor")
    with walk.calling("QuestionService.ExportAccesses"):
        export = questions_pb2.ExportAccessesRequest(basis=MARK, **{"from": {"seconds": 1}})
        assert [*act(house.auditor, asking.ExportAccesses, export, role="auditor")]


def _misuse(walk: Walk, house: RunningHouse, **looked: Any) -> None:
    following = house.auditor.stub("audit", misuse_pb2_grpc.MisuseServiceStub)
    reporting = house.auditor.stub("audit", audit_pb2_grpc.AuditServiceStub)
    with walk.calling("AuditService.ReportMisuse"):
        report = misuse_pb2.ReportMisuseRequest(report=MARK, **looked)
        matter = act(house.auditor, reporting.ReportMisuse, report, role="auditor").matter
    which = {"matter_id": matter.matter_id}
    for name, said, officer in (
        ("TakeUp", "note", OFFICIAL),
        ("Decide", "reasons", DECIDER),
        ("Answer", "answer", OFFICIAL),
    ):
        with walk.calling(f"MisuseService.{name}Misuse"):
            step = getattr(misuse_pb2, f"{name}MisuseRequest")(**which, **{said: MARK})
            act(house.auditor, getattr(following, f"{name}Misuse"), step, role="auditor", officer=officer)
    with walk.calling("MisuseService.GetMisuse"):
        act(house.auditor, following.GetMisuse, misuse_pb2.GetMisuseRequest(**which), role="auditor")
    with walk.calling("MisuseService.ListMisuse"):
        act(house.auditor, following.ListMisuse, misuse_pb2.ListMisuseRequest(), role="auditor")

"""Whoever is shown something about a party leaves an entry: a walk through every method of the whole contract."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from typing import Any

import httpx
import psycopg
from psycopg import sql

from chengxin import Identifier
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
from chengxin.catalog.v1 import (
    access_pb2,
    access_pb2_grpc,
    archive_pb2,
    archive_pb2_grpc,
    catalog_pb2,
    catalog_pb2_grpc,
    record_pb2,
    record_pb2_grpc,
    sharing_pb2,
    sharing_pb2_grpc,
)
from chengxin.common.v1 import common_pb2, keys_pb2, keys_pb2_grpc
from chengxin.repair.v1 import desk_pb2, desk_pb2_grpc, repair_pb2, repair_pb2_grpc
from chengxin.witness import memory
from standalone.health import serves
from standalone.sample import MARK, SampleParty
from standalone.story.cast import Department, Visitor
from standalone.story.listing import ListCase
from standalone.story.sharing import finding, found
from standalone.story.stage import COPY, LICENCE, PENALTY, TENDER, came_true
from tests.support.running_house import RunningHouse

OFFICES = ("catalog", "blacklist", "repair", "audit")
METHODS = {
    f"{service.name}.{method.name}": service.file.package.split(".")[1]
    for module in (
        common_pb2,
        access_pb2,
        catalog_pb2,
        record_pb2,
        sharing_pb2,
        archive_pb2,
        blacklist_pb2,
        repair_pb2,
        desk_pb2,
        audit_pb2,
        questions_pb2,
        misuse_pb2,
        log_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
"""Every method of the five packages, and the office whose journal it has to be in."""
METHODS |= {
    f"KeyService.{method.name}": "catalog" for method in keys_pb2.DESCRIPTOR.services_by_name["KeyService"].methods
}

EXEMPT = {
    "CatalogService.GetCatalogItem",
    "CatalogService.ListCatalogItems",
    "CatalogService.ListMeasures",
    "SchemeService.GetScheme",
    "SchemeService.ListSchemes",
    "SharingService.ListPublicRecords",
    "AuditService.GetCheckpoint",
    "AuditService.GetInclusionProof",
    "AuditService.GetConsistencyProof",
    "AuditService.GetReceipt",
    "StatisticsService.GetStatistics",
}
"""What shows nothing about a party, the anonymous public list, checkpoints and proofs. Source: privacy-and-audit."""

MEASURES = ["procurement_bar", "no_commendation"]
OFFICIAL, DECIDER = f"{MARK}-walk-1", f"{MARK}-walk-2"


class Walk:
    """Goes from method to method, and notes which were called and which of them left no entry."""

    def __init__(self, house: RunningHouse) -> None:
        self._dsn = house.house.engines.admin_dsn
        self.called: set[str] = set()
        self.silent: set[str] = set()

    @contextmanager
    def calling(self, *methods: str, at: str = "") -> Generator[None]:
        """Within, these methods are called and answered; afterwards each has a new entry in its office's journal.

        `at`: the office, where several of them serve the method.
        """
        before = {office: self._last(office) for office in OFFICES}
        yield
        self.called.update(methods)
        for method in methods:
            office = at or METHODS[method]
            if method not in self._answered_since(office, before[office]):
                self.silent.add(f"{method} {at}".strip())

    def _last(self, office: str) -> int:
        return self._rows(office, "SELECT coalesce(max(entry_id), 0) FROM journal")[0][0]

    def _answered_since(self, office: str, entry_id: int) -> set[str]:
        rows = self._rows(office, "SELECT kind FROM journal WHERE entry_id > %s AND decision <> 'refused'", entry_id)
        return {kind for (kind,) in rows}

    def _rows(self, office: str, query: str, *values: object) -> list[Any]:
        with psycopg.connect(self._dsn) as connection:
            connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(office)))
            return connection.execute(query, values).fetchall()  # type: ignore[arg-type]


def test_a_method_that_leaves_no_entry_is_found(running_house: RunningHouse) -> None:
    walk = Walk(running_house)
    stub = running_house.market.stub("catalog", catalog_pb2_grpc.CatalogServiceStub)
    with walk.calling("CatalogService.ListMeasures"):
        running_house.market.ask(stub.ListMeasures, catalog_pb2.ListMeasuresRequest())
    assert walk.silent == {"CatalogService.ListMeasures"}


def test_every_method_that_shows_something_about_a_party_leaves_an_entry(running_house: RunningHouse) -> None:
    walk = Walk(running_house)
    _grants(walk, running_house)
    _records_and_answers(walk, running_house)
    _archive(walk, running_house)
    _the_list(walk, running_house)
    _repair(walk, running_house)
    _keys(walk, running_house)
    _audit(walk, running_house)
    _log(walk, running_house)
    assert walk.called == set(METHODS) - EXEMPT
    assert walk.silent == set()


def _act(who: Department, method: Any, request: Any, *, role: str, officer: str = OFFICIAL) -> Any:
    return who.ask(method, request, officer=officer, roles=[role])


def _grants(walk: Walk, house: RunningHouse) -> None:
    tax, steward = (who.stub("catalog", access_pb2_grpc.AccessServiceStub) for who in (house.tax, house.steward))
    with walk.calling("AccessService.RequestGrant"):
        asked = access_pb2.RequestGrantRequest(purpose=TENDER, item_codes=[PENALTY], days=1, justification=MARK)
        grant_id = _act(house.tax, tax.RequestGrant, asked, role="case_officer").grant.grant_id
    with walk.calling("AccessService.ApproveGrant"):
        approval = access_pb2.ApproveGrantRequest(grant_id=grant_id)
        _act(house.steward, steward.ApproveGrant, approval, role="steward", officer=DECIDER)
    with walk.calling("AccessService.RevokeGrant"):
        revocation = access_pb2.RevokeGrantRequest(grant_id=grant_id, reason=MARK)
        _act(house.steward, steward.RevokeGrant, revocation, role="steward", officer=DECIDER)
    with walk.calling("AccessService.ListGrants"):
        house.tax.ask(tax.ListGrants, access_pb2.ListGrantsRequest())


def _records_and_answers(walk: Walk, house: RunningHouse) -> None:
    market, party = house.market, house.repaired[0]
    asked = {"purpose": LICENCE, "matter": MARK, "officer": MARK}
    with walk.calling("RecordService.SubmitRecords"):
        record_id = finding(house, party, days_ago=120, number="9701")
    with walk.calling("SharingService.CheckSubject"):
        assert found(house, house.procurement, party, TENDER)
    with walk.calling("SharingService.CheckSubjects"):
        assert [one.found for one in market.client.check_many([Identifier.uscc(party.identifier)], **asked)] == [True]
    with walk.calling("SharingService.GetCreditReport"):
        assert market.client.report(uscc=party.identifier, **asked).records
    records = market.stub("catalog", record_pb2_grpc.RecordServiceStub)
    with walk.calling("RecordService.GetRecord"):
        market.ask(records.GetRecord, record_pb2.GetRecordRequest(record_id=record_id, matter=MARK))
    with walk.calling("RecordService.WithdrawRecord"):
        ended = record_pb2.WithdrawRecordRequest(
            record_id=record_id, reason=record_pb2.END_REASON_OBJECTION_UPHELD, matter=MARK
        )
        market.ask(records.WithdrawRecord, ended)
    copying = house.procurement.stub("catalog", sharing_pb2_grpc.SharingServiceStub)
    with walk.calling("SharingService.WatchChanges"):
        context = sharing_pb2.QueryContext(purpose=COPY, matter=MARK, officer=MARK)
        watching = sharing_pb2.WatchChangesRequest(context=context, until_caught_up=True)
        assert any(page.changes for page in house.procurement.ask(copying.WatchChanges, watching))
    with walk.calling("SharingService.AcknowledgeWithdrawal"):
        house.procurement.client.acknowledge(record_id)
    sharing = market.stub("catalog", sharing_pb2_grpc.SharingServiceStub)
    with walk.calling("SharingService.GetWithdrawalCertificate"):
        proof = sharing_pb2.GetWithdrawalCertificateRequest(record_id=record_id)
        assert market.ask(sharing.GetWithdrawalCertificate, proof).text
    finding(house, party, days_ago=120, number="9702")
    with walk.calling("RecordService.RevokeDocument"):
        number = f"{MARK}罚〔{house.today().year}〕9702号"
        revoked = market.ask(
            records.RevokeDocument, record_pb2.RevokeDocumentRequest(document_number=number, reason=MARK)
        )
        assert len(revoked.record_ids) == 1


def _keys(walk: Walk, house: RunningHouse) -> None:
    for office in OFFICES:
        _keys_at(walk, house, office)


def _keys_at(walk: Walk, house: RunningHouse, office: str) -> None:
    keys = house.steward.stub(office, keys_pb2_grpc.KeyServiceStub)
    with walk.calling("KeyService.ListKeys", at=office):
        key = next(
            one.name
            for one in house.steward.ask(keys.ListKeys, keys_pb2.ListKeysRequest()).keys
            if one.name.startswith("journal/")
        )
    asked = keys_pb2.StartRotationRequest(key=key, method=keys_pb2.ROTATION_METHOD_PROVIDER)
    with walk.calling("KeyService.StartRotation", at=office):
        begun = _act(house.steward, keys.StartRotation, asked, role="key_custodian").rotation

    def verified() -> bool:
        # Only the provider's key changes here: nobody has to learn of it, so that the minute can be left out.
        with psycopg.connect(house.house.engines.admin_dsn) as owner:
            owner.execute(
                f"UPDATE {office}.key_rotation SET known_at = pass_began, rest_until = clock_timestamp()"
                " WHERE state = 'working'"
            )
        newest = house.steward.ask(keys.ListKeys, keys_pb2.ListKeysRequest()).rotations[0]
        return newest.state == keys_pb2.ROTATION_STATE_VERIFIED

    assert came_true(verified)
    with walk.calling("KeyService.ApproveRetirement", at=office):
        approval = keys_pb2.ApproveRetirementRequest(rotation_id=begun.rotation_id)
        _act(house.steward, keys.ApproveRetirement, approval, role="key_custodian", officer=DECIDER)


def _archive(walk: Walk, house: RunningHouse) -> None:
    auditing, keeping = (
        who.stub("catalog", archive_pb2_grpc.ArchiveServiceStub) for who in (house.auditor, house.steward)
    )
    party = common_pb2.Identifier(kind=common_pb2.IDENTIFIER_KIND_USCC, value=house.repaired[0].identifier)
    with walk.calling("ArchiveService.RequestOpening"):
        asked = archive_pb2.RequestOpeningRequest(subject=party, basis="audit", basis_number=MARK, reason=MARK)
        opening = _act(house.auditor, auditing.RequestOpening, asked, role="auditor").opening
    with walk.calling("ArchiveService.ApproveOpening"):
        approval = archive_pb2.ApproveOpeningRequest(opening_id=opening.opening_id, subject=party)
        _act(house.steward, keeping.ApproveOpening, approval, role="steward", officer=DECIDER)
    with walk.calling("ArchiveService.OpenArchive"):
        wanted = archive_pb2.OpenArchiveRequest(opening_id=opening.opening_id)
        assert _act(house.auditor, auditing.OpenArchive, wanted, role="auditor").records
    with walk.calling("ArchiveService.ListOpenings"):
        house.auditor.ask(auditing.ListOpenings, archive_pb2.ListOpeningsRequest())


def _the_list(walk: Walk, house: RunningHouse) -> None:
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


def _repair(walk: Walk, house: RunningHouse) -> None:
    party = house.repaired[1]
    first, second = (finding(house, party, days_ago=120, number=number) for number in ("9703", "9704"))
    visitor = _signed_in(house, party)
    with walk.calling("SharingService.ListOwnRecords"):
        assert len(visitor.get("/me/records")["records"]) == 2
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
        _act(house.market, repairs.AcceptApplication, accepted, role="repair_officer")
    desk = house.market.stub("repair", desk_pb2_grpc.RepairDeskServiceStub)
    with walk.calling("RepairDeskService.ExamineApplication"):
        examined = desk_pb2.ExamineApplicationRequest(application_id=granted)
        evidence = _act(house.market, desk.ExamineApplication, examined, role="repair_officer").evidence
    with walk.calling("RepairDeskService.ReadEvidence"):
        wanted = desk_pb2.ReadEvidenceRequest(application_id=granted, evidence_id=evidence[0].evidence_id)
        pieces = _act(house.market, desk.ReadEvidence, wanted, role="repair_officer")
        assert b"".join(piece.content for piece in pieces) == MARK.encode()
    with walk.calling("RepairService.ExtendDecision"):
        extension = repair_pb2.ExtendDecisionRequest(application_id=granted, reasons=MARK)
        _act(house.market, repairs.ExtendDecision, extension, role="repair_head")
    with walk.calling("RepairService.DecideApplication"):
        decision = repair_pb2.DecideApplicationRequest(
            application_id=granted, grant=True, reasons=MARK, verification=MARK
        )
        _act(house.market, repairs.DecideApplication, decision, role="repair_officer")
    visitor.close()


def _applied(visitor: Visitor, record_id: str) -> str:
    applied = visitor.post(
        "/me/applications",
        json={"record_id": record_id, "correction": MARK, "commitment": True},
        headers={"Idempotency-Key": f"walk-{record_id}"},
    )
    return applied["application"]["application_id"]


def _audit(walk: Walk, house: RunningHouse) -> None:
    searches = house.auditor.stub("audit", audit_pb2_grpc.AuditServiceStub)
    with walk.calling("AuditService.SearchAccesses"):
        house.auditor.ask(searches.SearchAccesses, audit_pb2.SearchAccessesRequest())
    visitor = _signed_in(house, house.repaired[0])
    with walk.calling("AuditService.ListAccessesToSubject"):
        looked = visitor.get("/me/accesses")["accesses"][0]
    visitor.close()
    _questions(walk, house)
    _misuse(walk, house, source=looked["source"], entry_id=int(looked["entry_id"]))


def _log(walk: Walk, house: RunningHouse) -> None:
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
            _act(house.auditor, keeping.AdoptEpoch, adopted, role="auditor", officer=who).approved
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
            _act(house.auditor, getattr(asking, name), asked, role="auditor")
    with walk.calling("QuestionService.ExportAccesses"):
        export = questions_pb2.ExportAccessesRequest(basis=MARK, **{"from": {"seconds": 1}})
        assert [*_act(house.auditor, asking.ExportAccesses, export, role="auditor")]


def _misuse(walk: Walk, house: RunningHouse, **looked: Any) -> None:
    following = house.auditor.stub("audit", misuse_pb2_grpc.MisuseServiceStub)
    reporting = house.auditor.stub("audit", audit_pb2_grpc.AuditServiceStub)
    with walk.calling("AuditService.ReportMisuse"):
        report = misuse_pb2.ReportMisuseRequest(report=MARK, **looked)
        matter = _act(house.auditor, reporting.ReportMisuse, report, role="auditor").matter
    which = {"matter_id": matter.matter_id}
    for name, said, officer in (
        ("TakeUp", "note", OFFICIAL),
        ("Decide", "reasons", DECIDER),
        ("Answer", "answer", OFFICIAL),
    ):
        with walk.calling(f"MisuseService.{name}Misuse"):
            step = getattr(misuse_pb2, f"{name}MisuseRequest")(**which, **{said: MARK})
            _act(house.auditor, getattr(following, f"{name}Misuse"), step, role="auditor", officer=officer)
    with walk.calling("MisuseService.GetMisuse"):
        _act(house.auditor, following.GetMisuse, misuse_pb2.GetMisuseRequest(**which), role="auditor")
    with walk.calling("MisuseService.ListMisuse"):
        _act(house.auditor, following.ListMisuse, misuse_pb2.ListMisuseRequest(), role="auditor")

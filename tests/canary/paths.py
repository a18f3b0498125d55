"""Every path on which a personal value travels through the house: what it takes, what it refuses, what it fails at."""

from __future__ import annotations

import csv
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import grpc
import httpx

from chengxin import Document, DocumentKind, Identifier, Party, Record, Severity
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
from chengxin.client.errors import ChengxinError
from chengxin.common.v1 import common_pb2, keys_pb2, keys_pb2_grpc
from foundation.journal.writer import OFFICER_KEY
from standalone import sample_file
from standalone.sample import MARK, SampleParty
from standalone.story.cast import Visitor
from standalone.story.stage import COPY, LICENCE, PENALTY, Stage, came_true
from tests.canary.misplaced import misplaced
from tests.canary.planted import Planted
from tests.support.up import chengxin

MEASURES = ["procurement_bar", "no_commendation"]
PRIVATE_PATHS = ("/me/", "/session")


class Paths:
    """Walks them one after another. `folder` is the departments' own disk."""

    def __init__(self, stage: Stage, planted: Planted, folder: Path) -> None:
        self._stage = stage
        self._planted = planted
        self._folder = folder
        self.refusals = 0
        self.urls: list[str] = []
        self.cacheable: list[str] = []
        """Private answers of the gateway that a browser may keep."""

    def party(self, which: str, kind: str = "enterprise") -> SampleParty:
        """A planted party."""
        number = "uscc" if kind == "enterprise" else "resident_id"
        return SampleParty(
            self._planted[f"name of the {which} {kind}"], number, self._planted[f"id of the {which} {kind}"]
        )

    def walk(self) -> None:
        """All of them."""
        self.grants()
        self.hand_in_by_file()
        self.hand_in_by_call()
        self.questions()
        misplaced(self._stage, self._planted, self._context(), self._refused)
        self.list_case()
        self.repair()
        self.end()
        self.audit()
        self.rotate()

    def grants(self) -> None:
        """Apply for and approve, with a justification that says too much."""
        asked = self._stage.market.act(
            "catalog",
            "RequestGrant",
            officer=self._planted["officer of a case"],
            role="case_officer",
            purpose=LICENCE,
            item_codes=[PENALTY],
            field_names=["penalty_content", "facts"],
            days=90,
            justification=self._planted["justification of a grant"],
        )
        self._stage.steward.act(
            "catalog",
            "ApproveGrant",
            officer=self._planted["decider of a case"],
            role="steward",
            grant_id=asked.grant.grant_id,
        )

    def hand_in_by_file(self) -> None:
        """A file by the command, good and bad rows; file, rejects and output are the department's own."""
        rows = [
            self._row("listed", "enterprise"),
            self._row("recorded", "person"),
            self._row("refused", "enterprise") | {sample_file.DECIDED: "2099-01-01"},
            self._row("refused", "person") | {sample_file.PROHIBITED: self._planted["text in a wrong place"]},
            self._row("refused", "person") | {sample_file.ID_NUMBER: self._planted["id of the refused person"][::-1]},
        ]
        file = self._folder / "hand-in.csv"
        with file.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.DictWriter(stream, sample_file.COLUMNS, restval="")
            writer.writeheader()
            writer.writerows(rows)
        market = str(self._stage.market.folder)
        said = self._command("submit", str(file), "--sample", "--identity", market, "--json")
        assert '"accepted": 2' in said, said
        numbers = self._folder / "numbers.txt"
        numbers.write_text(self._planted["id of the recorded person"] + "\n")
        context = ("--matter", self._planted["matter of a question"])
        context += ("--officer", self._planted["officer of a question"])
        self._command(
            "check",
            "--file",
            str(numbers),
            "--kind",
            "resident-id",
            "--purpose",
            LICENCE,
            *context,
            "--identity",
            market,
        )

    def hand_in_by_call(self) -> None:
        """Records of the contract, among them what must be refused."""
        market, planted = self._stage.market.client, self._planted
        number = planted["record number"]
        (first,) = market.submit([self._record("repaired", number)])
        assert first.record_id, first
        self.repaired_id = first.record_id
        market.submit([self._record("asked", number)])  # the number with other content
        bad = self._record("refused", number + "2")
        stub = self._stage.market.stub("catalog", record_pb2_grpc.RecordServiceStub)
        for change in (
            {"item_code": planted["id misplaced as item code"]},
            {"party": {"name": bad.party.name + "\0", "identifier": {"kind": 1, "value": bad.party.identifier.value}}},
            {"party": {"name": bad.party.name, "identifier": {"kind": 99, "value": bad.party.identifier.value}}},
            {"party": {"name": bad.party.name, "identifier": {"kind": 4, "value": planted["id: a passport"] + "Х"}}},
            {"fields": [{"name": planted["id misplaced as field name"], "value": planted["facts of a record"]}]},
            {"party": {"name": bad.party.name * 400, "identifier": {"kind": 1, "value": bad.party.identifier.value}}},
        ):
            draft = record_pb2.RecordDraft(**{"record_number": "x", "item_code": PENALTY, **change})  # type: ignore[arg-type]
            self._refused(
                lambda draft=draft: list(
                    stub.SubmitRecords(iter([record_pb2.SubmitRecordsRequest(records=[draft])]), timeout=10)
                )
            )

    def questions(self) -> None:
        """One by one, in bulk, reports, the public list by name."""
        market, context = self._stage.market.client, self._context()
        for which in ("listed", "asked"):
            market.check(uscc=self._planted[f"id of the {which} enterprise"], **context)
        everybody = [
            Identifier.resident_id(self._planted[f"id of the {which} person"])
            for which in ("recorded", "asked", "refused")
        ]
        list(market.check_many(everybody, **context))
        market.report(uscc=self._planted["id of the repaired enterprise"], **context)
        self._refused(lambda: self._stage.tax.client.check(uscc=self._planted["id of the asked enterprise"], **context))
        self._refused(
            lambda: market.check(Identifier.resident_id(self._planted["id of the asked person"][:-1]), **context)
        )
        public = self._stage.market.stub("catalog", sharing_pb2_grpc.SharingServiceStub)
        for which in ("repaired", "asked"):
            asked = sharing_pb2.ListPublicRecordsRequest(name=self._planted[f"name of the {which} enterprise"])
            found = self._stage.market.ask(public.ListPublicRecords, asked).records
            assert bool(found) == (which == "repaired")

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
        subject = common_pb2.Identifier(kind=2, value=planted["id of the recorded person"])  # type: ignore[arg-type]
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
        party = common_pb2.Identifier(kind=1, value=planted["id of the repaired enterprise"])  # type: ignore[arg-type]
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

    def _context(self) -> dict[str, str]:
        return {
            "purpose": LICENCE,
            "matter": self._planted["matter of a question"],
            "officer": self._planted["officer of a question"],
        }

    def _row(self, which: str, kind: str) -> dict[str, str]:
        market, today = self._stage.market.authority, self._stage.today()
        (good,) = sample_file.hand_in(self._stage.world, market, today=today, rows=1)
        party = self.party(which, kind)
        person = kind == "person"
        return good.cells | {
            sample_file.NAME: party.name,
            sample_file.TYPE: "自然人" if person else "法人及非法人组织",
            sample_file.USCC: "" if person else party.identifier,
            sample_file.ID_TYPE: "身份证" if person else "",
            sample_file.ID_NUMBER: party.identifier if person else "",
            sample_file.DOCUMENT: self._planted["document number"] + which + kind,
            sample_file.FACTS: self._planted["facts of a record"],
            sample_file.NUMBER: self._planted["record number"] + which + kind,
        }

    def _record(self, which: str, number: str) -> Record:
        day = self._stage.today() - timedelta(days=120)
        party = self.party(which)
        return Record(
            record_number=number,
            item_code=PENALTY,
            party=Party(identifier=Identifier.uscc(party.identifier), name=party.name),
            document=Document(
                kind=DocumentKind.PENALTY_DECISION,
                number=f"{self._planted['document number']}{number}",
                authority=self._stage.market.authority.code,
                determined_on=day,
                effective_on=day,
            ),
            severity=Severity.ORDINARY,
            fields={
                "violation_type": f"{MARK}违法行为",
                "facts": self._planted["facts of a record"],
                "legal_basis": "样例法规第一条",
                "penalty_category": "罚款",
                "penalty_content": self._planted["content of a penalty"],
                "fine_yuan": "10000.00",
            },
            sample=True,
        )

    def _refused(self, attempt: Callable[[], Any]) -> None:
        try:
            attempt()
        except (ChengxinError, grpc.RpcError, httpx.HTTPError, ValueError, TypeError):
            self.refusals += 1

    def _command(self, *arguments: str) -> str:
        ended = chengxin(*arguments, cwd=self._folder)
        assert ended.returncode in (0, 1), ended.stderr
        return ended.stdout

    def _answered(self, response: httpx.Response) -> None:
        self.urls.append(str(response.request.url))
        private = any(part in response.request.url.path for part in PRIVATE_PATHS)
        if private and "no-store" not in response.headers.get("cache-control", ""):
            self.cacheable.append(response.request.url.path)

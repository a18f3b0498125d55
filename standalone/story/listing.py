"""Scene of the list: every step of 54号 clause 8, and the attempts to skip one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import yaml

from chengxin.blacklist.v1 import blacklist_pb2 as pb
from chengxin.blacklist.v1.blacklist_pb2_grpc import CaseServiceStub
from chengxin.proofs import note
from foundation.policy import LawBook, Severity
from foundation.settings import LAW, role_dsn
from standalone.sample import MARK
from standalone.story.cast import refused_for
from standalone.story.sharing import found
from standalone.story.stage import TENDER, Stage, came_true

_WRITTEN: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
"""By step, the fields of its request that are the same in each case."""
SCHEME = _WRITTEN["OpenCase"]["scheme_code"]
PROPOSER, DECIDER = f"{MARK}-case-1", f"{MARK}-decider-1"


class ListCase:
    """One case, taken through the office by two officials of the list authority."""

    def __init__(self, stage: Stage) -> None:
        self._market = stage.market
        self._day = (stage.today() - timedelta(days=200)).isoformat()
        self.case_id = ""
        party = stage.listed
        identifier = {"kind": "IDENTIFIER_KIND_USCC", "value": party.identifier}
        named, key = {"identifier": identifier, "name": party.name}, f"story-{party.identifier}"
        opened = self._step("OpenCase", party=named, idempotency_key=key)
        self.case_id = opened.case.case_id

    def act(self, method: Callable[..., Any], request: Any) -> Any:
        """Call a method as the case's officer."""
        return self._market.ask(method, request, officer=PROPOSER, roles=["case_officer"])

    def _step(self, step: str, *, officer: str = PROPOSER, role: str = "case_officer", **fields: Any) -> Any:
        same = _WRITTEN.get(step, {}) | ({"case_id": self.case_id} if self.case_id else {})
        return self._market.act("blacklist", step, officer=officer, role=role, **same, **fields)

    def evidence(self) -> None:
        """Add evidence."""
        header = pb.EvidenceUpload(case_id=self.case_id)
        header.evidence.file_name = "样例调查笔录.txt"
        header.evidence.media_type = "text/plain"
        header.evidence.description = f"{MARK}：调查笔录"
        content = pb.UploadEvidenceRequest(content=f"{MARK}：调查笔录全文。".encode())
        parts = [pb.UploadEvidenceRequest(header=header), content]
        self.act(self._market.stub("blacklist", CaseServiceStub).UploadEvidence, iter(parts))

    def match(self) -> None:
        """Hold the evidence against the standard."""
        self._step("MatchStandard")

    def find(self, measures: list[str]) -> None:
        """Find the facts, with the leniency question answered."""
        document = {
            "kind": "DOCUMENT_KIND_PENALTY_DECISION",
            "number": f"{MARK}罚〔{self._day[:4]}〕9001号",
            "authority": self._market.authority.code,
            "determined_on": self._day,
            "effective_on": self._day,
        }
        self._step("FindFacts", basis_document=document, measure_codes=measures)

    def panel(self) -> None:
        """Hold the panel meeting."""
        self._step("HoldPanel")

    def notify(self) -> Any:
        """Serve the notice; the window opens."""
        return self._step("NotifyParty").case

    def decide(self, measures: list[str], *, officer: str = DECIDER, number: str = "1") -> None:
        """Decide to list."""
        decision = f"{MARK}列〔2026〕{number}号"
        self._step("Decide", officer=officer, role="decider", measure_codes=measures, decision_number=decision)

    def serve(self) -> Any:
        """Serve the decision; from here the listing is carried out."""
        return self._step("ServeDecision")

    def case(self) -> Any:
        """The case as it stands."""
        return self._step("GetCase").case

    def document(self) -> str:
        """The signed decision."""
        return self._step("GetDecisionDocument").text


def listing(stage: Stage) -> None:
    """A party is listed by due process; what tries to skip a step is refused by code and by database."""
    say = stage.narrator.say
    stage.narrator.scene("名单认定", "The list: every step of clause 8, none can be skipped")
    measures = _measures(stage)
    case = ListCase(stage)
    refusals = [refused_for(case.match), refused_for(case.panel), refused_for(lambda: case.decide(measures))]
    say(f"opened; matching without evidence, a panel and a decision out of order: {', '.join(refusals)}")
    case.evidence()
    case.match()
    case.find(measures)
    case.panel()
    noticed = case.notify()
    refusals.append(refused_for(lambda: case.decide(measures)))
    refusals.append(_sql_refusal(stage, case.case_id))
    say(f"notice served; the window is open until {noticed.window_ends_before}")
    say(f"deciding before that: {refusals[-2]}; by SQL as the office's own role: {refusals[-1]}")
    stage.let_pass(days=(date.fromisoformat(noticed.window_ends_before) - stage.today()).days + 1)
    refusals.append(refused_for(lambda: case.decide(measures, officer=PROPOSER)))
    say(f"after the window, decided by who proposed it: {refusals[-1]}")
    case.decide(measures)
    case.serve()
    stage.report.skipped_step_refusals = sum(map(bool, refusals))
    stage.report.listings += came_true(lambda: case.case().state == pb.CASE_STATE_LISTED)
    text = case.document()
    note.verify(text, [stage.house.data.doors()["blacklist_vkey"]])
    say(f"decided by another official, served, listed; the signed decision has {len(text.splitlines())} lines")
    say(f"财政 asks: {'found' if found(stage, stage.procurement, stage.listed, TENDER) else 'not found'}")


def _measures(stage: Stage) -> list[str]:
    book = LawBook.load(LAW)
    fitting = [
        measure.code
        for measure in book.measures_in_force(stage.today())
        if measure.may_follow(area=SCHEME, severity=Severity.SERIOUS, subject_type="enterprise")
    ]
    return fitting[:2]


def _sql_refusal(stage: Stage, case_id: str) -> str:
    """Try to put a decision in by SQL, as the list office's login role, with a time of one's own."""
    password = (stage.house.data.role_passwords / "blacklist_app").read_text().strip()
    dsn = role_dsn(stage.house.engines.admin_dsn, "blacklist_app", password)
    try:
        with psycopg.connect(dsn) as connection:
            connection.execute(
                "INSERT INTO blacklist.case_step (bucket, case_id, seq, step, state, at, officer, artefact,"
                " artefact_digest, measures, published)"
                " SELECT bucket, case_id, seq + 2, 'decide_to_list', 'decided', now() - interval '90 days', 'somebody',"
                " '\\x00', sha256('\\x00'), measures, true FROM blacklist.case_step"
                " WHERE case_id = %s AND step = 'find_facts'",
                (case_id,),
            )
    except psycopg.Error as error:
        return error.diag.message_primary or type(error).__name__
    return ""

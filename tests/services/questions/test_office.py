"""The audit office as auditors meet it: over mutual TLS, by method and by command."""

from __future__ import annotations

import asyncio
import csv
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc.aio
import psycopg
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from chengxin.audit.v1 import audit_pb2_grpc, misuse_pb2, misuse_pb2_grpc, questions_pb2, questions_pb2_grpc
from chengxin.cli.audit import app
from foundation.identity import Identifier
from foundation.rpc.messages import identifier_message
from tests.services.questions.house import AUDITORS, BASIS, DEPARTMENTS, PARTY, SCHEMAS, AuditHouse, company
from tests.support.databases import SchemaDatabase
from tests.support.eventually import eventually
from tests.support.identities import Identities, RefusedByOffice
from tests.support.office_process import OfficeProcess

FINDS = ["FindOffHours", "FindFarAbovePeers", "FindRepeatedLooks", "FindWithoutMatter", "FindOverdueSteps"]
QUESTIONS = [*FINDS, "ListLooks", "CountRefusals", "CountLooks", "ListArchiveOpenings"]
SYSTEMS = {
    "audit": (AUDITORS, ("office",)),
    "gateway": (AUDITORS, ("gateway",)),
    "auditor": (AUDITORS, ("auditor",)),
    "consumer": (DEPARTMENTS[0], ("consumer",)),
}


class Office:
    """A running audit office, and those who call it."""

    def __init__(self, house: AuditHouse, identities: Identities, process: OfficeProcess) -> None:
        self.house, self.identities, self.process = house, identities, process

    async def ask(self, system: str, method: str, request: Any, assertion: str = "") -> Any:
        """Call a method; a stream is given as its list."""
        async with self.identities.channel(system, self.process.address) as channel:
            stubs = (
                questions_pb2_grpc.QuestionServiceStub(channel),
                misuse_pb2_grpc.MisuseServiceStub(channel),
                audit_pb2_grpc.AuditServiceStub(channel),
            )
            call = next(getattr(stub, method) for stub in stubs if hasattr(stub, method))
            metadata = [("chengxin-assertion", assertion)] if assertion else []
            try:
                answer = call(request, metadata=metadata, timeout=10)
                return [one async for one in answer] if method.startswith("Export") else await answer
            except grpc.aio.AioRpcError as error:
                raise RefusedByOffice(error) from None

    async def refusal(self, *asked: Any) -> str:
        with pytest.raises(RefusedByOffice) as refused:
            await self.ask(*asked)
        return refused.value.reason

    def auditor(self, subject: str = "auditor-1", **more: Any) -> str:
        return self.identities.officer(subject, "auditor", by="auditor", **more)

    def entries(self) -> list[tuple[str, str, str]]:
        return self.house.sql("audit", "SELECT kind, decision, reason FROM journal ORDER BY entry_id")


def request(method: str, **changes: Any) -> Any:
    """The request of a question about this month."""
    if method == "ExportAccesses":
        return questions_pb2.ExportAccessesRequest(**{"from": {"seconds": 1}, "basis": BASIS, **changes})
    asked = questions_pb2.Question(**{"basis": BASIS, "authority": DEPARTMENTS[0], **changes})
    return getattr(questions_pb2, f"{method}Request")(question=asked)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def office(
    schema_db: Callable[..., SchemaDatabase], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Office]:
    folder = tmp_path_factory.mktemp("questions")
    database = schema_db(*SCHEMAS)
    identities = Identities.make(folder, database, ["audit"], trust_domain="audit.test", systems=SYSTEMS)
    house = AuditHouse(database, folder / "keys")
    log_key = house.folder / "audit" / "log.key"
    log_key.touch(mode=0o600)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    log_key.write_bytes(pem)
    process = OfficeProcess("audit", identities, database, CHENGXIN_KEYS=str(house.folder / "audit"))
    await process.start()
    (folder / "auditor" / "house.json").write_text(json.dumps({"audit": process.address}))
    for _ in range(6):
        await house.look(at=None, matter="")
    yield Office(house, identities, process)
    await process.stop()
    await house.close()


@pytest.mark.parametrize("method", [*QUESTIONS, "ExportAccesses"])
async def test_a_question_needs_an_auditor_s_system_and_official_and_a_basis(office: Office, method: str) -> None:
    given = office.auditor()
    by_consumer = office.identities.officer("x", "auditor", by="consumer")
    assert await office.refusal("consumer", method, request(method), by_consumer) == "ROLE_REQUIRED"
    assert await office.refusal("auditor", method, request(method)) == "ASSERTION_REQUIRED"
    clerk = office.identities.officer("x", "case_officer", by="auditor")
    assert await office.refusal("auditor", method, request(method), clerk) == "OFFICER_ROLE_REQUIRED"
    foreign = office.auditor(authority=DEPARTMENTS[3])
    assert await office.refusal("auditor", method, request(method), foreign) == "OFFICER_ROLE_REQUIRED"
    assert await office.refusal("auditor", method, request(method, basis=""), given) == "BASIS_REQUIRED"
    before = len(office.entries())
    await office.ask("auditor", method, request(method), given)
    assert office.entries()[before:] == [(f"QuestionService.{method}", "answered", "")]
    refused = {kind for kind, decision, _ in office.entries() if decision == "refused"}
    assert f"QuestionService.{method}" in refused


async def test_findings_name_the_official_the_numbers_and_the_entries(office: Office) -> None:
    found = await office.ask("auditor", "FindWithoutMatter", request("FindWithoutMatter"), office.auditor())
    [finding] = found.findings
    assert (finding.detector, finding.officer, finding.count) == ("matter_missing", "officer-1", 6)
    assert len(finding.entries) == 6
    assert "6" in finding.because_en
    assert "6" in finding.because_zh


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"page_size": 1_001}, "VALUE_INVALID", "page_size"),
        ({"to": {"seconds": 10**15}}, "VALUE_INVALID", "question.to"),
        ({"page_token": "x"}, "VALUE_INVALID", "question.page_token"),
        ({"authority": "a\u0000b"}, "VALUE_INVALID", "authority"),
        ({"from": {"seconds": 1}}, "QUESTION_TOO_WIDE", "question.from"),
        ({"basis": "x" * 101}, "VALUE_INVALID", "basis"),
    ],
)
async def test_a_question_outside_the_contract_is_refused(
    office: Office, changes: dict[str, Any], reason: str, field: str
) -> None:
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("auditor", "ListLooks", request("ListLooks", **changes), office.auditor())
    assert (refused.value.reason, refused.value.field) == (reason, field)


async def test_a_party_reports_at_the_gateway_and_is_answered(office: Office) -> None:
    def person(party: Identifier = PARTY) -> str:
        return office.identities.person(party)

    looked = await office.house.look(at=None)
    asked = misuse_pb2.ReportMisuseRequest(source="catalog", entry_id=looked.entry_id, report="样例")
    assert await office.refusal("gateway", "ReportMisuse", asked, person(company(4))) == "NOT_FOUND"
    matter = (await office.ask("gateway", "ReportMisuse", asked, person())).matter
    assert (matter.state, matter.by_party, matter.overdue) == (misuse_pb2.MISUSE_STATE_REPORTED, True, False)
    step = {"matter_id": matter.matter_id}
    taken = misuse_pb2.TakeUpMisuseRequest(**step, note="样例")
    assert await office.refusal("gateway", "TakeUpMisuse", taken, person()) == "ROLE_REQUIRED"
    await office.ask("auditor", "TakeUpMisuse", taken, office.auditor())
    decided = misuse_pb2.DecideMisuseRequest(**step, upheld=True, reasons="样例理由")
    assert await office.refusal("auditor", "DecideMisuse", decided, office.auditor()) == "SECOND_OFFICIAL_REQUIRED"
    await office.ask("auditor", "DecideMisuse", decided, office.auditor("auditor-2"))
    answered = misuse_pb2.AnswerMisuseRequest(**step, answer="样例答复")
    await office.ask("auditor", "AnswerMisuse", answered, office.auditor())
    assert await office.refusal("auditor", "AnswerMisuse", answered, office.auditor()) == "STEP_OUT_OF_ORDER"
    mine = (await office.ask("gateway", "GetMisuse", misuse_pb2.GetMisuseRequest(**step), person())).matter
    assert [one.text for one in mine.steps] == ["样例", "", "样例理由", "样例答复"]
    assert {one.officer for one in mine.steps} == {""}
    assert mine.steps[2].upheld
    listed = await office.ask("gateway", "ListMisuse", misuse_pb2.ListMisuseRequest(), person())
    assert [one.matter_id for one in listed.matters] == [matter.matter_id]
    kinds = {kind for kind, decision, _ in office.entries() if decision != "refused"}
    assert kinds >= {"AuditService.ReportMisuse", "MisuseService.DecideMisuse", "MisuseService.ListMisuse"}


async def command(office: Office, *arguments: str, code: int = 0, give: str = "") -> str:
    """Run `chengxin audit …` as the auditor; give what it printed."""
    file = office.identities.folder / "assertion.jwt"
    file.write_text(office.auditor("auditor-9"))
    line = [*arguments, "--assertion", str(file), "--identity", str(office.identities.folder / "auditor")]
    result = await asyncio.to_thread(CliRunner().invoke, app, line, give)
    assert result.exit_code == code, result.output
    return result.stdout if "--json" in arguments else result.output


@pytest.mark.parametrize(
    "name", ["off-hours", "above-peers", "repeated", "matters", "overdue", "refusals", "openings", "looks", "subject"]
)
async def test_every_question_is_a_command(office: Office, name: str) -> None:
    about = ["--uscc", PARTY.value.reveal()] if name == "subject" else []
    asked = ["ask", name, "--basis", BASIS, "--authority", DEPARTMENTS[0], *about]
    shown = json.loads(await command(office, *asked, "--json"))
    rows = next(value for value in shown.values() if isinstance(value, list))
    table = await command(office, *asked)
    assert (rows and str(rows[0].get("authority"))[:8] in table) or "Nothing of that kind" in table
    assert shown["receipt"]["source"] == "audit"


async def test_misuse_is_followed_by_command(office: Office) -> None:
    looked = await office.house.look(at=None)
    said = await command(office, "misuse", "report", f"catalog/{looked.entry_id}", "--text", "-", "--json", give="样例")
    matter = json.loads(said)["matter"]["matter_id"]
    assert "TAKEN_UP" in await command(office, "misuse", "take-up", matter, "--text", "样例")
    refused = await command(office, "misuse", "uphold", matter, "--text", "样例", code=1)
    assert "SECOND_OFFICIAL_REQUIRED" in refused
    assert matter in await command(office, "misuse", "list", "--open")
    assert "样例" in await command(office, "misuse", "show", matter)
    assert "SOURCE/ENTRY" in await command(office, "misuse", "report", "x", code=2)


async def test_the_export_is_a_file_for_its_owner_alone_without_formulas(office: Office, tmp_path: Path) -> None:
    looked = await office.house.look(at=None, matter="=cmd|'/c calc'!A1", officer="+1")

    def logged() -> bool:
        named = "SELECT 1 FROM log_entry WHERE source = 'catalog' AND entry_id = {}"
        return bool(office.house.sql("audit", named, looked.entry_id))

    await eventually(logged)
    out = tmp_path / "looks.csv"
    period = ["--from", "2026-01-01", "--basis", BASIS]
    await command(office, "export", str(out), *period, "--private")
    assert out.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == [out.name]
    rows = list(csv.DictReader(out.open(encoding="utf-8", newline="")))
    [row] = [row for row in rows if (row["source"], row["entry_id"]) == ("catalog", str(looked.entry_id))]
    assert (row["matter"], row["officer"]) == ("'=cmd|'/c calc'!A1", "'+1")
    await command(office, "export", str(out), *period)
    assert {(row["matter"], row["officer"], row["item_codes"]) for row in csv.DictReader(out.open())} == {("", "", "")}
    last = json.loads(await command(office, "export", str(out), *period, "--authority", DEPARTMENTS[5], "--json"))
    assert last == {"file": str(out), "entries": 0}
    refused = await command(office, "export", str(out), *period, "--after", "x", code=2)
    assert "looks.csv.part" in refused


def test_audit_reader_sees_no_party_in_what_it_was_newly_given(office: Office) -> None:
    with psycopg.connect(office.house.database.dsn("audit_reader")) as reader:
        for schema, view in (("catalog", "awaited_step"), ("repair", "awaited_step"), ("blacklist", "house_matter")):
            names = {column.name for column in reader.execute(f"SELECT * FROM {schema}.{view}").description or ()}  # type: ignore[arg-type]
            assert names <= {"bucket", "matter", "authority", "step", "since", "due_on"}
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("SELECT party FROM blacklist.case_file")


async def test_who_looked_at_a_party_is_asked_without_its_number_on_the_command_line(office: Office) -> None:
    number = PARTY.value.reveal()
    shown = await command(office, "ask", "subject", "--basis", BASIS, "--json", give=f"{number}\n")
    assert {one["authority"] for one in json.loads(shown)["accesses"]} >= {DEPARTMENTS[0]}
    assert identifier_message(PARTY).value == number
    two = await command(office, "ask", "subject", "--basis", BASIS, give=f"{number}\n{number}\n", code=2)
    assert "one party" in two

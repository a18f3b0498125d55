"""A house in which tests act as officers, as another office, as operator and as attacker."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import psycopg
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from chengxin.blacklist.v1 import blacklist_pb2 as pb
from chengxin.blacklist.v1 import blacklist_pb2_grpc
from chengxin.catalog.v1 import record_pb2, record_pb2_grpc
from chengxin.common.v1 import common_pb2
from foundation.access import issue_assertion
from foundation.identity import resident_check_digit
from standalone.enrol import Enrolment
from tests.services.blacklist.processes import AUTHORITY, DEPLOYMENT, OFFICES, OfficeProcess, code, prepare
from tests.support.databases import SchemaDatabase
from tests.support.eventually import eventually
from tests.support.refusals import reason_of

FINDER, HEARER, DECIDER = "case-officer-1", "case-officer-2", "decider-1"
MEASURES = ("procurement_bar", "no_commendation")
PDF = b"%PDF-1.7\nsample"


class RefusedByOffice(Exception):
    """The office refused: stable reason, status, text."""

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        super().__init__(reason_of(error) or error.details())
        self.reason = reason_of(error)
        self.code = error.code()
        self.text = error.details() or ""


@dataclass
class Voice:
    """An official, or a system without one, speaking to the list office."""

    house: ListHouse
    system: str
    subject: str = ""
    roles: tuple[str, ...] = ("case_officer",)
    authority: str = AUTHORITY

    async def ask(self, method: str, request: Any, *, service: str = "Case") -> Any:
        """Call a method; raises RefusedByOffice."""
        stub = getattr(blacklist_pb2_grpc, f"{service}ServiceStub")(self.house.channel(self.system))
        token = self.house.assertion(self) if self.subject else None
        metadata = [("chengxin-assertion", token)] if token else []
        try:
            return await getattr(stub, method)(request, metadata=metadata, timeout=10)
        except grpc.aio.AioRpcError as error:
            raise RefusedByOffice(error) from None

    async def open(
        self,
        party: common_pb2.Party,
        *,
        scheme: str = "market_regulation",
        cause: str = "抽检不合格。",
        key: str = "",
        sample: bool = True,
    ) -> pb.Case:
        request = pb.OpenCaseRequest(
            scheme_code=scheme, party=party, cause=cause, idempotency_key=key or uuid.uuid4().hex, sample=sample
        )
        return (await self.ask("OpenCase", request)).case

    async def upload(
        self, case: pb.Case, content: bytes = PDF, *, media_type: str = "application/pdf"
    ) -> pb.UploadEvidenceResponse:
        header = pb.EvidenceUpload(case_id=case.case_id)
        header.evidence.file_name = "检验报告.pdf"
        header.evidence.media_type = media_type
        header.evidence.description = "抽检报告"
        return await self.send([pb.UploadEvidenceRequest(header=header), *_pieces(content)])

    async def send(self, parts: list[pb.UploadEvidenceRequest]) -> pb.UploadEvidenceResponse:
        """Upload exactly these parts."""

        async def stream() -> AsyncIterator[pb.UploadEvidenceRequest]:
            for part in parts:
                yield part

        return await self.ask("UploadEvidence", stream())

    async def match(self, case: pb.Case, *codes: str) -> pb.Case:
        request = pb.MatchStandardRequest(
            case_id=case.case_id, criterion_codes=codes or ("M1",), reasoning="货值较大，情节严重。"
        )
        return (await self.ask("MatchStandard", request)).case

    async def find(
        self,
        case: pb.Case,
        *,
        measures: tuple[str, ...] = MEASURES,
        under_age: bool = False,
        slight: bool = False,
        facts: str = "生产经营不合格食品。",
        **document: Any,
    ) -> pb.Case:
        today = self.house.today().isoformat()
        values = {
            "kind": common_pb2.DOCUMENT_KIND_PENALTY_DECISION,
            "number": "样例罚〔2026〕1号",
            "authority": AUTHORITY,
            "determined_on": today,
            "effective_on": today,
        }
        request = pb.FindFactsRequest(
            case_id=case.case_id,
            facts=facts,
            basis_document=common_pb2.Document(**(values | document)),
            leniency=pb.LeniencyAnswer(under_age=under_age, slight=slight, reasons="已逐项审查。"),
            measure_codes=measures,
        )
        return (await self.ask("FindFacts", request)).case

    async def hold_panel(self, case: pb.Case, *members: str) -> pb.Case:
        request = pb.HoldPanelRequest(
            case_id=case.case_id, minutes="一致同意。", members=members or ("101", "102", "103")
        )
        return (await self.ask("HoldPanel", request)).case

    async def notify(self, case: pb.Case, method: str = "in_person") -> pb.NotifyPartyResponse:
        request = pb.NotifyPartyRequest(case_id=case.case_id, service_method=method, proof_of_service="当面签收。")
        return await self.ask("NotifyParty", request)

    async def state(self, case: pb.Case, statement: str = "已经召回。") -> pb.Case:
        request = pb.SubmitStatementRequest(case_id=case.case_id, statement=statement)
        return (await self.ask("SubmitStatement", request)).case

    async def answer(self, case: pb.Case, *, upheld: bool = False) -> pb.Case:
        request = pb.AnswerStatementRequest(case_id=case.case_id, answer="经核实不成立。", upheld=upheld)
        return (await self.ask("AnswerStatement", request)).case

    async def decide(
        self, case: pb.Case, *, to_list: bool = True, measures: tuple[str, ...] = MEASURES, number: str = ""
    ) -> pb.Case:
        request = pb.DecideRequest(
            case_id=case.case_id,
            list=to_list,
            reasons="事实清楚，证据确凿。",
            measure_codes=measures if to_list else (),
            decision_number=number or f"样例列〔2026〕{uuid.uuid4().hex[:8]}号",
        )
        return (await self.ask("Decide", request)).case

    async def serve(self, case: pb.Case) -> pb.Case:
        request = pb.ServeDecisionRequest(case_id=case.case_id, service_method="post", proof_of_service="EMS 回执。")
        return (await self.ask("ServeDecision", request)).case

    async def get(self, case: pb.Case) -> pb.Case:
        return (await self.ask("GetCase", pb.GetCaseRequest(case_id=case.case_id))).case

    async def document(self, case: pb.Case) -> str:
        request = pb.GetDecisionDocumentRequest(case_id=case.case_id)
        return (await self.ask("GetDecisionDocument", request)).text

    async def listing(self, listing_id: str) -> pb.Listing:
        request = pb.GetListingRequest(listing_id=listing_id)
        return (await self.ask("GetListing", request, service="Listing")).listing

    async def close(self, *, matter: str = "样例移出1号", **target: str) -> pb.CloseListingResponse:
        request = pb.CloseListingRequest(matter=matter, reason="已改正。", **target)
        return await self.ask("CloseListing", request, service="Listing")


@dataclass
class ListHouse:
    """Everything a test needs; the officials of one list authority are at hand."""

    folder: Path
    database: SchemaDatabase
    identities: dict[str, Enrolment]
    offices: dict[str, OfficeProcess]
    channels: dict[tuple[str, str], grpc.aio.Channel] = field(default_factory=dict)
    serial: int = 0

    @property
    def finder(self) -> Voice:
        """The case officer who investigates and proposes."""
        return Voice(self, "lists", FINDER)

    @property
    def hearer(self) -> Voice:
        """The case officer who holds the panel, serves and hears."""
        return Voice(self, "lists", HEARER)

    @property
    def decider(self) -> Voice:
        """The official who decides."""
        return Voice(self, "lists", DECIDER, roles=("decider",))

    @property
    def repair(self) -> Voice:
        """The repair office's system."""
        return Voice(self, "repair")

    def company(self, name: str = "样例食品有限公司") -> common_pb2.Party:
        """A new company that does not exist."""
        self.serial += 1
        return _party(common_pb2.IDENTIFIER_KIND_USCC, code(self.serial), name)

    def person(self, born: date, name: str = "样例某") -> common_pb2.Party:
        """A new person under a division that was never assigned."""
        self.serial += 1
        first17 = f"439999{born:%Y%m%d}{self.serial:03d}"
        number = first17 + resident_check_digit(first17)
        return _party(common_pb2.IDENTIFIER_KIND_RESIDENT_ID, number, name)

    async def notified(self, party: common_pb2.Party | None = None, **facts: Any) -> pb.Case:
        """A case whose party was just notified."""
        scheme = facts.pop("scheme", "market_regulation")
        case = await self.finder.open(party or self.company(), scheme=scheme)
        await self.finder.upload(case)
        await self.finder.match(case, *(["W1"] if scheme == "wages" else []))
        await self.finder.find(case, **facts)
        await self.hearer.hold_panel(case)
        return (await self.hearer.notify(case)).case

    async def decided(self, party: common_pb2.Party | None = None, **facts: Any) -> pb.Case:
        """A case decided to be listed, its window over."""
        case = await self.notified(party, **facts)
        self.pass_window(case)
        return await self.decider.decide(case, measures=facts.get("measures", MEASURES))

    async def listed(self, party: common_pb2.Party | None = None, **facts: Any) -> pb.Case:
        """A case that the catalog has acknowledged."""
        case = await self.hearer.serve(await self.decided(party, **facts))
        return await self.reached(case, pb.CASE_STATE_LISTED)

    async def reached(self, case: pb.Case, state: pb.CaseState.ValueType) -> pb.Case:
        """The case once it has reached a state."""

        async def ask() -> pb.Case | None:
            now = await self.hearer.get(case)
            return now if now.state == state else None

        return await eventually(ask, within=30)  # type: ignore[return-value]

    def today(self) -> date:
        """The house's day."""
        return self.sql("SELECT house_today()")[0][0]

    def pass_window(self, case: pb.Case) -> None:
        """Let time pass until the party's window is over."""
        self.pass_days((date.fromisoformat(case.window_ends_before) - self.today()).days)

    def pass_days(self, days: int) -> None:
        """Let days pass in all offices."""
        for schema in OFFICES:
            self.sql(f"UPDATE {schema}.clock_offset SET ahead = ahead + %s", timedelta(days=days), role="admin")

    def sql(self, statement: str, *values: object, role: str = "blacklist_app") -> list[Any]:
        """Run SQL in the list office's schema as its login role, or as the administrator ("admin")."""
        dsn = self.database.admin_dsn if role == "admin" else self.database.dsn(role)
        with psycopg.connect(dsn, options="-c search_path=blacklist") as connection:
            cursor = connection.execute(statement, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    async def record(self, record_id: str) -> record_pb2.RecordSummary:
        """A record as the catalog gives it to the repair office."""
        records: Any = record_pb2_grpc.RecordServiceStub(self.channel("repair", office="catalog"))
        request = record_pb2.GetRecordRequest(record_id=record_id, matter="sample")
        return (await records.GetRecord(request, timeout=10)).record

    def records(self) -> int:
        """How many records the catalog holds."""
        return self.sql("SELECT count(*) FROM catalog.record", role="admin")[0][0]

    def is_public(self, record_id: str) -> bool:
        """Whether the catalog shows a record to the public."""
        return self.sql("SELECT public FROM catalog.record WHERE record_id = %s", record_id, role="admin")[0][0]

    def channel(self, system: str, office: str = "blacklist") -> grpc.aio.Channel:
        """A channel to an office with a system's certificate."""
        if (system, office) not in self.channels:
            own = self.folder / system
            credentials = grpc.ssl_channel_credentials(
                (own / "ca.pem").read_bytes(), (own / "key.pem").read_bytes(), (own / "cert.pem").read_bytes()
            )
            self.channels[system, office] = grpc.aio.secure_channel(self.offices[office].address, credentials)
        return self.channels[system, office]

    def assertion(self, voice: Voice) -> str:
        """The assertion of an official at its system."""
        key: Any = load_pem_private_key((self.folder / "officer.pem").read_bytes(), None)
        claims = {"sub": voice.subject, "authority": voice.authority, "roles": list(voice.roles)}
        return issue_assertion(
            key,
            kid="officer",
            issuer="test",
            kind="officer",
            claims=claims,
            bound_to=self.identities[voice.system].fingerprint,
            now=datetime.now(UTC),
        )

    @property
    def vkey(self) -> str:
        """The key by which the list office's documents are verified."""
        return (self.folder / "blacklist-keys" / "documents.vkey").read_text().strip()

    @property
    def signer(self) -> str:
        """The name under which it signs."""
        return f"{DEPLOYMENT}/blacklist"


@asynccontextmanager
async def list_house(folder: Path, database: SchemaDatabase) -> AsyncGenerator[ListHouse]:
    """A list office at work beside a catalog."""
    identities = prepare(folder, database)
    offices = {name: OfficeProcess(name, folder, database) for name in OFFICES}
    house = ListHouse(folder, database, identities, offices)
    try:
        await offices["catalog"].start()
        await offices["blacklist"].start(CHENGXIN_CATALOG_ADDRESS=offices["catalog"].address)
        yield house
    finally:
        for channel in house.channels.values():
            await channel.close()
        for office in reversed(OFFICES):
            await offices[office].stop()


def _party(kind: common_pb2.IdentifierKind.ValueType, value: str, name: str) -> common_pb2.Party:
    return common_pb2.Party(identifier=common_pb2.Identifier(kind=kind, value=value), name=name)


def _pieces(content: bytes, size: int = 64 * 1024) -> list[pb.UploadEvidenceRequest]:
    return [pb.UploadEvidenceRequest(content=content[at : at + size]) for at in range(0, len(content), size)]

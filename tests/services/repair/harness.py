"""A running repair office: its real process on a real PostgreSQL, between a catalog and a list office in the test."""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import psycopg
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from chengxin.repair.v1 import repair_pb2, repair_pb2_grpc
from foundation.access import issue_assertion
from foundation.crypto import FileKeyProvider
from foundation.identity import Identifier
from foundation.rpc.status import reason_of
from standalone.ca import DevelopmentCa, System
from standalone.enrol import Enrolment, Register, write_identity
from standalone.secret_files import AssertionIssuer, signing_key, write_issuers
from tests.services.repair.neighbours import CatalogInTest, ListInTest
from tests.services.repair.parties import AUTHORITY, HOUSE, OTHER_AUTHORITY, PARTY
from tests.support.databases import SchemaDatabase
from tests.support.eventually import eventually

ROOT = Path(__file__).resolve().parents[3]
TRUST_DOMAIN = "repair.test"
DEPLOYMENT = "repair-test"
MiB = 1024 * 1024


class RefusedByOffice(Exception):
    """The office refused: stable reason, status, text."""

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        super().__init__(reason_of(error) or error.details())
        self.reason = reason_of(error)
        self.code = error.code()
        self.text = error.details()


@dataclass
class Voice:
    """One natural person or system speaking to the office."""

    stub: Any
    assertion: Callable[[], str | None]

    async def ask(self, method: str, request: Any, timeout: float = 10) -> Any:
        """Call a method; raises RefusedByOffice."""
        token = self.assertion()
        metadata = [("chengxin-assertion", token)] if token else []
        try:
            return await getattr(self.stub, method)(request, metadata=metadata, timeout=timeout)
        except grpc.aio.AioRpcError as error:
            raise RefusedByOffice(error) from None

    async def check(self, record_id: str) -> repair_pb2.CheckEligibilityResponse:
        return await self.ask("CheckEligibility", repair_pb2.CheckEligibilityRequest(record_id=record_id))

    async def submit(
        self, record_id: str, *, key: str = "", correction: str = "罚款已缴清。", commitment: bool = True
    ) -> repair_pb2.Application:
        request = repair_pb2.SubmitApplicationRequest(
            record_id=record_id,
            correction=correction,
            commitment=commitment,
            idempotency_key=key or uuid.uuid4().hex,
        )
        return (await self.ask("SubmitApplication", request)).application

    async def accept(self, application_id: str, *missing: str) -> repair_pb2.Application:
        request = repair_pb2.AcceptApplicationRequest(application_id=application_id, missing=missing)
        return (await self.ask("AcceptApplication", request)).application

    async def decide(
        self, application_id: str, *, grant: bool, reasons: str = "已核实。", verification: str = "查验回执。"
    ) -> repair_pb2.Application:
        request = repair_pb2.DecideApplicationRequest(
            application_id=application_id, grant=grant, reasons=reasons, verification=verification
        )
        return (await self.ask("DecideApplication", request)).application

    async def withdraw(self, application_id: str) -> repair_pb2.Application:
        request = repair_pb2.WithdrawApplicationRequest(application_id=application_id)
        return (await self.ask("WithdrawApplication", request)).application

    async def get(self, application_id: str) -> repair_pb2.Application:
        request = repair_pb2.GetApplicationRequest(application_id=application_id)
        return (await self.ask("GetApplication", request)).application

    async def list(self) -> list[repair_pb2.Application]:
        return list((await self.ask("ListApplications", repair_pb2.ListApplicationsRequest())).applications)

    async def upload(
        self,
        application_id: str,
        content: bytes,
        *,
        media_type: str = "text/plain",
        file_name: str = "回执.txt",
        piece: int = 64 * 1024,
    ) -> repair_pb2.UploadEvidenceResponse:
        header = repair_pb2.EvidenceUpload(application_id=application_id)
        header.evidence.file_name = file_name
        header.evidence.media_type = media_type
        header.evidence.description = "缴款回执"
        parts = [repair_pb2.UploadEvidenceRequest(header=header)] + [
            repair_pb2.UploadEvidenceRequest(content=content[at : at + piece])
            for at in range(0, len(content), piece)
        ]
        return await self.send(parts)

    async def send(self, parts: list[repair_pb2.UploadEvidenceRequest]) -> repair_pb2.UploadEvidenceResponse:
        """Upload exactly these parts."""

        async def stream() -> AsyncIterator[repair_pb2.UploadEvidenceRequest]:
            for part in parts:
                yield part

        return await self.ask("UploadEvidence", stream(), timeout=60)


@dataclass
class RepairHouse:
    """Everything a test needs to act as party, officer, operator or attacker."""

    folder: Path
    database: SchemaDatabase
    catalog: CatalogInTest
    black_list: ListInTest
    identities: dict[str, Enrolment]
    address: str = ""
    process: asyncio.subprocess.Process | None = None
    channels: dict[str, grpc.aio.Channel] = field(default_factory=dict)

    def party(self, identifier: Identifier = PARTY) -> Voice:
        """A party signed in at the gateway."""
        claims = {
            "identifier_kind": identifier.kind.value,
            "identifier": identifier.value,
            "name": "样例",
        }
        return self._voice("gateway", lambda: self._assert("person", "gateway", claims))

    def officer(
        self,
        authority: str = AUTHORITY,
        *,
        subject: str = "officer-1",
        roles: tuple[str, ...] = ("repair_officer",),
    ) -> Voice:
        """An officer at the system of an authority."""
        system = "repairs" if authority == AUTHORITY else "other-repairs"
        claims = {"sub": subject, "authority": authority, "roles": list(roles)}
        return self._voice(system, lambda: self._assert("officer", system, claims))

    def officer_elsewhere(self) -> Voice:
        """An officer of another authority at the system of the determining one."""
        claims = {"sub": "officer-9", "authority": OTHER_AUTHORITY, "roles": ["repair_officer"]}
        return self._voice("repairs", lambda: self._assert("officer", "repairs", claims))

    def system(self, system: str) -> Voice:
        """A system that asserts nobody."""
        return self._voice(system, lambda: None)

    def sql(self, statement: str, *values: object, role: str = "repair_app") -> list[Any]:
        """Run SQL in the office's schema as its login role, or as the owner ("admin")."""
        dsn = self.database.admin_dsn if role == "admin" else self.database.dsn(role)
        with psycopg.connect(dsn, options="-c search_path=repair") as connection:
            cursor = connection.execute(statement, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def today(self) -> date:
        """The house's day."""
        return self.sql("SELECT house_today()")[0][0]

    def pass_time(self, by: timedelta) -> None:
        """Let the sample house's time pass."""
        self.sql("UPDATE clock_offset SET ahead = ahead + %s", by, role="admin")

    async def start(self, **extra: str) -> None:
        """Start the office's process."""
        ready = self.folder / "ready"
        ready.unlink(missing_ok=True)
        own = self.folder / "repair"
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "CHENGXIN_DATABASE_URL": self.database.url,
            "CHENGXIN_DATABASE_SECRETS": str(self.database.secrets),
            "CHENGXIN_LISTEN": "127.0.0.1:0",
            "CHENGXIN_CERT": str(own / "cert.pem"),
            "CHENGXIN_KEY": str(own / "key.pem"),
            "CHENGXIN_CA": str(own / "ca.pem"),
            "CHENGXIN_KEYS": str(self.folder / "keys"),
            "CHENGXIN_ISSUERS": str(self.folder / "issuers.json"),
            "CHENGXIN_DEPLOYMENT": DEPLOYMENT,
            "CHENGXIN_TRUST_DOMAIN": TRUST_DOMAIN,
            "CHENGXIN_CATALOG_ADDRESS": self.catalog.address,
            "CHENGXIN_BLACKLIST_ADDRESS": self.black_list.address,
            "CHENGXIN_READY_FILE": str(ready),
            **extra,
        }
        with (self.folder / "repair.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "services.repair", cwd=ROOT, env=environment, stderr=log
            )
        await eventually(self._ready, within=60)
        self.address = ready.read_text().strip()

    async def stop(self) -> None:
        """Stop the office's process in order."""
        for channel in self.channels.values():
            await channel.close()
        self.channels.clear()
        if self.process is not None:
            if self.process.returncode is None:
                self.process.terminate()
            await asyncio.wait_for(self.process.wait(), 30)
            self.process = None

    async def kill(self) -> None:
        """Kill the office's process without warning."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()
        await self.stop()

    def log(self) -> str:
        """What the office has logged."""
        return (self.folder / "repair.log").read_text()

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.returncode is None, self.log()
        return (self.folder / "ready").exists()

    def _voice(self, system: str, assertion: Callable[[], str | None]) -> Voice:
        if system not in self.channels:
            own = self.folder / system
            credentials = grpc.ssl_channel_credentials(
                (own / "ca.pem").read_bytes(), (own / "key.pem").read_bytes(), (own / "cert.pem").read_bytes()
            )
            self.channels[system] = grpc.aio.secure_channel(self.address, credentials)
        return Voice(repair_pb2_grpc.RepairServiceStub(self.channels[system]), assertion)

    def _assert(self, kind: Any, system: str, claims: dict[str, Any]) -> str:
        key: Any = load_pem_private_key((self.folder / f"{kind}.pem").read_bytes(), None)
        return issue_assertion(
            key,
            kid=kind,
            issuer="test",
            kind=kind,
            claims=claims,
            bound_to=self.identities[system].fingerprint,
            now=datetime.now(UTC),
        )


@contextmanager
def systems(folder: Path, database: SchemaDatabase) -> Iterator[dict[str, Enrolment]]:
    """Certificates, keys and issuers of everybody who takes part."""
    now = datetime.now(UTC)
    ca = DevelopmentCa(folder / "ca", trust_domain=TRUST_DOMAIN)
    ca.establish(now=now)
    roles = {
        "repair": (HOUSE, ("office",)),
        "catalog": (HOUSE, ("office",)),
        "blacklist": (HOUSE, ("office",)),
        "gateway": (HOUSE, ("gateway",)),
        "repairs": (AUTHORITY, ("repair_authority",)),
        "other-repairs": (OTHER_AUTHORITY, ("repair_authority",)),
        "consumer": (OTHER_AUTHORITY, ("consumer",)),
    }
    identities = {
        name: write_identity(
            folder / name,
            System(authority=authority, name=name, serves=True),
            ca=ca,
            trust_domain=TRUST_DOMAIN,
            roles=granted,
            days=2,
            now=now,
        )
        for name, (authority, granted) in roles.items()
    }
    Register(database.admin_dsn, ["repair"]).enter(identities.values())
    FileKeyProvider.initialise(folder / "keys")
    write_issuers(
        folder / "issuers.json",
        [
            AssertionIssuer(kid=kind, kind=kind, issuer="test", key=signing_key(folder / f"{kind}.pem"))
            for kind in ("person", "officer")
        ],
    )
    yield identities


@asynccontextmanager
async def running(folder: Path, database: SchemaDatabase, **extra: str) -> AsyncIterator[RepairHouse]:
    """A repair office at work, with its neighbours."""
    with systems(folder, database) as identities:
        catalog, black_list = CatalogInTest(folder / "catalog"), ListInTest(folder / "blacklist")
        await catalog.open()
        await black_list.open()
        house = RepairHouse(folder, database, catalog, black_list, identities)
        try:
            await house.start(**extra)
            yield house
        finally:
            await house.stop()
            await catalog.close()
            await black_list.close()

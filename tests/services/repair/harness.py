"""A running repair office: its real process on a real PostgreSQL, between a catalog and a list office in the test."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import grpc.aio
import psycopg

from chengxin.repair.v1 import repair_pb2, repair_pb2_grpc
from foundation.crypto import FileKeyProvider
from foundation.identity import Identifier
from tests.services.repair.neighbours import CatalogInTest, ListInTest
from tests.services.repair.parties import AUTHORITY, HOUSE, OTHER_AUTHORITY, PARTY
from tests.support.databases import SchemaDatabase
from tests.support.identities import Identities, RefusedByOffice
from tests.support.office_process import OfficeProcess

__all__ = ["DEPLOYMENT", "MiB", "RefusedByOffice", "RepairHouse", "Voice", "running"]

DEPLOYMENT = "repair-test"
MiB = 1024 * 1024
SYSTEMS = {
    "repair": (HOUSE, ("office",)),
    "catalog": (HOUSE, ("office",)),
    "blacklist": (HOUSE, ("office",)),
    "gateway": (HOUSE, ("gateway",)),
    "repairs": (AUTHORITY, ("repair_authority", "service_desk")),
    "other-repairs": (OTHER_AUTHORITY, ("repair_authority",)),
    "consumer": (OTHER_AUTHORITY, ("consumer",)),
}


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
            record_id=record_id, correction=correction, commitment=commitment, idempotency_key=key or uuid.uuid4().hex
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

    async def extend(self, application_id: str, reasons: str = "需向外地核实。") -> repair_pb2.Application:
        request = repair_pb2.ExtendDecisionRequest(application_id=application_id, reasons=reasons)
        return (await self.ask("ExtendDecision", request)).application

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
            repair_pb2.UploadEvidenceRequest(content=content[at : at + piece]) for at in range(0, len(content), piece)
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
    identities: Identities
    process: OfficeProcess
    channels: dict[str, grpc.aio.Channel] = field(default_factory=dict)

    def party(self, identifier: Identifier = PARTY) -> Voice:
        """A party signed in at the gateway."""
        return self._voice("gateway", lambda: self.identities.person(identifier))

    def at_a_desk(self, identifier: Identifier, authority: str) -> Voice:
        """A party for whom a clerk of an authority acts."""
        clerk = {"sub": "clerk-1", "authority": authority, "matter": "样例-窗口-7"}
        return self._voice("gateway", lambda: self.identities.person(identifier, assistant=clerk))

    def officer(
        self, authority: str = AUTHORITY, *, subject: str = "officer-1", roles: tuple[str, ...] = ("repair_officer",)
    ) -> Voice:
        """An officer at the system of an authority."""
        system = "repairs" if authority == AUTHORITY else "other-repairs"
        return self._voice(system, lambda: self.identities.officer(subject, *roles, by=system))

    def officer_elsewhere(self) -> Voice:
        """An officer of another authority at the system of the determining one."""
        return self._voice(
            "repairs",
            lambda: self.identities.officer("officer-9", "repair_officer", by="repairs", authority=OTHER_AUTHORITY),
        )

    def at_the_gateway(self, authority: str = AUTHORITY, *roles: str) -> Voice:
        """An officer of an authority, signed in at the gateway."""
        roles = roles or ("repair_officer",)
        return self._voice(
            "gateway", lambda: self.identities.officer("officer-7", *roles, by="gateway", authority=authority)
        )

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
        await self.process.start(
            CHENGXIN_CATALOG_ADDRESS=self.catalog.address, CHENGXIN_BLACKLIST_ADDRESS=self.black_list.address, **extra
        )

    async def stop(self) -> None:
        """Stop the office's process in order."""
        for channel in self.channels.values():
            await channel.close()
        self.channels.clear()
        await self.process.stop()

    async def kill(self) -> None:
        """Kill the office's process without warning."""
        await self.process.kill()
        await self.stop()

    def log(self) -> str:
        """What the office has logged."""
        return self.process.log

    def _voice(self, system: str, assertion: Callable[[], str | None]) -> Voice:
        if system not in self.channels:
            self.channels[system] = self.identities.channel(system, self.process.address)
        return Voice(repair_pb2_grpc.RepairServiceStub(self.channels[system]), assertion)


@asynccontextmanager
async def running(folder: Path, database: SchemaDatabase, **extra: str) -> AsyncIterator[RepairHouse]:
    """A repair office at work, with its neighbours."""
    identities = Identities.make(folder, database, ["repair"], trust_domain="repair.test", systems=SYSTEMS)
    process = OfficeProcess(
        "repair", identities, database, CHENGXIN_KEYS=str(folder / "keys"), CHENGXIN_DEPLOYMENT=DEPLOYMENT
    )
    FileKeyProvider.initialise(process.keys)
    catalog, black_list = CatalogInTest(folder / "catalog"), ListInTest(folder / "blacklist")
    await catalog.open()
    await black_list.open()
    house = RepairHouse(folder, database, catalog, black_list, identities, process)
    try:
        await house.start(**extra)
        yield house
    finally:
        await house.stop()
        await catalog.close()
        await black_list.close()

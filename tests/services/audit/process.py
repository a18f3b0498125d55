"""The audit office as a real process with mutual TLS, and those who call it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc.aio
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from chengxin.audit.v1 import audit_pb2_grpc
from foundation.access import issue_assertion
from foundation.identity import Identifier
from standalone.ca import DevelopmentCa, System
from standalone.enrol import Enrolment, Register, write_identity
from standalone.secret_files import AssertionIssuer, signing_key, write_issuers
from tests.services.audit.journals import DEPARTMENT, KEY, ORIGIN, Journals, company
from tests.support.eventually import eventually
from tests.support.refusals import reason_of

ROOT = Path(__file__).resolve().parents[3]
TRUST_DOMAIN = "audit.test"
HOUSE, AUDITORS = company(900_000_001).value.reveal(), company(900_000_004).value.reveal()
SYSTEMS = {
    "audit": (HOUSE, ("office",)),
    "gateway": (HOUSE, ("gateway",)),
    "auditor": (AUDITORS, ("auditor",)),
    "consumer": (DEPARTMENT, ("consumer",)),
}


class RefusedByOffice(Exception):
    """The office refused with this stable reason."""

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        super().__init__(error.details())
        self.reason = reason_of(error)


@dataclass
class AuditProcess:
    """A running audit office."""

    folder: Path
    journals: Journals
    identities: dict[str, Enrolment]
    address: str = ""
    log_url: str = ""
    pid: int = 0
    log: Path = Path()

    async def ask(
        self,
        system: str,
        method: str,
        request: Any,
        *,
        party: Identifier | None = None,
        officer: str = "",
        stub: Any = audit_pb2_grpc.AuditServiceStub,
    ) -> Any:
        """Call a method as a system; raises RefusedByOffice."""
        own = self.folder / system
        credentials = grpc.ssl_channel_credentials(
            (own / "ca.pem").read_bytes(), (own / "key.pem").read_bytes(), (own / "cert.pem").read_bytes()
        )
        metadata = [("chengxin-assertion", self._assertion(system, party))] if party is not None else []
        if officer:
            metadata = [("chengxin-assertion", self._officer(system, officer))]
        async with grpc.aio.secure_channel(self.address, credentials) as channel:
            try:
                return await getattr(stub(channel), method)(request, metadata=metadata, timeout=10)
            except grpc.aio.AioRpcError as error:
                raise RefusedByOffice(error) from None

    def _officer(self, system: str, officer: str) -> str:
        key: Any = load_pem_private_key((self.folder / "staff.pem").read_bytes(), None)
        return issue_assertion(
            key,
            kid="staff",
            issuer="staff",
            kind="officer",
            claims={"sub": officer, "authority": SYSTEMS[system][0], "roles": ["auditor"]},
            bound_to=self.identities[system].fingerprint,
            now=datetime.now(UTC),
        )

    def _assertion(self, system: str, party: Identifier) -> str:
        key: Any = load_pem_private_key((self.folder / "person.pem").read_bytes(), None)
        return issue_assertion(
            key,
            kid="person",
            issuer="test",
            kind="person",
            claims={"identifier_kind": party.kind.value, "identifier": party.value.reveal(), "name": "样例"},
            bound_to=self.identities[system].fingerprint,
            now=datetime.now(UTC),
        )


@asynccontextmanager
async def running(folder: Path, journals: Journals, **settings: str) -> AsyncIterator[AuditProcess]:
    """Start the office on free ports, with further `settings`; stop it in order."""
    office = AuditProcess(folder, journals, _enrolled(folder, journals))
    log_key = journals.folder / "audit" / "log.key"
    log_key.touch(mode=0o600)
    log_key.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    ready, log_ready = folder / "ready", folder / "log-ready"
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "CHENGXIN_DATABASE_URL": journals.database.url,
        "CHENGXIN_DATABASE_SECRETS": str(journals.database.secrets),
        "CHENGXIN_CERT": str(folder / "audit" / "cert.pem"),
        "CHENGXIN_KEY": str(folder / "audit" / "key.pem"),
        "CHENGXIN_CA": str(folder / "audit" / "ca.pem"),
        "CHENGXIN_KEYS": str(journals.folder / "audit"),
        "CHENGXIN_ISSUERS": str(folder / "issuers.json"),
        "CHENGXIN_TRUST_DOMAIN": TRUST_DOMAIN,
        "CHENGXIN_SOURCES": '{"audit": {}, "repair": {}}',
        "CHENGXIN_LOG_ORIGIN": ORIGIN,
        "CHENGXIN_READY_FILE": str(ready),
        "CHENGXIN_LOG_READY_FILE": str(log_ready),
        **settings,
    }
    with (folder / "audit.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.audit", cwd=ROOT, env=environment, stderr=log
        )

    def serves() -> bool:
        assert process.returncode is None, (folder / "audit.log").read_text()
        return ready.exists() and (log_ready.exists() or settings.get("CHENGXIN_ONLY") == "work")

    try:
        await eventually(serves, within=60)
        office.address = ready.read_text().strip()
        office.log_url = f"http://{log_ready.read_text().strip()}/" if log_ready.exists() else ""
        office.pid, office.log = process.pid, folder / "audit.log"
        yield office
    finally:
        if process.returncode is None:
            process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0, (folder / "audit.log").read_text()


def _enrolled(folder: Path, journals: Journals) -> dict[str, Enrolment]:
    now = datetime.now(UTC)
    ca = DevelopmentCa(folder / "ca", trust_domain=TRUST_DOMAIN)
    ca.establish(now=now)
    identities = {
        name: write_identity(
            folder / name, System(authority=authority, name=name, serves=True), ca=ca, roles=roles, days=2, now=now
        )
        for name, (authority, roles) in SYSTEMS.items()
    }
    Register(journals.database.admin_dsn, ["audit"]).enter(identities.values())
    issuer = AssertionIssuer(kid="person", kind="person", issuer="test", key=signing_key(folder / "person.pem"))
    staff = AssertionIssuer(kid="staff", kind="officer", issuer="staff", key=signing_key(folder / "staff.pem"))
    write_issuers(folder / "issuers.json", [issuer, staff])
    return identities

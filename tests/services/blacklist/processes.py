"""The list office and the catalog as real processes on one real PostgreSQL, with everybody's certificates."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from chengxin.proofs import note
from foundation.calendar import load_calendar
from foundation.crypto import FileKeyProvider
from foundation.identity import uscc_check_character
from foundation.policy import LawBook, load_policy
from foundation.settings import LAW
from services.blacklist.law import load_law
from services.catalog.law import load_law as load_catalog_law
from standalone.ca import DevelopmentCa, System
from standalone.enrol import Enrolment, Register, write_identity
from standalone.secret_files import AssertionIssuer, signing_key, write_issuers
from tests.support.databases import SchemaDatabase
from tests.support.eventually import eventually

ROOT = Path(__file__).resolve().parents[3]
TRUST_DOMAIN = "list.test"
DEPLOYMENT = "list-test"
OFFICES = ("catalog", "blacklist")


def code(serial: int) -> str:
    """The code of a sample organisation that does not exist."""
    first17 = f"91439999MA{serial:07d}"
    return first17 + uscc_check_character(first17)


HOUSE, AUTHORITY, OTHER_AUTHORITY = code(9_000_001), code(9_000_002), code(9_000_003)
SYSTEMS = {
    "catalog": (HOUSE, ("office",)),
    "blacklist": (HOUSE, ("office", "provider")),
    "repair": (HOUSE, ("office",)),
    "lists": (AUTHORITY, ("list_authority",)),
    "other-lists": (OTHER_AUTHORITY, ("list_authority",)),
    "consumer": (OTHER_AUTHORITY, ("consumer",)),
}


def prepare(folder: Path, database: SchemaDatabase) -> dict[str, Enrolment]:
    """Certificates, keys, issuers and law of everybody who takes part."""
    now = datetime.now(UTC)
    ca = DevelopmentCa(folder / "ca", trust_domain=TRUST_DOMAIN)
    ca.establish(now=now)
    identities = {
        name: write_identity(
            folder / name, System(authority=authority, name=name, serves=True), ca=ca, roles=roles, days=2, now=now
        )
        for name, (authority, roles) in SYSTEMS.items()
    }
    Register(database.admin_dsn, OFFICES).enter(identities.values())
    for office in OFFICES:
        FileKeyProvider.initialise(folder / f"{office}-keys")
    note.create_key_file(folder / "catalog.key")
    issuers = [
        AssertionIssuer(kid=kind, kind=kind, issuer="test", key=signing_key(folder / f"{kind}.pem"))
        for kind in ("person", "officer")
    ]
    write_issuers(folder / "issuers.json", issuers)
    policy = load_policy(LAW)
    with psycopg.connect(database.admin_dsn) as admin:
        load_catalog_law(admin, LawBook.load(LAW, policy))
    with psycopg.connect(database.admin_dsn) as admin:
        load_law(admin, policy=policy, calendar=load_calendar(LAW))
    return identities


class OfficeProcess:
    """One office as a process of its own; it can be stopped and started again."""

    def __init__(self, name: str, folder: Path, database: SchemaDatabase) -> None:
        self._name = name
        self._folder = folder
        self._database = database
        self._process: asyncio.subprocess.Process | None = None
        self._ready = folder / f"{name}.ready"
        self.address = "127.0.0.1:0"

    @property
    def log(self) -> str:
        """What the process has logged."""
        return (self._folder / f"{self._name}.log").read_text()

    async def start(self, **settings: str) -> None:
        """Start it, on the same port as before."""
        self._ready.unlink(missing_ok=True)
        own = self._folder / self._name
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "CHENGXIN_DATABASE_URL": self._database.url,
            "CHENGXIN_DATABASE_SECRETS": str(self._database.secrets),
            "CHENGXIN_LISTEN": self.address,
            "CHENGXIN_CERT": str(own / "cert.pem"),
            "CHENGXIN_KEY": str(own / "key.pem"),
            "CHENGXIN_CA": str(own / "ca.pem"),
            "CHENGXIN_KEYS": str(self._folder / f"{self._name}-keys"),
            "CHENGXIN_ISSUERS": str(self._folder / "issuers.json"),
            "CHENGXIN_DEPLOYMENT": DEPLOYMENT,
            "CHENGXIN_TRUST_DOMAIN": TRUST_DOMAIN,
            "CHENGXIN_DOCUMENT_KEY": str(self._folder / "catalog.key"),
            "CHENGXIN_READY_FILE": str(self._ready),
            **settings,
        }
        with (self._folder / f"{self._name}.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", f"services.{self._name}", cwd=ROOT, env=environment, stderr=log, stdout=log
            )
        await eventually(self._is_ready, within=60)
        self.address = self._ready.read_text().strip()

    async def stop(self) -> None:
        """Stop it in order."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.terminate()
            await asyncio.wait_for(self._process.wait(), 30)
            self._process = None

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, self.log
        return self._ready.exists()

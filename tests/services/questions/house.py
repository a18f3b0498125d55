"""The audit office's questions over the journals of three offices: real schemas, real roles, real keys."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from foundation.access import Caller, Officer, Person
from foundation.calendar import SHANGHAI, load_calendar
from foundation.crypto import DossierKeys, FileKeyProvider, Keyring
from foundation.db import Database
from foundation.identity import Identifier, IdentifierKind, canonicalise
from foundation.journal import Entry, Journal, Receipt
from foundation.lawfile import read_law
from foundation.policy import load_policy
from foundation.rpc import Call
from foundation.settings import LAW
from services.audit import __main__ as office
from services.audit.domain.detectors import Detectors, Finding
from services.audit.domain.questions import Question
from services.audit.office.accesses import Accesses
from services.audit.office.misuse import Misuse
from services.audit.office.questions import Questions
from services.audit.store.journals import SourceJournal
from tests.support.catalog_house import uscc
from tests.support.databases import SchemaDatabase

SCHEMAS = ("audit", "blacklist", "catalog", "repair")
ROLES = {"audit": "audit_app", "blacklist": "blacklist_app", "catalog": "catalog_change", "repair": "repair_app"}
DETECTORS = read_law(Path(office.__file__).with_name("detectors.yaml"), Detectors)
CALENDAR = load_calendar(LAW)


def company(serial: int) -> Identifier:
    """The `serial`-th sample company; none of them exists."""
    return canonicalise(IdentifierKind.USCC, uscc(serial), today=date(2026, 6, 1))


AUDITORS = uscc(8_000_001)
DEPARTMENTS = [uscc(8_000_100 + n) for n in range(8)]
PARTY = company(8_000_050)
BASIS = "audit 2026-7"
NOON = datetime(2026, 6, 3, 12, tzinfo=SHANGHAI)
"""A Wednesday, a working day."""


def system(authority: str, name: str = "queries") -> Caller:
    """A system of an authority; its fingerprint follows from both."""
    return Caller(
        authority=authority, system=name, fingerprint=f"{authority}/{name}".encode().ljust(32)[:32], roles=frozenset()
    )


def auditor(method: str = "QuestionService.Test", *, subject: str = "auditor-1") -> Call:
    """A call of an auditor."""
    caller = Caller(authority=AUDITORS, system="desk", fingerprint=bytes(32), roles=frozenset({"auditor"}))
    officer = Officer(subject=subject, authority=AUDITORS, roles=frozenset({"auditor"}))
    return Call(caller=caller, method=method, officer=officer)


def party_call(party: Identifier = PARTY, method: str = "MisuseService.Test") -> Call:
    """A call of a party at the gateway."""
    caller = Caller(authority=AUDITORS, system="gateway", fingerprint=bytes(32), roles=frozenset({"gateway"}))
    return Call(caller=caller, method=method, person=Person(identifier=party, name="样例"))


def question(**changes: Any) -> Question:
    """About June 2026, which no other test's clock reaches."""
    period = {"since": datetime(2026, 6, 1, tzinfo=SHANGHAI), "before": datetime(2026, 7, 1, tzinfo=SHANGHAI)}
    return Question(**{**period, "basis": BASIS, **changes})


@dataclass
class AuditHouse:
    """The journals of all offices, and the audit office's use cases over them."""

    database: SchemaDatabase
    folder: Path
    opened: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.journals: dict[str, Journal] = {}
        self.databases: dict[str, Database] = {}
        self.sources: dict[str, SourceJournal] = {}
        for schema in SCHEMAS:
            FileKeyProvider.initialise(self.folder / schema)
            own = self._open(self.database.open(ROLES[schema], pool=3))
            keyring = self._open(Keyring(FileKeyProvider(self.folder / schema), own))
            self.databases[schema], self.journals[schema] = own, Journal(keyring, schema)
            reading = Database.open(self.database.dsn("audit_reader"), schema=schema, pool=2)
            reader = Keyring(FileKeyProvider(self.folder / schema), reading)
            self.sources[schema] = self._open(SourceJournal(schema, reading, reader))
            if schema == "audit":
                keys = DossierKeys(keyring, "test", "misuse_matter")
        audit = self.databases["audit"]
        self.accesses = Accesses(audit, self.journals["audit"], self.sources)
        common = (audit, self.journals["audit"], self.sources)
        self.questions = Questions(*common, self.accesses, DETECTORS, CALENDAR, load_policy(LAW))
        self.misuse = Misuse(*common, keys, CALENDAR, DETECTORS.misuse_terms)

    async def look(
        self,
        *,
        at: datetime | None = NOON,
        source: str = "catalog",
        authority: str = DEPARTMENTS[0],
        by: str = "queries",
        **values: Any,
    ) -> Receipt:
        """A department's look at a party, as its office journals it; `at`: when, by a clock that tests may set."""
        entry = Entry(
            **{
                "kind": "SharingService.GetCreditReport",
                "caller": system(authority, by),
                "purpose": "licence.review",
                "matter": "样例-1",
                "officer": "officer-1",
                "subject": PARTY,
                **values,
            }
        )
        async with self.databases[source].transaction() as tx:
            receipt = await self.journals[source].write(tx, entry)
        if at is not None:
            self.sql(
                source,
                "SET session_replication_role = replica; UPDATE journal SET at = {}, as_of = {} WHERE entry_id = {}",
                at.astimezone(UTC),
                at.astimezone(UTC),
                receipt.entry_id,
            )
        return receipt

    async def looks(self, count: int, **values: Any) -> list[Receipt]:
        """So many looks, one minute after the other."""
        first = values.pop("at", NOON)
        return [await self.look(at=first + timedelta(minutes=n), **values) for n in range(count)]

    async def found(self, rule: str, call: Call | None = None, **asked: Any) -> list[Finding]:
        """What a rule finds in June."""
        asking = call or auditor()
        findings, _, _ = await self.questions.findings(getattr(self.questions, rule), question(**asked), asking)
        return findings

    def sql(self, schema: str, statement: str, *values: Any) -> list[Any]:
        """Run SQL as the operator, several statements too."""
        with psycopg.connect(self.database.admin_dsn, options=f"-c search_path={schema}", autocommit=False) as admin:
            composed = psycopg.sql.SQL(statement).format(*map(psycopg.sql.Literal, values))  # type: ignore[arg-type]
            cursor = admin.execute(composed)
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    def last_entry(self) -> dict[str, Any]:
        """The audit office's newest journal entry."""
        ((row,),) = self.sql("audit", "SELECT to_jsonb(j) FROM journal j ORDER BY entry_id DESC LIMIT 1")
        return row if isinstance(row, dict) else json.loads(row)

    async def close(self) -> None:
        """Close all connections."""
        for one in reversed(self.opened):
            await one.close()

    def _open(self, one: Any) -> Any:
        self.opened.append(one)
        return one

"""A catalog office on a real PostgreSQL, with enrolled authorities and a grant."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from foundation.access import Caller, Officer
from foundation.calendar import day_of
from foundation.crypto import FileKeyProvider, Keyring
from foundation.db import Database, Row
from foundation.identity import Identifier, IdentifierKind, canonicalise, resident_check_digit, uscc_check_character
from foundation.journal import Journal
from foundation.personal import Personal
from foundation.policy import LawBook, Severity, load_policy
from foundation.refusal import Reason
from foundation.rpc import Ground
from foundation.settings import LAW
from foundation.words import Words
from services.catalog.domain.admission import Draft
from services.catalog.law import load_law
from services.catalog.office.access import AccessOffice
from services.catalog.office.reading import ReadingOffice
from services.catalog.office.records import HandedIn, RecordOffice
from services.catalog.office.sharing import Checked, Context, SharingOffice
from services.catalog.sealing import Sealer, Shown
from services.catalog.worker import Sweeper
from tests.support.databases import SchemaDatabase

POLICY = load_policy(LAW)
LAWBOOK = LawBook.load(LAW, POLICY)
DEPLOYMENT = "test"


def uscc(serial: int) -> str:
    """A well-formed code that names nobody."""
    body = f"91439999MA{serial:07d}"
    return body + uscc_check_character(body)


@dataclass(kw_only=True)
class CatalogHouse:
    """Everything a test needs of one catalog."""

    database: SchemaDatabase
    answering: Database
    changing: Database
    working: Database
    sealer: Sealer
    sharing: SharingOffice
    reading: ReadingOffice
    records: RecordOffice
    access: AccessOffice
    provider: Caller
    consumer: Caller
    steward: Caller
    repair: Caller
    gateway: Caller
    item: str
    purpose: str
    serial: int = 0

    def sweeper(self, keyring: Keyring | None = None) -> Sweeper:
        """What carries out ends and destroys ended months."""
        keyring = keyring or self.sealer.keyring
        return Sweeper(Ground(self.working, keyring, Journal(keyring, "catalog")), self.repair)

    def enrol(self, authority: str, *roles: str) -> Caller:
        """Enrol a system of an authority."""
        fingerprint = hashlib.sha256(uuid4().bytes).digest()
        with psycopg.connect(self.database.admin_dsn) as admin:
            admin.execute(
                "INSERT INTO catalog.enrolment VALUES (%s, %s, %s, 'test', %s, now() + interval '1 day')",
                (fingerprint, f"spiffe://test/{authority}", authority, list(roles)),
            )
        return Caller(authority=authority, system="test", fingerprint=fingerprint, roles=frozenset(roles))

    def party(self) -> Identifier:
        """A new enterprise."""
        self.serial += 1
        return canonicalise(IdentifierKind.USCC, uscc(self.serial), today=date(2026, 1, 1))

    def person(self, *, born: date = date(1980, 3, 5)) -> Identifier:
        """A new natural person, under a division that was never assigned."""
        self.serial += 1
        first17 = f"439999{born:%Y%m%d}{self.serial:03d}"
        number = first17 + resident_check_digit(first17)
        return canonicalise(IdentifierKind.RESIDENT_ID, number, today=date(2026, 1, 1))

    def draft(self, party: Identifier | None = None, **changes: object) -> Draft:
        """A lawful draft about a party, with changes."""
        item = LAWBOOK.item(self.item, on=day_of(datetime.now(UTC)))
        assert item is not None
        today = day_of(datetime.now(UTC))
        values = {"date": today.isoformat(), "amount": "10000.00"}
        draft = Draft(
            record_number=f"R-{uuid4()}",
            item_code=self.item,
            party=party or self.party(),
            party_name="样例企业",
            document_kind="penalty_decision",
            document_number=f"样例罚〔2026〕{uuid4().hex[:6]}号",
            authority=self.provider.authority,
            determined_on=today - timedelta(days=40),
            effective_on=today - timedelta(days=40),
            severity=Severity.ORDINARY,
            fields=tuple((field.name, values.get(field.kind, "样例")) for field in item.fields if field.required),
        )
        return replace(draft, **changes)  # type: ignore[arg-type]

    def context(self, **changes: object) -> Context:
        """The consumer's context for one question."""
        context = Context(
            fingerprint=self.consumer.fingerprint,
            kind="SharingService.CheckSubject",
            purpose=self.purpose,
            matter=Personal("样例-1"),
            officer=Personal("样例"),
            query_id=uuid4(),
        )
        return context._replace(**changes)  # type: ignore[arg-type]

    async def hand_in(self, *drafts: Draft, by: Caller | None = None) -> list[HandedIn]:
        """Hand drafts in, as the provider unless `by` is given."""
        results, _ = await self.records.hand_in(by or self.provider, drafts)
        return results

    async def refusal_of(self, draft: Draft, *, by: Caller | None = None) -> tuple[Reason, str]:
        """The reason for which a draft is refused, and the field."""
        (result,) = await self.hand_in(draft, by=by)
        assert result.refused is not None, "the draft was accepted"
        return result.refused.reason, result.refused.field

    async def check(self, party: Identifier, **changes: object) -> Checked:
        """Ask about a party as the consumer."""
        return await self.sharing.check(self.context(**changes), party, now=datetime.now(UTC))

    async def report(self, party: Identifier, **changes: object) -> list[Shown]:
        """A party's records, as the consumer."""
        shown, _ = await self.sharing.report(self.context(**changes), party, now=datetime.now(UTC))
        return shown

    async def grant(self, caller: Caller, purpose: str, items: list[str], fields: list[str]) -> Row:
        """Apply for and approve a grant."""
        applicant = Officer(subject="a", authority=caller.authority, roles=frozenset({"case_officer"}))
        approver = Officer(subject="b", authority=self.steward.authority, roles=frozenset({"steward"}))
        asked = await self.access.request(
            caller, applicant, purpose=purpose, item_codes=items, field_names=fields, days=30, justification="test"
        )
        return (await self.access.approve(self.steward, approver, asked.row.grant_id)).row

    def sql(self, statement: str, *params: object) -> list[tuple[Any, ...]]:
        """Run SQL as the administrator; give the rows."""
        with psycopg.connect(self.database.admin_dsn) as admin:
            cursor = admin.execute(statement, params or None)
            return cursor.fetchall() if cursor.description else []

    def advance(self, **amount: float) -> None:
        """Move the sample house's clock forwards."""
        self.sql("UPDATE catalog.clock_offset SET ahead = ahead + %s", timedelta(**amount))


@asynccontextmanager
async def catalog_house(
    schema_db: Callable[..., SchemaDatabase],
    folder: Path,
    *,
    sample: bool = True,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncGenerator[CatalogHouse]:
    """A catalog with a grant for the consumer; keys in `folder`, forgotten by `clock` (seconds)."""
    database = schema_db("catalog", sample=sample)
    with psycopg.connect(database.admin_dsn) as admin:
        load_law(admin, LAWBOOK)
    answering, changing = database.open("catalog_answer"), database.open("catalog_change")
    working = database.open("catalog_worker")
    keyring = Keyring(FileKeyProvider.initialise(folder / "keys"), changing, clock=clock)
    sealer = Sealer(keyring, DEPLOYMENT)
    journal = Journal(keyring, "catalog")
    made = CatalogHouse(
        database=database,
        answering=answering,
        changing=changing,
        working=working,
        sealer=sealer,
        sharing=SharingOffice(answering, sealer, journal),
        reading=ReadingOffice(answering, sealer, Ed25519PrivateKey.generate()),
        records=RecordOffice(changing, sealer, journal, lawbook=LAWBOOK, policy=POLICY),
        access=AccessOffice(changing, journal, Words(keyring, "access_grant"), lawbook=LAWBOOK),
        provider=None,  # type: ignore[arg-type]
        consumer=None,  # type: ignore[arg-type]
        steward=None,  # type: ignore[arg-type]
        repair=None,  # type: ignore[arg-type]
        gateway=None,  # type: ignore[arg-type]
        item=next(
            item.code
            for item in LAWBOOK.items_in_force(day_of(datetime.now(UTC)))
            if "penalty_decision" in item.document_kinds
            and item.negative
            and item.public
            and set(item.subject_types) == {"enterprise", "person"}
            and item.sharing == "authorities"
        ),
        purpose=next(purpose.code for purpose in LAWBOOK.purposes if not purpose.yes_no),
    )
    made.provider = made.enrol(uscc(9000001), "provider")
    made.consumer = made.enrol(uscc(9000002), "consumer")
    made.steward = made.enrol(uscc(9000003), "steward")
    made.repair = made.enrol(uscc(9000004), "office")
    made.gateway = made.enrol(uscc(9000005), "gateway")
    await made.grant(made.consumer, made.purpose, [made.item], ["party_name"])
    yield made
    for pool in (answering, changing, working):
        await pool.close()
    await keyring.close()

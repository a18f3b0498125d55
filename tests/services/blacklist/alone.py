"""The office's use cases in the test's own process, on a database of their own."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from foundation.access import Caller, Officer
from foundation.calendar import load_calendar
from foundation.crypto import DossierKeys, FileKeyProvider, Keyring
from foundation.db import Database
from foundation.evidence import FileHeader, MediaType
from foundation.identity import Identifier, IdentifierKind, canonicalise, resident_check_digit
from foundation.journal import Journal
from foundation.personal import Personal
from foundation.policy import LawBook, load_policy
from foundation.refusal import Reason, Refused
from foundation.rpc import Call
from foundation.settings import LAW
from services.blacklist.domain.deadlines import Terms
from services.blacklist.domain.dossier import Basis, FactsFound, Party, StandardMatched
from services.blacklist.domain.leniency import Leniency
from services.blacklist.law import load_law
from services.blacklist.office import DecisionOffice, Desk, InvestigationOffice, View
from services.blacklist.store import TABLE, Store
from tests.services.blacklist.processes import AUTHORITY, code
from tests.support.databases import SchemaDatabase

POLICY, CALENDAR = load_policy(LAW), load_calendar(LAW)
BOOK = LawBook.load(LAW, POLICY)
SAID = Personal("样例")
NOT_LENIENT = Leniency(under_age=False, force_majeure=False, unintentional=False, slight=False, reasons=SAID)


@dataclass
class Alone:
    """The office's use cases, and the steps of a case against a sample company."""

    database: SchemaDatabase
    pool: Database
    desk: Desk

    def call(self, method: str, *, subject: str = "case-officer-1", role: str = "case_officer") -> Call:
        """A call of the authority's system in the name of an official."""
        caller = Caller(authority=AUTHORITY, system="lists", fingerprint=bytes(32), roles=frozenset({"list_authority"}))
        officer = Officer(subject=subject, authority=AUTHORITY, roles=frozenset({role}))
        return Call(caller=caller, method=f"CaseService.{method}", officer=officer)

    async def open(
        self, *, sample: bool = False, scheme: str = "market_regulation", party: Identifier | None = None
    ) -> View:
        """Open a case, against a company by default."""
        company = canonicalise(IdentifierKind.USCC, code(1), today=self.today())
        return await InvestigationOffice(self.desk).open_case(
            self.call("OpenCase"),
            scheme_code=scheme,
            party=Party(identifier=party or company, name=SAID),
            cause=SAID,
            key=uuid.uuid4().hex,
            sample=sample,
        )

    async def matched(self, **opening: Any) -> View:
        """A case held against its standard."""
        view = await self.open(**opening)
        await self.upload(view.case.case_id, [b"%PDF-"])
        scheme = BOOK.scheme(view.case.scheme_code, on=self.today())
        assert scheme is not None
        return await InvestigationOffice(self.desk).match_standard(
            self.call("MatchStandard"),
            view.case.case_id,
            StandardMatched(criterion_codes=(scheme.criteria[0].code,), reasoning=SAID),
        )

    async def find(
        self, view: View, *, leniency: Leniency = NOT_LENIENT, measures: Sequence[str] = ("no_commendation",)
    ) -> View:
        """Find the facts of a case."""
        today = self.today()
        basis = Basis(
            kind="judgment", number=Personal("1"), authority=AUTHORITY, determined_on=today, effective_on=today
        )
        return await InvestigationOffice(self.desk).find_facts(
            self.call("FindFacts"),
            view.case.case_id,
            FactsFound(facts=SAID, basis=basis, leniency=leniency),
            measure_codes=measures,
        )

    async def panel_held(self, *, leniency: Leniency = NOT_LENIENT, **opening: Any) -> View:
        """A case that waits for its notice."""
        view = await self.find(await self.matched(**opening), leniency=leniency)
        return await InvestigationOffice(self.desk).hold_panel(
            self.call("HoldPanel"), view.case.case_id, minutes=SAID, members=Personal.each("123")
        )

    async def notify(self, view: View) -> View:
        """Serve the notice."""
        return await DecisionOffice(self.desk).notify_party(
            self.call("NotifyParty"), view.case.case_id, method="post", proof=SAID
        )

    async def decide(self, view: View, *, measures: Sequence[str] = ("no_commendation",)) -> View:
        """Decide to list."""
        return await DecisionOffice(self.desk).decide_to_list(
            self.call("Decide", subject="decider-1", role="decider"),
            view.case.case_id,
            reasons=SAID,
            measure_codes=measures,
            number=Personal(uuid.uuid4().hex),
        )

    async def upload(
        self, case_id: uuid.UUID, pieces: Sequence[bytes], *, seconds: float = 30, pause: float = 0
    ) -> None:
        """Upload a PDF in pieces, with a pause after each."""

        async def stream() -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece
                await asyncio.sleep(pause)

        header = FileHeader(file_name="a.pdf", media_type=MediaType.PDF, description="样例")
        office = InvestigationOffice(self.desk, upload_s=seconds)
        await office.add_evidence(self.call("UploadEvidence"), case_id, header, stream())

    def person(self, born: date) -> Identifier:
        """A natural person, under a division that was never assigned."""
        first17 = f"439999{born:%Y%m%d}001"
        number = first17 + resident_check_digit(first17)
        return canonicalise(IdentifierKind.RESIDENT_ID, number, today=self.today())

    def today(self) -> date:
        """The house's day."""
        return self.sql("SELECT house_today()")[0][0]

    def pass_days(self, days: int) -> None:
        """Let days pass in a sample house."""
        self.sql("UPDATE clock_offset SET ahead = ahead + make_interval(days => %s)", days)

    def sql(self, statement: str, *values: object) -> list[Any]:
        """Run SQL as the administrator."""
        with psycopg.connect(self.database.admin_dsn, options="-c search_path=blacklist") as admin:
            cursor = admin.execute(statement, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def load_law(self) -> None:
        """Load the shipped law."""
        with psycopg.connect(self.database.admin_dsn) as admin:
            load_law(admin, policy=POLICY, calendar=CALENDAR)


@asynccontextmanager
async def alone_on(database: SchemaDatabase, folder: Path) -> AsyncGenerator[Alone]:
    """The use cases on a migrated database; keys in `folder`."""
    pool = database.open("blacklist_app")
    keyring = Keyring(FileKeyProvider.initialise(folder / "keys"), pool)
    desk = Desk(
        database=pool,
        journal=Journal(keyring, "blacklist"),
        store=Store(DossierKeys(keyring, "alone", TABLE), os.urandom),
        book=BOOK,
        terms=Terms(policy=POLICY, calendar=CALENDAR),
        sign=lambda text: text,
    )
    alone = Alone(database, pool, desk)
    alone.load_law()
    yield alone
    await keyring.close()
    await pool.close()


async def reason_of_refusal(attempt: Any) -> Reason:
    """Why an attempt is refused."""
    with pytest.raises(Refused) as refused:
        await attempt
    return refused.value.reason

"""What needs no process: a house with real data, law tables out of step, slow uploads, parked jobs."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from foundation.access import Caller, Officer
from foundation.calendar import load_calendar
from foundation.crypto import FileKeyProvider, Keyring
from foundation.db import Database
from foundation.identity import IdentifierKind, canonicalise
from foundation.jobs import defer
from foundation.journal import Journal
from foundation.policy import LawBook, load_policy
from foundation.refusal import Reason, Refused
from foundation.rpc import Call
from foundation.settings import LAW
from services.blacklist.domain import reasons
from services.blacklist.domain.deadlines import Terms
from services.blacklist.domain.dossier import Basis, Party
from services.blacklist.domain.leniency import Leniency
from services.blacklist.keys import CaseKeys
from services.blacklist.law import load_law
from services.blacklist.office import (
    Desk,
    EvidenceOffice,
    InvestigationOffice,
    ListingOffice,
    NoticeOffice,
    Upload,
    View,
)
from services.blacklist.office.decisions import DELIVERY, QUEUE
from services.blacklist.store import Store
from services.blacklist.worker import take_up_parked
from tests.services.blacklist.processes import AUTHORITY, code
from tests.support.databases import SchemaDatabase
from tests.support.eventually import eventually

POLICY = load_policy(LAW)
BOOK = LawBook.load(LAW, POLICY)


@dataclass
class Alone:
    """The office's use cases on a database of their own, in a house with real data."""

    database: SchemaDatabase
    pool: Database
    desk: Desk

    def call(self, method: str) -> Call:
        """A call of the authority's system in the name of its case officer."""
        return Call(
            caller=Caller(
                authority=AUTHORITY,
                system="lists",
                fingerprint=bytes(32),
                roles=frozenset({"list_authority"}),
            ),
            method=f"CaseService.{method}",
            officer=Officer(subject="case-officer-1", authority=AUTHORITY, roles=frozenset({"case_officer"})),
        )

    async def open(self, *, sample: bool = False, desk: Desk | None = None) -> View:
        """Open a case against a company."""
        today = (await self._row("SELECT house_today() AS day")).day
        party = Party(identifier=canonicalise(IdentifierKind.USCC, code(1), today=today), name="样例")
        return await InvestigationOffice(desk or self.desk).open_case(
            self.call("OpenCase"),
            scheme_code="market_regulation",
            party=party,
            cause="样例",
            key=uuid.uuid4().hex,
            sample=sample,
        )

    async def panel_held(self) -> View:
        """A case that waits for its notice."""
        case_id = (await self.open()).case.case_id
        await self.upload(case_id, [b"%PDF-"])
        office, day = InvestigationOffice(self.desk), (await self._row("SELECT house_today() AS day")).day
        await office.match_standard(
            self.call("MatchStandard"), case_id, criterion_codes=["M1"], reasoning="样例"
        )
        basis = Basis(kind="judgment", number="1", authority=AUTHORITY, determined_on=day, effective_on=day)
        leniency = Leniency(
            under_age=False, force_majeure=False, unintentional=False, slight=False, reasons="样例"
        )
        await office.find_facts(
            self.call("FindFacts"),
            case_id,
            facts="样例",
            basis=basis,
            leniency=leniency,
            measure_codes=["no_commendation"],
        )
        return await office.hold_panel(
            self.call("HoldPanel"), case_id, minutes="样例", members=["1", "2", "3"]
        )

    async def upload(
        self, case_id: uuid.UUID, pieces: Sequence[bytes], *, seconds: float = 30, pause: float = 0
    ) -> None:
        """Upload a PDF in pieces, with a pause after each."""

        async def stream() -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece
                await asyncio.sleep(pause)

        upload = Upload(case_id=case_id, file_name="a.pdf", media_type="application/pdf", description="样例")
        office = EvidenceOffice(self.desk, os.urandom, upload_s=seconds)
        await office.add(self.call("UploadEvidence"), upload, stream())

    def sql(self, statement: str) -> None:
        """Change something with the owner's rights."""
        with psycopg.connect(self.database.admin_dsn, options="-c search_path=blacklist") as admin:
            admin.execute(statement)  # type: ignore[arg-type]

    async def _row(self, statement: str) -> Any:
        async with self.pool.transaction() as tx:
            return await tx.one(statement)


@pytest_asyncio.fixture(loop_scope="session")
async def alone(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[Alone]:
    database = schema_db("blacklist")
    calendar = load_calendar(LAW)
    with psycopg.connect(database.admin_dsn) as admin:
        load_law(admin, policy=POLICY, calendar=calendar)
    pool = database.open("blacklist_app")
    keyring = Keyring(FileKeyProvider.initialise(tmp_path / "keys"), pool)
    desk = Desk(
        database=pool,
        journal=Journal(keyring, "blacklist"),
        store=Store(CaseKeys(keyring, "alone"), os.urandom),
        book=BOOK,
        terms=Terms(policy=POLICY, calendar=calendar),
    )
    yield Alone(database, pool, desk)
    await keyring.close()
    await pool.close()


async def refusal(attempt: Any) -> Reason:
    with pytest.raises(Refused) as refused:
        await attempt
    return refused.value.reason


async def test_a_house_with_real_data_takes_no_sample_case(alone: Alone) -> None:
    assert await refusal(alone.open(sample=True)) is reasons.SAMPLE_REFUSED
    assert (await alone.open()).case.sample is False


async def test_a_scheme_for_persons_does_not_take_companies(alone: Alone) -> None:
    items = tuple(
        replace(item, subject_types=("person",)) if item.code == "cn.list.market_regulation" else item
        for item in BOOK.items
    )
    desk = replace(alone.desk, book=replace(BOOK, items=items))
    assert await refusal(alone.open(desk=desk)) is reasons.SUBJECT_NOT_COVERED
    without = tuple(item for item in BOOK.items if item.code != "cn.list.market_regulation")
    desk = replace(alone.desk, book=replace(BOOK, items=without))
    assert await refusal(alone.open(desk=desk)) is reasons.SCHEME_NOT_IN_FORCE


async def test_a_measure_for_persons_does_not_bind_companies(alone: Alone) -> None:
    measures = tuple(replace(measure, subject_types=("person",)) for measure in BOOK.measures)
    desk = replace(alone.desk, book=replace(BOOK, measures=measures))
    whole, alone.desk = alone.desk, desk
    assert await refusal(alone.panel_held()) is reasons.MEASURE_NOT_FOR_SUBJECT
    alone.desk = whole


async def test_no_notice_is_served_by_a_calendar_that_the_database_does_not_share(alone: Alone) -> None:
    view = await alone.panel_held()
    office = NoticeOffice(alone.desk, lambda text: text)
    call, case_id = alone.call("NotifyParty"), view.case.case_id
    alone.sql(
        "DELETE FROM working_day WHERE day = (SELECT min(day) FROM working_day WHERE day > house_today())"
    )
    attempt = office.notify_party(call, case_id, method="post", proof="样例")
    assert await refusal(attempt) is reasons.LAW_TABLES_DIFFER
    with psycopg.connect(alone.database.admin_dsn) as admin:
        load_law(admin, policy=POLICY, calendar=load_calendar(LAW))
    told = await office.notify_party(call, case_id, method="post", proof="样例")
    assert told.case.window is not None
    assert "陈述和申辩" in told.document


async def test_an_upload_that_takes_too_long_stores_nothing(alone: Alone) -> None:
    case_id = (await alone.open()).case.case_id
    attempt = alone.upload(case_id, [b"%PDF-", b"x"], seconds=0.05, pause=0.2)
    assert await refusal(attempt) is reasons.EVIDENCE_TOO_SLOW
    async with alone.pool.transaction() as tx:
        file = await alone.desk.store.of_house(tx, case_id)
    assert file.case.evidence == 0


async def test_a_parked_delivery_is_taken_up_again(alone: Alone) -> None:
    async with alone.pool.transaction() as tx:
        await defer(tx, DELIVERY, queue=QUEUE, case_id=str(uuid.uuid4()))
    alone.sql("UPDATE procrastinate_jobs SET status = 'doing'")
    alone.sql("UPDATE procrastinate_jobs SET status = 'failed'")
    work = asyncio.create_task(take_up_parked(ListingOffice(alone.desk), every_s=0.05))

    async def waiting() -> bool:
        async with alone.pool.transaction() as tx:
            return (await tx.one("SELECT status = 'todo' AS waits FROM procrastinate_jobs")).waits

    try:
        await eventually(waiting)
    finally:
        work.cancel()

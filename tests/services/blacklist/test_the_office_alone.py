"""What needs no process: a house with real data, law tables out of step, slow uploads, parked jobs."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest_asyncio

from foundation import reasons as shared
from foundation.jobs import JobWorker, defer
from services.blacklist.domain import reasons
from services.blacklist.office.decisions import DELIVERY
from tests.services.blacklist.alone import BOOK, Alone, alone_on
from tests.services.blacklist.alone import reason_of_refusal as refusal
from tests.support.databases import SchemaDatabase
from tests.support.eventually import eventually


@pytest_asyncio.fixture(loop_scope="session")
async def alone(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[Alone]:
    """The office in a house with real data."""
    async with alone_on(schema_db("blacklist"), tmp_path) as alone:
        yield alone


async def test_a_house_with_real_data_takes_no_sample_case(alone: Alone) -> None:
    assert await refusal(alone.open(sample=True)) is reasons.SAMPLE_REFUSED
    assert (await alone.open()).case.sample is False


async def test_a_scheme_for_persons_does_not_take_companies(alone: Alone) -> None:
    items = tuple(
        replace(item, subject_types=("person",)) if item.code == "cn.list.market_regulation" else item
        for item in BOOK.items
    )
    alone.desk = replace(alone.desk, book=replace(BOOK, items=items))
    assert await refusal(alone.open()) is reasons.SUBJECT_NOT_COVERED
    without = tuple(item for item in BOOK.items if item.code != "cn.list.market_regulation")
    alone.desk = replace(alone.desk, book=replace(BOOK, items=without))
    assert await refusal(alone.open()) is reasons.SCHEME_NOT_IN_FORCE


async def test_a_measure_for_persons_does_not_bind_companies(alone: Alone) -> None:
    measures = tuple(replace(measure, subject_types=("person",)) for measure in BOOK.measures)
    alone.desk = replace(alone.desk, book=replace(BOOK, measures=measures))
    assert await refusal(alone.panel_held()) is reasons.MEASURE_NOT_FOR_SUBJECT


async def test_no_notice_is_served_by_a_calendar_that_the_database_does_not_share(alone: Alone) -> None:
    view = await alone.panel_held()
    alone.sql("DELETE FROM working_day WHERE day = (SELECT min(day) FROM working_day WHERE day > house_today())")
    assert await refusal(alone.notify(view)) is reasons.LAW_TABLES_DIFFER
    alone.load_law()
    told = await alone.notify(view)
    assert told.case.window is not None
    assert "陈述和申辩" in told.document.reveal()


async def test_an_upload_that_takes_too_long_stores_nothing(alone: Alone) -> None:
    case_id = (await alone.open()).case.case_id
    attempt = alone.upload(case_id, [b"%PDF-", b"x"], seconds=0.05, pause=0.2)
    assert await refusal(attempt) is shared.EVIDENCE_TOO_SLOW
    async with alone.pool.transaction() as tx:
        file = await alone.desk.store.of_house(tx, case_id)
    assert file.case.evidence == 0


async def test_a_parked_delivery_is_taken_up_again(alone: Alone) -> None:
    case_id, delivered = str(uuid.uuid4()), list[str]()

    async def deliver(case_id: str) -> None:
        delivered.append(case_id)

    async with alone.pool.transaction() as tx:
        await defer(tx, DELIVERY, case_id=case_id)
    alone.sql("UPDATE procrastinate_jobs SET status = 'doing'")
    alone.sql("UPDATE procrastinate_jobs SET status = 'failed'")
    worker = JobWorker(alone.database.dsn("blacklist_app"), "blacklist", {DELIVERY: deliver})
    work = asyncio.create_task(worker.run())
    try:
        await eventually(lambda: delivered == [case_id])
    finally:
        work.cancel()

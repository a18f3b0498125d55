"""Jobs: put down with their transaction, done at least once and at once, in order, and never lost."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from foundation.db import Database
from foundation.jobs import JobWorker, defer
from tests.support.databases import SchemaDatabase
from tests.support.eventually import eventually
from tests.support.office_process import ROOT


@dataclass
class Queue:
    """An office's jobs, and what its handlers noted."""

    database: SchemaDatabase
    office: Database
    noted: list[str] = field(default_factory=list)

    async def put_down(self, *whats: str, **options: Any) -> None:
        """Put jobs down in one transaction."""
        async with self.office.transaction() as tx:
            for what in whats:
                await defer(tx, "note", what=what, **options)

    def jobs(self) -> list[tuple[str, str, int]]:
        """Every job that is not done: its argument, state and tries."""
        with psycopg.connect(self.database.admin_dsn) as admin:
            return admin.execute(
                "SELECT args ->> 'what', status::text, attempts FROM repair.procrastinate_jobs ORDER BY id"
            ).fetchall()

    @asynccontextmanager
    async def worker(
        self, handler: Callable[[str], Awaitable[None]] | None = None, **options: Any
    ) -> AsyncGenerator[asyncio.Task[None]]:
        """A worker whose handler notes what it did."""

        async def note(what: str) -> None:
            if handler is not None:
                await handler(what)
            self.noted.append(what)

        work = JobWorker(self.database.dsn("repair_app"), "repair", {"note": note}, **options)
        running = asyncio.create_task(work.run())
        try:
            yield running
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running


@pytest_asyncio.fixture
async def queue(schema_db: Callable[..., SchemaDatabase]) -> AsyncGenerator[Queue]:
    """An office without a job."""
    database = schema_db("repair")
    office = database.open("repair_app", pool=2)
    yield Queue(database, office)
    await office.close()


async def test_a_job_exists_exactly_when_its_transaction_commits(queue: Queue) -> None:
    async def fail() -> None:
        async with queue.office.transaction() as tx:
            await defer(tx, "note", what="undone")
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    async with queue.office.transaction() as tx:
        await defer(tx, "note", what="done")
        assert queue.jobs() == []
    assert queue.jobs() == [("done", "todo", 0)]
    async with queue.worker():
        await eventually(lambda: queue.noted)
    assert queue.noted == ["done"]


async def test_a_job_is_done_within_a_second_of_its_commit(queue: Queue) -> None:
    async with queue.worker():
        await queue.put_down("first")
        await eventually(lambda: queue.noted)
        for n in range(5):
            async with queue.office.transaction() as tx:
                await defer(tx, "note", what=str(n))
            committed = time.monotonic()
            await eventually(lambda n=n: str(n) in queue.noted)
            assert time.monotonic() - committed < 1
        await eventually(lambda: queue.jobs() == [])


async def test_a_job_that_fails_is_tried_again_each_time_later(queue: Queue) -> None:
    tries: list[float] = []

    async def fail_twice(_: str) -> None:
        tries.append(time.monotonic())
        if len(tries) < 3:
            raise ConnectionError

    async with queue.worker(fail_twice, first_wait_s=1.2):
        await queue.put_down("stubborn")
        await eventually(lambda: queue.noted == ["stubborn"], within=10)
    first, second = tries[1] - tries[0], tries[2] - tries[1]
    assert first >= 1.2
    assert second >= 2.4


async def test_poison_is_parked_after_eight_tries_and_hurts_nobody(queue: Queue) -> None:
    tries = 0

    async def refuse_poison(what: str) -> None:
        nonlocal tries
        if what == "poison":
            tries += 1
            raise ValueError(what)

    async with queue.worker(refuse_poison, first_wait_s=0.0, parked_s=3600):
        await queue.put_down("poison", *(f"good-{n}" for n in range(10)))
        await eventually(lambda: len(queue.noted) == 10)
        await eventually(lambda: queue.jobs() == [("poison", "failed", 8)], within=20)
        await queue.put_down("later")
        await eventually(lambda: "later" in queue.noted)
    assert tries == 8


async def test_what_is_parked_is_tried_again_from_time_to_time(queue: Queue) -> None:
    mended = asyncio.Event()

    async def fail_until_mended(_: str) -> None:
        if not mended.is_set():
            raise ConnectionError

    async with queue.worker(fail_until_mended, first_wait_s=0.0, parked_s=3600):
        await queue.put_down("patient")
        await eventually(lambda: queue.jobs() == [("patient", "failed", 8)], within=20)
    mended.set()
    async with queue.worker(fail_until_mended):
        await eventually(lambda: queue.noted == ["patient"], within=10)


async def test_the_job_of_a_killed_worker_is_put_back_and_done(queue: Queue, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    doomed = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.unit.foundation.doomed_worker"),
        *(queue.database.dsn("repair_app"), str(taken)),
        cwd=ROOT,
    )
    try:
        await queue.put_down("unfinished")
        await eventually(taken.exists, within=20)
        assert queue.jobs() == [("unfinished", "doing", 0)]
    finally:
        doomed.kill()
        await doomed.wait()
    async with queue.worker():
        killed = time.monotonic()
        await eventually(lambda: "unfinished" in queue.noted, within=20)
        assert time.monotonic() - killed < 8, "put back within 5 s, on a machine with nothing else to do"
        await eventually(lambda: queue.jobs() == [])


async def test_a_job_cut_off_by_an_orderly_stop_is_done_by_the_next_worker(queue: Queue) -> None:
    started = asyncio.Event()

    async def hang(_: str) -> None:
        started.set()
        await asyncio.Event().wait()

    async with queue.worker(hang):
        await queue.put_down("cut off")
        await asyncio.wait_for(started.wait(), 5)
    assert queue.noted == []
    async with queue.worker():
        await eventually(lambda: queue.noted == ["cut off"], within=20)


async def test_jobs_of_one_lock_are_done_one_after_another_in_their_order(queue: Queue) -> None:
    doing: set[str] = set()

    async def slowly(what: str) -> None:
        lock = what[0]
        assert lock not in doing
        doing.add(lock)
        await asyncio.sleep(0.005)
        doing.remove(lock)

    async with queue.worker(slowly):
        await queue.put_down("warm")
        await eventually(lambda: queue.noted)
        started = time.monotonic()
        await queue.put_down(*(f"a{n}" for n in range(8)), lock="a")
        await queue.put_down(*(f"b{n}" for n in range(8)), lock="b")
        await eventually(lambda: len(queue.noted) == 17)
    assert time.monotonic() - started < 3, "each is taken up when the one before it has ended"
    for lock in "ab":
        assert [what for what in queue.noted if what[0] == lock] == [f"{lock}{n}" for n in range(8)]


async def test_a_job_that_fails_holds_back_the_later_ones_of_its_lock_and_no_others(queue: Queue) -> None:
    failed = asyncio.Event()

    async def fail_once(what: str) -> None:
        if what == "first" and not failed.is_set():
            failed.set()
            raise ConnectionError

    async with queue.worker(fail_once, first_wait_s=0.5):
        await queue.put_down("first", "second", lock="record")
        await queue.put_down("other")
        await eventually(lambda: len(queue.noted) == 3, within=10)
    assert queue.noted == ["other", "first", "second"]

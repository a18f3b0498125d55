"""Sequencers killed and paused at any moment while offices write: no gap, no fork, every checkpoint consistent."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import os
import random
import signal
from multiprocessing.process import BaseProcess

from chengxin.proofs import consistency_proof, verify_checkpoint, verify_consistency
from tests.services.audit import a_sequencer
from tests.services.audit.journals import VKEY, Journals
from tests.support.eventually import eventually

KILLS = 30
FORKING = multiprocessing.get_context("forkserver")  # a new interpreter for each would take minutes
FORKING.set_forkserver_preload(["tests.services.audit.a_sequencer"])


def started(journals: Journals) -> BaseProcess:
    database = journals.database
    process = FORKING.Process(target=a_sequencer.run, args=(database.admin_dsn, database.secrets, journals.folder))
    process.start()
    return process


def stop(process: BaseProcess) -> None:
    process.kill()
    process.join(10)


def pause(process: BaseProcess, number: signal.Signals) -> None:
    assert process.pid is not None
    os.kill(process.pid, number)


def size_of(journals: Journals) -> int:
    with journals.admin() as connection:
        row = connection.execute("SELECT size FROM log_state").fetchone()
    assert row is not None
    return row[0]


async def test_thirty_kills_and_pauses_leave_one_log(journals: Journals) -> None:
    moments = random.Random(5)
    writing = True
    written: list[int] = []

    async def write() -> None:
        while writing:
            written.append((await journals.look()).entry_id)

    writer = asyncio.create_task(write())
    sequencers = [started(journals) for _ in range(3)]
    paused: list[BaseProcess] = []
    for number in range(KILLS):
        size = size_of(journals)
        await eventually(lambda size=size: size_of(journals) > size, within=30)
        # Not at the moment at which the head has just moved, but at any within the rounds that follow.
        for _ in range(moments.randrange(40)):
            await journals.repair_journal.private_part(None, "", "", at=(await _now(journals)))
        victim = sequencers.pop(number % 2)
        if number % 3 == 2:  # Paused in the middle; it goes on when another has long been in charge.
            pause(victim, signal.SIGSTOP)
            paused.append(victim)
        else:
            stop(victim)
        sequencers.append(started(journals))
        if len(paused) > 1:
            pause(paused[0], signal.SIGCONT)
            sequencers.append(paused.pop(0))
            stop(sequencers.pop(0))
    writing = False
    await writer
    for process in paused:
        pause(process, signal.SIGCONT)

    def all_logged() -> bool:
        checkpoints = journals.published()
        return checkpoints[-1][0] == size_of(journals) and _logged(journals) == sorted(written)

    await eventually(all_logged, within=30)
    for process in [*sequencers, *paused]:
        stop(process)
    hashes = journals.leaf_hashes()
    heads = [verify_checkpoint(text, VKEY) for _, _, text in journals.published()]
    assert len(heads) > KILLS
    journals.assert_append_only()
    for earlier, later in itertools.pairwise(heads):
        if earlier.size:
            proof = consistency_proof(hashes[: later.size], earlier.size)
            verify_consistency(earlier.size, later.size, proof, earlier.root, later.root)


async def _now(journals: Journals):  # type: ignore[no-untyped-def]
    async with journals.repair.transaction() as tx:
        return tx.now


def _logged(journals: Journals) -> list[int]:
    with journals.admin() as connection:
        rows = connection.execute("SELECT entry_id FROM log_entry WHERE source = 'repair' ORDER BY entry_id")
        return [row[0] for row in rows.fetchall()]

"""The sequencer: every entry once, late commits too, one at a time, and never a fork."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
import uuid
from pathlib import Path

import psycopg
import pytest

from chengxin.proofs import entry
from foundation.crypto import FileKeyProvider, Keyring
from foundation.db import Database
from foundation.db.database import HOUSE_RULE
from foundation.journal import Entry, Receipt
from foundation.reasons import RULE_HELD_BY_DATABASE
from foundation.refusal import Refused
from services.audit.domain.position import Standstill
from services.audit.office.sequencing import Sequencer
from services.audit.store import log as store
from services.audit.store.journals import SourceEntry, SourceJournal
from services.audit.worker import sequence
from tests.services.audit.journals import KEY, ORIGIN, PARTY, Journals, caller
from tests.support.eventually import eventually

ROOT = Path(__file__).resolve().parents[3]


async def logged_ids(journals: Journals) -> list[int]:
    with journals.admin() as connection:
        rows = connection.execute("SELECT entry_id FROM log_entry WHERE source = 'repair' ORDER BY index")
        return [row[0] for row in rows.fetchall()]


async def read(journals: Journals, source: str = "repair") -> list[SourceEntry]:
    async with journals.own.transaction() as tx:
        position = (await store.positions(tx)).get(source)
    entries = await journals.sources[source].read_on(position, most=100)
    assert not isinstance(entries, Standstill)
    return entries


async def test_an_empty_log_has_a_checkpoint_over_nothing(journals: Journals) -> None:
    await journals.sequencer().round()
    assert (await journals.prover.checkpoint()).startswith(
        f"{ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    )


async def test_every_entry_is_in_the_log_once_and_as_the_journal_has_it(journals: Journals) -> None:
    sequencer = journals.sequencer()
    receipts = []
    for number in range(7):
        receipts.append(await journals.look(matter=f"T-{number}"))
        if number % 3 == 0:
            await sequencer.round()
    await sequencer.round()
    await sequencer.round()
    assert await logged_ids(journals) == [receipt.entry_id for receipt in receipts]
    journals.assert_append_only()
    with journals.admin() as connection:
        leaf = connection.execute("SELECT leaf FROM log_entry WHERE index = 0").fetchone()
    decoded = entry.decode(bytes(leaf[0]))  # type: ignore[index]
    assert (decoded.source, decoded.kind) == ("repair", "RepairService.CheckEligibility")
    assert (decoded.digest, decoded.as_of) == (receipts[0].digest, receipts[0].as_of)


async def test_whatever_a_refused_call_carried_does_not_stop_the_log(journals: Journals) -> None:
    for text in ("%b%s%", "目的" * 2_000, 'quote " \\ and \x01'):
        await journals.look(decision="refused", reason=text, purpose=text, caller=caller(authority=text))
    await journals.sequencer().round()
    with journals.admin() as connection:
        rows = connection.execute("SELECT leaf, purpose, authority FROM log_entry ORDER BY index").fetchall()
    for text, (leaf, purpose, authority) in zip(("%b%s%", "目的" * 500, 'quote " \\ and \x01'), rows, strict=True):
        decoded = entry.decode(bytes(leaf))
        assert (decoded.reason, decoded.purpose, decoded.authority, purpose, authority) == (text,) * 5


async def test_no_private_word_is_in_a_leaf(journals: Journals) -> None:
    await journals.look(officer="official Li", matter="secret matter")
    await journals.sequencer().round()
    with journals.admin() as connection:
        leaf = bytes(connection.execute("SELECT leaf FROM log_entry").fetchone()[0])  # type: ignore[index]
    for word in (PARTY.value.reveal(), "official Li", "secret matter"):
        assert word.encode() not in leaf


async def test_a_transaction_that_commits_late_is_not_skipped(journals: Journals) -> None:
    sequencer = journals.sequencer()
    before = await journals.look()
    async with journals.repair.transaction() as late:
        entry_late = await journals.repair_journal.write(late, _entry())
        after = await journals.look()  # begun later, committed earlier
        await sequencer.round()
        assert await logged_ids(journals) == [before.entry_id]
    await sequencer.round()
    assert sorted(await logged_ids(journals)) == [before.entry_id, entry_late.entry_id, after.entry_id]
    journals.assert_append_only()


async def test_a_transaction_that_rolls_back_leaves_nothing_and_holds_nothing_up(journals: Journals) -> None:
    sequencer = journals.sequencer()

    async def roll_back() -> None:
        async with journals.repair.transaction() as tx:
            await journals.repair_journal.write(tx, _entry())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await roll_back()
    kept = await journals.look()
    await sequencer.round()
    assert await logged_ids(journals) == [kept.entry_id]


async def test_two_sequencers_that_race_make_one_log(journals: Journals) -> None:
    first, second = journals.sequencer(), journals.sequencer()
    for _ in range(5):
        await journals.look()
    await asyncio.gather(*(sequencer.round() for sequencer in (first, second, first, second)))
    await asyncio.gather(first.round(), second.round())
    assert len(await logged_ids(journals)) == 5
    journals.assert_append_only()


async def test_a_second_sequencer_waits_for_the_lease(journals: Journals) -> None:
    first, second = journals.sequencer(), journals.sequencer()
    await first.round()
    receipt = await journals.look()
    await second.round()
    assert await logged_ids(journals) == []
    await first.stop()
    await second.round()
    assert await logged_ids(journals) == [receipt.entry_id]


async def test_a_sequencer_that_lost_its_lease_while_it_paused_commits_nothing(journals: Journals) -> None:
    paused, other = journals.sequencer(), journals.sequencer()
    await paused.round()
    await journals.look()
    async with journals.own.transaction() as tx:
        at = await store.head(tx)
    taken = await read(journals)
    await paused.stop()
    await other.round()
    await journals.look()
    assert not await paused.append(at, taken)
    async with journals.own.transaction() as tx:
        at = await store.head(tx)
    assert not await paused.append(at, await read(journals))
    await other.round()
    assert len(await logged_ids(journals)) == 2
    journals.assert_append_only()


async def test_a_sequencer_with_a_stale_head_commits_nothing(journals: Journals) -> None:
    sequencer = journals.sequencer()
    await journals.look()
    await sequencer.round()
    async with journals.own.transaction() as tx:
        stale = await store.head(tx)
    await journals.look()
    taken = await read(journals)
    await sequencer.round()
    assert not await sequencer.append(stale, taken)
    journals.assert_append_only()


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.services.audit.journals import Journals
from tests.support.databases import SchemaDatabase
from services.audit.office.sequencing import Sequencer

class Killed(Sequencer):
    async def publish(self):
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    journals = Journals(SchemaDatabase(sys.argv[1], Path(sys.argv[2])), Path(sys.argv[3]))
    sequencer = journals.sequencer()
    sequencer.__class__ = Killed
    await sequencer.round()

asyncio.run(main())
"""


async def test_a_sequencer_killed_between_the_commit_and_the_signature_leaves_one_valid_log(journals: Journals) -> None:
    receipt = await journals.look()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, journals.database.admin_dsn, str(journals.database.secrets),
        str(journals.folder), cwd=ROOT,
    )  # fmt: skip
    assert await process.wait() == -9
    assert await logged_ids(journals) == [receipt.entry_id]
    assert journals.published() == []
    successor = journals.sequencer()

    async def published() -> bool:
        await successor.round()
        return bool(journals.published())

    await eventually(published, within=10)
    journals.assert_append_only()
    await journals.look()
    await successor.round()
    journals.assert_append_only()


async def test_a_checkpoint_is_out_within_a_second_of_an_entry_s_commit(journals: Journals) -> None:
    running = asyncio.create_task(sequence(journals.sequencer()))
    try:
        await eventually(journals.published)
        waits: list[float] = []
        for _ in range(5):
            committed = time.monotonic()
            receipt = await journals.look()
            await eventually(lambda receipt=receipt: _receipt_is_ready(journals, receipt))
            waits.append(time.monotonic() - committed)
        assert statistics.median(waits) < 1
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await journals.look()
    await journals.sequencer().round()  # The cancelled one gave up its lease.
    journals.assert_append_only()


async def test_a_restored_journal_that_lost_an_entry_is_not_read_on(journals: Journals) -> None:
    sequencer = journals.sequencer()
    await journals.look()
    lost = await journals.look()
    await sequencer.round()
    with journals.admin("repair") as connection:
        connection.execute("ALTER TABLE journal DISABLE TRIGGER append_only")
        connection.execute("DELETE FROM journal WHERE entry_id = %s", (lost.entry_id,))
    await journals.look()
    await sequencer.round()
    async with journals.own.transaction() as tx:
        position = (await store.positions(tx))["repair"]
    assert await journals.sources["repair"].read_on(position, most=10) is Standstill.ENTRY_LOST
    assert len(await logged_ids(journals)) == 2


async def test_a_journal_of_a_new_epoch_is_not_read_on(journals: Journals) -> None:
    sequencer = journals.sequencer()
    await journals.look()
    await sequencer.round()
    with journals.admin("repair") as connection:
        connection.execute("ALTER TABLE house DISABLE TRIGGER house_guard")
        connection.execute("UPDATE house SET epoch = gen_random_uuid()")
    await journals.look()
    await sequencer.round()
    async with journals.own.transaction() as tx:
        position = (await store.positions(tx))["repair"]
    assert await journals.sources["repair"].read_on(position, most=10) is Standstill.NEW_EPOCH


async def test_a_source_that_is_away_does_not_hold_up_the_others(journals: Journals) -> None:
    receipt = await journals.look()
    away = Database.open("postgresql://audit_reader:none@127.0.0.1:1/none", schema="catalog", pool=1)
    provider = FileKeyProvider.initialise(journals.folder / "catalog")
    sources = [SourceJournal("catalog", away, Keyring(provider, away)), *journals.sources.values()]
    await Sequencer(journals.own, sources, key=KEY, origin=ORIGIN, token=uuid.uuid4()).round()
    assert await logged_ids(journals) == [receipt.entry_id]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_entry SET purpose = 'other'",
        "DELETE FROM log_entry",
        "TRUNCATE log_entry",
        "UPDATE tile SET hashes = sha256('x')",
        "DELETE FROM tile",
        "UPDATE log_state SET size = 0",
        "UPDATE log_state SET root = sha256('x')",
        "UPDATE log_state SET size = size + 1",
        "DELETE FROM log_state",
        "UPDATE checkpoint SET text = 'other'",
        "DELETE FROM checkpoint",
        "INSERT INTO checkpoint SELECT 9, root, text FROM checkpoint LIMIT 1",
        "UPDATE source_position SET entry_id = 0",
        "DELETE FROM source_position",
    ],
)
async def test_the_database_itself_keeps_the_log_even_from_its_owner(journals: Journals, statement: str) -> None:
    await journals.look()
    await journals.sequencer().round()
    with journals.admin() as connection, pytest.raises(psycopg.DatabaseError) as refused:
        connection.execute(statement)  # type: ignore[arg-type]
    assert refused.value.sqlstate == HOUSE_RULE
    journals.assert_append_only()


async def test_a_head_without_its_entries_can_not_be_committed(journals: Journals) -> None:
    sequencer = journals.sequencer()
    await journals.look()
    await journals.look()
    await sequencer.round()
    await journals.look()
    async with journals.own.transaction() as tx:
        at = await store.head(tx)
    taken = await read(journals)
    forged = store.Head(at.size + 2, at.root)

    async def move_the_head_alone() -> None:
        async with journals.own.transaction() as tx:
            token = (await tx.one("SELECT token FROM log_state")).token
            assert await store.swap_head(tx, old=at, new=forged, token=token)

    with pytest.raises(Refused) as refused:
        await move_the_head_alone()
    assert refused.value.reason is RULE_HELD_BY_DATABASE
    assert await sequencer.append(at, taken)


async def _receipt_is_ready(journals: Journals, receipt: Receipt) -> bool:
    try:
        await journals.prover.receipt("repair", receipt.entry_id, receipt.digest)
    except Refused:
        return False
    return True


def _entry() -> Entry:
    return Entry(kind="RepairService.CheckEligibility", caller=caller(), purpose="tender", subject=PARTY)

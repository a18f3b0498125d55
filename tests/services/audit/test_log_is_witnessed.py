"""The log and its witness: cosigned heads, a restored log that must not go on, epochs that two officials adopt."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from chengxin.proofs import cosignature, verify_checkpoint
from chengxin.proofs.entry import decode
from chengxin.proofs.positions import positions_in
from chengxin.witness import memory
from foundation.access import Officer
from foundation.db.database import HOUSE_RULE
from foundation.reasons import NOT_FOUND, STEP_OUT_OF_ORDER
from foundation.refusal import Refused
from foundation.rpc import Call
from services.audit.domain.reasons import SECOND_AUDITOR_REQUIRED
from services.audit.office.sequencing import Sequencer
from services.audit.office.witnessing import Witnessing
from services.audit.worker import sequence
from tests.services.audit.journals import ORIGIN, VKEY, Journals, caller
from tests.services.audit.witnesses import RunningWitness, running_witness
from tests.support.eventually import eventually


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[RunningWitness]:
    with running_witness(tmp_path / "witness") as made:
        yield made


def brought_to(journals: Journals, witness: RunningWitness) -> Witnessing:
    return Witnessing(journals.own, journals.prover, url=witness.url, witness_vkey=witness.vkey, origin=ORIGIN)


def size_known(witness: RunningWitness) -> int:
    checkpoints: dict[str, str] = witness.memory.state()["checkpoints"]  # type: ignore[assignment]
    return verify_checkpoint(checkpoints[ORIGIN], VKEY).size


async def test_the_checkpoint_carries_the_positions_of_the_sources(journals: Journals) -> None:
    first, second = await journals.look(), await journals.look()
    await journals.sequencer().round()
    head = verify_checkpoint(await journals.prover.checkpoint(), VKEY)
    at = positions_in(head)["repair"]
    assert at.entry_id == second.entry_id > first.entry_id
    with journals.admin("repair") as connection:
        row = connection.execute(
            "SELECT h.epoch, j.xid::text, j.commitment FROM journal j, house h WHERE entry_id = %s", (second.entry_id,)
        ).fetchone()
    assert row == (UUID(at.epoch), str(at.xid), at.commitment)


async def test_every_new_head_is_cosigned_and_served_so(journals: Journals, witness: RunningWitness) -> None:
    sequencer, witnessing = journals.sequencer(), brought_to(journals, witness)
    for _ in range(3):
        await journals.look()
        await sequencer.round()
        await witnessing.round()
        served = await journals.prover.checkpoint()
        assert cosignature.verify(served, witness.vkey)
        assert verify_checkpoint(served, VKEY).size == size_known(witness)
    again = brought_to(journals, witness)  # as after a restart: it does not know what the witness knows
    await journals.look()
    await sequencer.round()
    await again.round()
    assert size_known(witness) == 4
    assert not again.ahead


async def test_a_witness_that_is_away_keeps_nothing_up(journals: Journals, witness: RunningWitness) -> None:
    away = Witnessing(journals.own, journals.prover, url="http://127.0.0.1:1", witness_vkey=witness.vkey, origin=ORIGIN)
    await away.look()
    await journals.look()
    await journals.sequencer().round()
    await away.round()
    assert not away.ahead
    assert cosignature_count(journals) == 0


def cosignature_count(journals: Journals) -> int:
    with journals.admin() as connection:
        row = connection.execute("SELECT count(*) FROM cosignature").fetchone()
    assert row is not None
    return row[0]


def restored_to(journals: Journals, size: int) -> None:
    """Leave of the log what a backup of that size would hold."""
    with journals.admin() as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in (
            "DELETE FROM cosignature WHERE size > %s",
            "DELETE FROM checkpoint WHERE size > %s",
            "DELETE FROM log_entry WHERE index >= %s",
        ):
            connection.execute(statement, (size,))  # type: ignore[arg-type]
        row = connection.execute("SELECT root FROM checkpoint WHERE size = %s", (size,)).fetchone()
        assert row is not None
        connection.execute("UPDATE tile SET hashes = substr(hashes, 1, 32 * %s) WHERE level = 0", (size,))
        last = connection.execute("SELECT leaf FROM log_entry ORDER BY index DESC LIMIT 1").fetchone()
        assert last is not None
        entry = decode(bytes(last[0]))
        connection.execute("UPDATE log_state SET size = %s, root = %s, leased_until = '-infinity'", (size, row[0]))
        connection.execute(
            "UPDATE source_position SET xid = %s::text::xid8, entry_id = %s, commitment = %s WHERE source = 'repair'",
            (str(entry.xid), entry.entry_id, entry.commitment),
        )


async def test_a_restored_log_that_is_shorter_than_the_witness_knows_does_not_go_on(
    journals: Journals, witness: RunningWitness
) -> None:
    sequencer, witnessing = journals.sequencer(), brought_to(journals, witness)
    for _ in range(4):
        await journals.look()
        await sequencer.round()
    await witnessing.round()
    await sequencer.stop()
    restored_to(journals, 2)
    successor = brought_to(journals, witness)
    running = asyncio.create_task(sequence(journals.sequencer(), successor))
    await eventually(lambda: successor.ahead)
    await journals.look()
    looked = asyncio.Event()
    original = successor.look

    async def look() -> None:
        await original()
        looked.set()

    successor.look = look  # type: ignore[method-assign]  # to see that it has looked once more
    await asyncio.wait_for(looked.wait(), 5)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [size for size, _, _ in journals.published()][-1] == 2, "nothing was appended"
    assert size_known(witness) == 4


async def test_a_fork_that_was_signed_all_the_same_is_not_cosigned(journals: Journals, witness: RunningWitness) -> None:
    sequencer, witnessing = journals.sequencer(), brought_to(journals, witness)
    for _ in range(3):
        await journals.look()
        await sequencer.round()
    await witnessing.round()
    await sequencer.stop()
    restored_to(journals, 2)
    with journals.admin("repair") as connection:
        connection.execute("ALTER TABLE journal DISABLE TRIGGER append_only")
        connection.execute("DELETE FROM journal WHERE entry_id = 3")
    await journals.look()
    forked = journals.sequencer()
    await forked.round()
    before = witness.memory.state()["checkpoints"]
    again = brought_to(journals, witness)
    await again.round()
    assert again.ahead
    await journals.look()
    await forked.round()
    await brought_to(journals, witness).round()
    assert witness.memory.state()["checkpoints"] == before


OFFICIALS = [Officer(subject=name, authority=caller().authority, roles=frozenset({"auditor"})) for name in ("a", "b")]


async def restored_in_a_new_epoch(journals: Journals) -> tuple[Sequencer, UUID]:
    """Three entries in the log, then a backup of the repair office's journal that has two, in a new epoch."""
    sequencer = journals.sequencer()
    for _ in range(3):
        await journals.look()
    await sequencer.round()
    with journals.admin("repair") as connection:
        connection.execute("ALTER TABLE journal DISABLE TRIGGER append_only")
        connection.execute("DELETE FROM journal WHERE entry_id = 3")
        connection.execute("ALTER TABLE journal ENABLE TRIGGER append_only")
        row = connection.execute("SELECT begin_epoch()").fetchone()
    assert row is not None
    return sequencer, row[0]


async def logged(journals: Journals) -> list[tuple[UUID, int]]:
    with journals.admin() as connection:
        return connection.execute(
            "SELECT source_epoch, entry_id FROM log_entry WHERE source = 'repair' ORDER BY index"
        ).fetchall()


def adopting(officer: Officer) -> Call:
    """The call by which a system of the official's authority adopts an epoch."""
    return Call(caller=caller(officer.authority), method="LogService.AdoptEpoch", officer=officer)


async def adopt(journals: Journals, epoch: UUID, officer: Officer) -> bool:
    approved, _ = await journals.doors.adopt(adopting(officer), "repair", epoch, basis="restored on purpose")
    return approved


async def test_an_epoch_is_taken_up_once_two_officials_have_adopted_it(
    journals: Journals, witness: RunningWitness, tmp_path: Path
) -> None:
    sequencer, epoch = await restored_in_a_new_epoch(journals)
    witnessing = brought_to(journals, witness)
    await witnessing.round()
    begun = await journals.look()
    await sequencer.round()
    assert len(await logged(journals)) == 3, "not before it is adopted"
    assert not await adopt(journals, epoch, OFFICIALS[0])
    with pytest.raises(Refused) as refused:
        await adopt(journals, epoch, OFFICIALS[0])
    assert refused.value.reason is SECOND_AUDITOR_REQUIRED
    assert await adopt(journals, epoch, OFFICIALS[1])
    with pytest.raises(Refused) as refused:
        await adopt(journals, epoch, OFFICIALS[1])
    assert refused.value.reason is STEP_OUT_OF_ORDER
    await sequencer.stop()
    await journals.sequencer().round()
    entries = await logged(journals)
    assert entries[3:] == [(epoch, begun.entry_id)], "what the log has already is not taken twice"
    journals.assert_append_only()
    await witnessing.round()
    known = size_known(witness)
    assert known == 3, "the witness's operator has not adopted it"
    memory.adopt(tmp_path / "witness", ORIGIN, "repair", epoch.hex, reason="asked by telephone")
    await witnessing.round()
    assert size_known(witness) > known


async def test_only_the_present_epoch_of_a_known_source_can_be_adopted(journals: Journals) -> None:
    await restored_in_a_new_epoch(journals)
    for source, epoch in (("repair", UUID(int=5)), ("elsewhere", UUID(int=5))):
        with pytest.raises(Refused) as refused:
            await journals.doors.adopt(adopting(OFFICIALS[0]), source, epoch, basis="b")
        assert refused.value.reason is NOT_FOUND


async def test_who_adopts_an_epoch_and_why_stand_in_no_column(journals: Journals) -> None:
    _, epoch = await restored_in_a_new_epoch(journals)
    numbers = ["auditor-1", "auditor-2"]
    for number in numbers:
        await adopt(journals, epoch, Officer(subject=number, authority="-", roles=frozenset({"auditor"})))
    with journals.admin() as connection:
        rows = connection.execute("SELECT to_jsonb(a)::text, approved_at IS NOT NULL FROM epoch_adoption a").fetchall()
    ((stored, approved),) = rows
    assert approved
    for text in (*numbers, "restored on purpose"):
        assert text not in stored
        assert text.encode().hex() not in stored


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO epoch_adoption (source, epoch, proposed_by, approved_by, approved_at)"
        " SELECT 'repair', epoch, uuid_send(epoch), uuid_send(epoch), now() FROM repair.house",
        "UPDATE source_position SET epoch = gen_random_uuid(), xid = '0', entry_id = 0 WHERE source = 'repair'",
        "UPDATE source_position SET begins_after = 9 WHERE source = 'repair'",
    ],
)
async def test_the_database_itself_wants_two_officials_for_an_epoch(journals: Journals, statement: str) -> None:
    await restored_in_a_new_epoch(journals)
    with journals.admin() as connection, pytest.raises(psycopg.DatabaseError) as refused:
        connection.execute(statement)  # type: ignore[arg-type]
    assert refused.value.sqlstate in {HOUSE_RULE, "23514"}


def test_no_office_can_begin_an_epoch(journals: Journals) -> None:
    with (
        psycopg.connect(journals.database.dsn("repair_app"), options="-c search_path=repair") as office,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        office.execute("SELECT begin_epoch()")

"""Numbers that doors drew and no entry has: what a failed call lost is explained, everything else is reported."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.journal import Entry
from foundation.reasons import NOT_FOUND, RULE_HELD_BY_DATABASE
from foundation.refusal import Refused
from foundation.rpc import Call
from services.audit.domain.doors import Gap, Lost, explained
from tests.services.audit.journals import PARTY, Journals, caller
from tests.support.eventually import eventually

ROOT = Path(__file__).resolve().parents[3]
GAP = Gap(source="repair", epoch=UUID(int=1), first_no=1, last_no=20, after=None, before=None)


def entry() -> Entry:
    return Entry(kind="RepairService.CheckEligibility", caller=caller(), purpose="tender", subject=PARTY)


async def gaps(journals: Journals, *, with_explained: bool = True) -> list[Gap]:
    """The gaps of the repair office's journal once the log has settled."""
    await journals.sequencer().round()
    with journals.admin() as connection:
        connection.execute("UPDATE door_gap SET noticed_at = noticed_at - interval '1 minute'")
        connection.execute("UPDATE log_state SET leased_until = '-infinity'")
    call = Call(caller=caller(), method="LogService.ListDoorGaps")
    found, _ = await journals.doors.gaps(call, source="repair", with_explained=with_explained, most=100)
    return found


async def number_of(journals: Journals, entry_id: int) -> int:
    with journals.admin("repair") as connection:
        row = connection.execute("SELECT door_no FROM journal WHERE entry_id = %s", (entry_id,)).fetchone()
    assert row is not None
    return row[0]


async def fail(journals: Journals, error: BaseException) -> None:
    async with journals.repair.transaction() as tx:
        await journals.repair_journal.write(tx, entry())
        raise error


async def test_without_a_failure_there_is_no_gap(journals: Journals) -> None:
    for _ in range(3):
        await journals.look()
    assert await gaps(journals) == []


async def test_a_call_that_was_rolled_back_explains_its_number(journals: Journals) -> None:
    await journals.look()
    with pytest.raises(Refused):
        await fail(journals, Refused(NOT_FOUND))
    with pytest.raises(RuntimeError):
        await fail(journals, RuntimeError("with a personal value"))
    last = await journals.look()
    found = await gaps(journals)
    lost = await number_of(journals, last.entry_id) - 2
    assert [(gap.first_no, gap.last_no, gap.cause) for gap in found] == [
        (lost, lost, "NOT_FOUND"),
        (lost + 1, lost + 1, "RuntimeError"),
    ]
    assert await gaps(journals, with_explained=False) == []


async def test_a_call_whose_caller_hung_up_explains_its_number(journals: Journals) -> None:
    await journals.look()
    drawn = asyncio.Event()

    async def hung_up() -> None:
        async with journals.repair.transaction() as tx:
            await journals.repair_journal.write(tx, entry())
            drawn.set()
            await tx.run("SELECT pg_sleep(4)")

    call = asyncio.create_task(hung_up())
    await drawn.wait()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await journals.look()

    async def told() -> list[Gap]:
        return [gap for gap in await gaps(journals) if gap.cause]

    assert [gap.cause for gap in await eventually(told)] == ["CancelledError"]
    assert await gaps(journals, with_explained=False) == []


async def test_a_call_whose_connection_was_cut_explains_its_number(journals: Journals) -> None:
    await journals.look()

    async def cut() -> None:
        async with journals.repair.transaction() as tx:
            await journals.repair_journal.write(tx, entry())
            pid = (await tx.one("SELECT pg_backend_pid() AS pid")).pid
            with journals.admin() as admin:
                admin.execute("SELECT pg_terminate_backend(%s)", (pid,))
            await tx.run("SELECT 1")

    with pytest.raises(Refused):
        await cut()
    await journals.look()

    async def told() -> list[Gap]:
        return [gap for gap in await gaps(journals) if gap.cause]

    assert len(await eventually(told)) == 1
    assert await gaps(journals, with_explained=False) == []


DRAWS_AND_FAILS = """
CREATE TABLE repair.doomed (how text);
CREATE FUNCTION repair.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'as the test wants' USING ERRCODE = 'CX001'; END $$;
CREATE TRIGGER at_once AFTER INSERT ON repair.doomed FOR EACH ROW WHEN (NEW.how = 'at once')
    EXECUTE FUNCTION repair.refuse();
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON repair.doomed DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.how = 'at commit') EXECUTE FUNCTION repair.refuse();
CREATE FUNCTION repair.draw(p_how text) RETURNS TABLE (door_no bigint) LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    door_no := nextval('repair.door_no');
    INSERT INTO repair.doomed VALUES (p_how);
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION repair.draw TO repair_app;
"""


async def test_a_call_that_is_a_transaction_of_its_own_explains_its_number(journals: Journals) -> None:
    await journals.look()
    with journals.admin() as admin:
        admin.execute(DRAWS_AND_FAILS)
    for how in ("at once", "at commit"):  # a commit that fails comes after the row, and is no answer
        with pytest.raises(Refused) as refused:
            await journals.repair.alone("draw", how=how)
        assert refused.value.reason is RULE_HELD_BY_DATABASE
        await journals.look()
    found = await gaps(journals)
    assert [gap.cause for gap in found] == ["SQLSTATE CX001"] * 2
    assert await gaps(journals, with_explained=False) == []


async def test_a_row_deleted_before_it_was_sequenced_is_reported_with_its_neighbours_times(journals: Journals) -> None:
    before = await journals.look()
    lost = await journals.look()
    number = await number_of(journals, lost.entry_id)
    after = await journals.look()
    with journals.admin("repair") as connection:
        connection.execute("ALTER TABLE journal DISABLE TRIGGER append_only")
        connection.execute("DELETE FROM journal WHERE entry_id = %s", (lost.entry_id,))
    (gap,) = await gaps(journals, with_explained=False)
    assert (gap.first_no, gap.last_no, gap.cause) == (number, number, "")
    assert gap.after is not None
    assert gap.before is not None
    assert before.as_of <= gap.after <= gap.before
    assert gap.before == after.as_of


async def test_the_very_first_row_deleted_is_reported(journals: Journals) -> None:
    lost = await journals.look()
    await journals.look()
    with journals.admin("repair") as connection:
        connection.execute("ALTER TABLE journal DISABLE TRIGGER append_only")
        connection.execute("DELETE FROM journal WHERE entry_id = %s", (lost.entry_id,))
    (gap,) = await gaps(journals, with_explained=False)
    assert (gap.first_no, gap.last_no, gap.after) == (1, 1, None)


async def test_a_hostile_office_that_rolls_back_and_says_nothing_is_reported(journals: Journals) -> None:
    await journals.look()
    with psycopg.connect(journals.database.dsn("repair_app"), options="-c search_path=repair") as hostile:
        hostile.execute(
            "SELECT journal_write((-1)::smallint, 'RepairService.Get', gen_random_uuid(), 1, 'a', sha256('f'), '',"
            " NULL, 'answered', '', sha256('s'), 'sealed', NULL, '{}', '{}')"
        )
        hostile.rollback()
    await journals.look()
    assert [gap.cause for gap in await gaps(journals)] == [""]


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.services.audit.journals import Journals
from tests.services.audit.test_door_gaps import entry
from tests.support.databases import SchemaDatabase

async def main():
    journals = Journals(SchemaDatabase(sys.argv[1], Path(sys.argv[2])), Path(sys.argv[3]))
    async with journals.repair.transaction() as tx:
        await journals.repair_journal.write(tx, entry())
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_an_office_killed_mid_call_leaves_a_gap_with_its_neighbours_times(journals: Journals) -> None:
    before = await journals.look()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, journals.database.admin_dsn, str(journals.database.secrets),
        str(journals.folder), cwd=ROOT,
    )  # fmt: skip
    assert await process.wait() == -signal.SIGKILL
    after = await journals.look()

    async def reported() -> list[Gap]:
        return await gaps(journals, with_explained=False)

    (gap,) = await eventually(reported)
    assert (gap.after, gap.before) == (before.as_of, after.as_of)


@pytest.mark.parametrize(
    ("batches", "missing"),
    [
        ([[1, 2, 3]], []),
        ([[1, 5]], [(2, 4)]),
        ([[1, 5], [3]], [(2, 2), (4, 4)]),
        ([[1, 9], [3, 4, 8]], [(2, 2), (5, 7)]),
        ([[1, 9], [2, 3, 4, 5, 6, 7, 8]], []),
        ([[4], [1, 2, 3], [6]], [(5, 5)]),
        ([[2, 10], [5], [3, 4, 7], [13]], [(1, 1), (6, 6), (8, 9), (11, 12)]),
    ],
)
async def test_numbers_in_any_order_leave_exactly_the_missing_ones(
    journals: Journals, batches: list[list[int]], missing: list[tuple[int, int]]
) -> None:
    index = 0
    with journals.admin() as connection:
        for batch in batches:
            values = []
            for number in batch:
                values.append(f"({index}, 'repair', '{UUID(int=1)}', {number}, 0, {number})")
                index += 1
            connection.execute(
                "INSERT INTO log_entry (index, source, source_epoch, entry_id, bucket, door_no, at, authority,"
                " purpose, decision, leaf, leaf_hash)"
                " SELECT i, s, e::uuid, n, b, d, now(), '', '', '', 'x', sha256('\\x0078')"
                f" FROM (VALUES {', '.join(values)}) AS v (i, s, e, n, b, d)"  # type: ignore[arg-type]
            )
        rows = connection.execute("SELECT first_no, last_no FROM door_gap ORDER BY 1").fetchall()
    assert rows == missing


def lost(after_no: int, upto_no: int) -> Lost:
    return Lost(after_no=after_no, upto_no=upto_no, cause="why")


@given(st.lists(st.tuples(st.integers(0, 25), st.integers(1, 8))))
def test_the_parts_of_a_gap_are_the_gap_and_each_number_is_judged_by_itself(said: list[tuple[int, int]]) -> None:
    parts = explained(GAP, [lost(after, after + many) for after, many in said])
    judged = {number: part.cause for part in parts for number in range(part.first_no, part.last_no + 1)}
    assert sum(part.last_no - part.first_no + 1 for part in parts) == 20
    assert judged == {
        number: "why" if any(after < number <= after + many for after, many in said) else "" for number in range(1, 21)
    }


async def test_a_gap_alarms_once(journals: Journals, capsys: pytest.CaptureFixture[str]) -> None:
    await journals.look()
    with psycopg.connect(journals.database.dsn("repair_app"), options="-c search_path=repair") as hostile:
        hostile.execute(
            "SELECT journal_write((-1)::smallint, 'RepairService.Get', gen_random_uuid(), 1, 'a', sha256('f'), '',"
            " NULL, 'answered', '', sha256('s'), 'sealed', NULL, '{}', '{}')"
        )
        hostile.rollback()
    await journals.look()
    assert len(await gaps(journals)) == 1
    await journals.doors.alarm()
    await journals.doors.alarm()
    assert capsys.readouterr().out.count("door numbers unexplained") == 1

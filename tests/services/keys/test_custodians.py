"""Destroying a key takes two officials: said by the office, and held by the database against everybody."""

from __future__ import annotations

import psycopg
import pytest

from foundation.db.migrate import ROLES
from foundation.keys import reasons
from foundation.reasons import NOT_FOUND
from foundation.refusal import Refused
from tests.services.keys.rotating import FIRST, SECOND, Turn


@pytest.fixture
def turn(any_turn: Turn) -> Turn:
    """Each office in turn."""
    return any_turn


async def verified(turn: Turn) -> tuple[str, str]:
    """A rotation that waits for the second custodian, and its old key."""
    await turn.seal()
    row = await turn.start(turn.key())
    await turn.work()
    return row.rotation_id, row.from_key


async def test_who_began_it_cannot_end_it(turn: Turn) -> None:
    rotation_id, old = await verified(turn)
    with pytest.raises(Refused) as refused:
        await turn.approve(rotation_id, by=FIRST)
    assert refused.value.reason is reasons.SECOND_CUSTODIAN_NEEDED
    await turn.work()
    assert await turn.ground.keyring.kek(old)
    assert (await turn.approve(rotation_id, by=SECOND)).state == "approved"


async def test_the_database_holds_it_against_its_owner(turn: Turn) -> None:
    rotation_id, _ = await verified(turn)
    alone = (
        "UPDATE key_rotation SET state = 'approved', approved_by = proposed_by, approval = proposal"
        " WHERE rotation_id = %s"
    )
    with pytest.raises(psycopg.errors.CheckViolation, match="retiring_takes_two_officials"):
        turn.sql(alone, rotation_id)
    with pytest.raises(psycopg.errors.CheckViolation, match="nothing_retires_unapproved"):
        turn.sql("UPDATE key_rotation SET state = 'approved' WHERE rotation_id = %s", rotation_id)
    with pytest.raises(psycopg.Error, match="takes its steps in order"):
        turn.sql("UPDATE key_rotation SET proposed_by = uuid_send(rotation_id) WHERE rotation_id = %s", rotation_id)
    with pytest.raises(psycopg.Error, match="takes its steps in order"):
        turn.sql("UPDATE key_rotation SET proposal = 'x' WHERE rotation_id = %s", rotation_id)
    with pytest.raises(psycopg.Error, match="takes its steps in order"):
        turn.sql("UPDATE key_rotation SET state = 'retired', approved_by = uuid_send(rotation_id), approval = 'x'")
    with pytest.raises(psycopg.Error, match="takes its steps in order"):
        turn.sql("DELETE FROM key_rotation")


async def test_nothing_is_approved_before_it_is_verified_nor_twice(turn: Turn) -> None:
    await turn.seal()
    row = await turn.start(turn.key())
    with pytest.raises(Refused) as early:
        await turn.approve(row.rotation_id)
    assert early.value.reason is reasons.ROTATION_NOT_VERIFIED
    await turn.work()
    await turn.approve(row.rotation_id)
    with pytest.raises(Refused) as again:
        await turn.approve(row.rotation_id, by="custodian-3")
    assert again.value.reason is reasons.ROTATION_NOT_VERIFIED


async def test_what_cannot_be_rotated_is_refused_with_its_reason(turn: Turn) -> None:
    await turn.seal()
    key_here = turn.key()
    family = key_here.split("/")[0]
    for key, method, reason in (
        ("bucket", "rewrap", reasons.KEY_NOT_ROTATED),
        ("journal/2026", "rewrap", reasons.KEY_NOT_ROTATED),
        ("index/subject", "rewrap", reasons.KEY_NOT_ROTATED),
        ("index/journal-officer", "index", reasons.INDEX_NOT_ROTATED),
        (f"{family}/1999-01", "rewrap", NOT_FOUND),
        ("journal/1999", "provider", NOT_FOUND),
    ):
        with pytest.raises(Refused) as refused:
            await turn.start(key, method)
        assert refused.value.reason is reason, key
    await turn.start(key_here)
    with pytest.raises(Refused) as second:
        await turn.start(key_here)
    assert second.value.reason is reasons.ROTATION_UNDER_WAY


async def test_custodians_are_shown_by_number_and_stand_so_in_no_column(turn: Turn) -> None:
    rotation_id, _ = await verified(turn)
    row = await turn.approve(rotation_id)
    assert [number.reveal() for number in await turn.keys.custodians(row)] == [FIRST, SECOND]
    ((stored,),) = turn.sql("SELECT to_jsonb(k)::text FROM key_rotation k")
    for number in (FIRST, SECOND):
        assert number not in stored
        assert number.encode().hex() not in stored


async def test_custodians_whose_numbers_do_not_open_are_shown_as_nobody(turn: Turn) -> None:
    rotation_id, _ = await verified(turn)
    row = await turn.approve(rotation_id)
    turn.sql("SET LOCAL session_replication_role = replica; UPDATE key_rotation SET proposal = approval")
    swapped = await turn.keys.custodians((await turn.keys.list(turn.operator))[1][0])
    assert [number.reveal() for number in swapped] == ["", SECOND]
    with psycopg.connect(turn.database.admin_dsn, options=f"-c search_path={turn.schema}") as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("UPDATE keyring SET destroyed_at = now() WHERE name LIKE 'journal/%'")
    turn.minutes.pass_by()
    gone = await turn.keys.custodians(row)
    assert [number.reveal() for number in gone] == ["", ""]


async def test_every_change_of_state_is_an_entry(turn: Turn) -> None:
    rotation_id, _ = await verified(turn)
    await turn.approve(rotation_id)
    await turn.work()
    kinds = turn.sql("SELECT kind FROM journal WHERE kind LIKE 'Key%%' ORDER BY entry_id")
    assert [kind for (kind,) in kinds] == [
        "KeyService.StartRotation",
        "KeyRotation.Working",
        "KeyRotation.Verified",
        "KeyService.ApproveRetirement",
        "KeyRotation.Retired",
    ]


async def test_no_login_role_writes_a_rotation_but_through_the_functions(turn: Turn) -> None:
    await verified(turn)
    for role in ROLES[turn.schema]:
        with psycopg.connect(turn.database.dsn(role), options=f"-c search_path={turn.schema}") as connection:
            for statement in (
                "UPDATE key_rotation SET proposed_by = 'x', approved_by = 'y', state = 'approved'",
                "DELETE FROM key_rotation",
                f"UPDATE {turn.table} SET {turn.wrap} = {turn.wrap}",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                    connection.execute(statement)


async def test_the_erasers_role_has_no_part_in_rotations(turn: Turn) -> None:
    await turn.seal()
    row = await turn.start(turn.key())
    with psycopg.connect(
        turn.database.dsn(f"{turn.schema}_eraser"), options=f"-c search_path={turn.schema}"
    ) as connection:
        for statement in (
            "SELECT key_due()",
            f"SELECT key_put('{row.rotation_id}', '{{}}', '{{}}', '{{}}', '{{}}')",
            f"SELECT key_approve('{row.rotation_id}', 'x', 'x', 'x')",
            "INSERT INTO key_rotation (key, method, from_key, to_key) VALUES ('archive/1', 'rewrap', 'a', 'b')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(statement)

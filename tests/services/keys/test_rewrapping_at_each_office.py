"""A key that wraps is replaced, at every office that has rows under one: records, cases, applications, matters."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from foundation.crypto import KeyGone
from foundation.keys import store
from foundation.refusal import Refused
from tests.services.keys.rotating import Turn


@pytest.fixture
def turn(any_turn: Turn) -> Turn:
    """Each office in turn."""
    return any_turn


async def test_everything_opens_at_every_step_and_the_old_key_goes(turn: Turn) -> None:
    await turn.seal(3)
    old = turn.key()
    for number in (2, 3):
        row = await turn.start(old)
        assert (row.to_key, row.state) == (f"{old}/{number}", "prepared")
        while await turn.rotator.step():
            assert await turn.everything_opens() == (number + 1) * turn.ways
        state = turn.rotation(row.rotation_id)
        assert (state["state"], state["done"], state["unopened"]) == ("verified", number + 1, 0)
        await turn.seal()
        assert turn.wrapped() == {f"{old}/{number}": number + 2}
        await turn.approve(row.rotation_id)
        await turn.work()
        assert turn.rotation(row.rotation_id)["state"] == "retired"
        with pytest.raises(KeyGone):
            await turn.ground.keyring.kek(row.from_key)
    assert await turn.everything_opens() == 5 * turn.ways


async def test_a_row_that_somebody_holds_is_waited_for_by_nobody(turn: Turn) -> None:
    await turn.seal(2)
    row = await turn.start(turn.key())
    with psycopg.connect(turn.database.admin_dsn) as holder:
        holder.execute(f"SELECT FROM {turn.schema}.{turn.table} ORDER BY {turn.row_id} LIMIT 1 FOR UPDATE")  # type: ignore[arg-type]
        await turn.rotator.step()
        await turn.rotator.step()
        assert sorted(turn.wrapped().values()) == [1, 1]
    await turn.work()
    assert turn.rotation(row.rotation_id)["state"] == "verified"
    assert list(turn.wrapped().values()) == [2]


async def test_a_row_that_does_not_open_keeps_its_old_key(turn: Turn) -> None:
    await turn.seal(3)
    old = turn.key()
    turn.sql(
        f"SET LOCAL session_replication_role = replica; UPDATE {turn.table}"
        f" SET {turn.wrap} = set_byte({turn.wrap}, 40, get_byte({turn.wrap}, 40) # 1)"
        f" WHERE {turn.row_id} = (SELECT {turn.row_id} FROM {turn.table} LIMIT 1)"
    )
    row = await turn.start(old)
    await turn.work()
    state = turn.rotation(row.rotation_id)
    assert (state["state"], state["unopened"], state["done"]) == ("working", 1, 2)
    assert turn.wrapped() == {old: 1, f"{old}/2": 2}


async def test_a_wrap_of_another_row_is_not_taken(turn: Turn) -> None:
    await turn.seal(2)
    await turn.start(turn.key())
    await turn.rotator.step()

    async def swapped() -> None:
        async with turn.ground.database.transaction() as tx:
            rotation = (await tx.call("key_due")).one_or_none()
            assert rotation is not None
            page = (await tx.call("key_page", rotation=rotation.rotation_id, most=100)).one()
            (made, _), _ = await turn.rotator._made(rotation, page)
            assert made is not None
            await store.put(tx, rotation, page, [(1, made)])

    with pytest.raises(Refused, match="RULE_HELD_BY_DATABASE"):
        await swapped()


async def test_two_workers_at_once_do_no_harm(turn: Turn) -> None:
    await turn.seal(9)
    row = await turn.start(turn.key())

    async def work() -> None:
        while turn.rotation(row.rotation_id)["state"] != "verified":
            await turn.rotator.step()

    await asyncio.gather(work(), work())
    state = turn.rotation(row.rotation_id)
    assert (state["state"], state["done"]) == ("verified", 9)
    assert await turn.everything_opens() == 9 * turn.ways


async def test_what_has_no_end_moves_to_the_new_year_by_itself(turn: Turn) -> None:
    ((year,),) = turn.sql("SELECT to_char(house_today(), 'YYYY')::integer")
    old, new = f"archive/open-{year}", f"archive/open-{year + 1}"
    await turn.ground.keyring.kek(old)
    await turn.seal()
    assert not await turn.rotator.renew()
    row = await turn.start(old, "provider")
    turn.pass_days(366)
    assert not await turn.rotator.renew(), "one rotation after the other"
    await turn.work()
    await turn.approve(row.rotation_id)
    await turn.work()
    with pytest.raises(psycopg.Error, match="the key of a year is kept"):
        turn.sql("UPDATE keyring SET destroyed_at = house_now() WHERE name = %s", old)
    assert await turn.rotator.renew()
    assert not await turn.rotator.renew()
    await turn.work()
    ((rotation_id, state, by),) = turn.sql(
        "SELECT rotation_id, state, started_by FROM key_rotation WHERE (from_key, to_key) = (%s, %s)", old, new
    )
    assert (state, by) == ("verified", None)
    assert (await turn.approve(rotation_id, by="one")).state == "verified"
    assert (await turn.approve(rotation_id, by="other")).state == "approved"
    await turn.work()
    assert turn.rotation(rotation_id)["state"] == "retired"
    assert (await turn.ground.keyring.newest(old)).name == new
    assert await turn.everything_opens() == turn.ways


async def test_any_key_gets_a_new_key_of_the_provider(turn: Turn) -> None:
    before = (await turn.ground.keyring.kek("bucket")).key
    row = await turn.start("bucket", "provider")
    assert (row.from_key, row.to_key) == ("bucket", "bucket/p2")
    await turn.work()
    await turn.approve(row.rotation_id)
    await turn.work()
    assert turn.rotation(row.rotation_id)["state"] == "retired"
    assert turn.sql("SELECT provider_key FROM keyring WHERE name = 'bucket'") == [("bucket/p2",)]
    assert (await turn.ground.keyring.kek("bucket")).key == before

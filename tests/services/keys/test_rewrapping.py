"""A key that wraps is replaced: everything opens at every step, and nothing that changed meanwhile is overwritten."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from foundation.crypto import KeyGone, open_blob
from foundation.keys import store
from foundation.refusal import Refused
from tests.services.keys.rotating import Rotating, another_process, rotator


async def test_records_are_wrapped_anew_and_open_at_every_step(turn: Rotating) -> None:
    house = turn.house
    parties = [house.party() for _ in range(7)]
    await house.hand_in(*[house.draft(party) for party in parties])
    old = turn.key()
    row = await turn.start(old)
    assert (row.from_key, row.to_key, row.state) == (old, f"{old}/2", "prepared")
    while await turn.rotator.step():
        assert await turn.everything_opens() == 14
    assert turn.wraps("share_wrap") == {f"{old}/2": 7}
    state = turn.rotation(row.rotation_id)
    assert (state["state"], state["done"], state["unopened"]) == ("verified", 7, 0)
    await house.hand_in(house.draft())
    assert turn.wraps("share_wrap") == {f"{old}/2": 8}
    await turn.approve(row.rotation_id)
    await turn.work()
    assert turn.rotation(row.rotation_id)["state"] == "retired"
    with pytest.raises(KeyGone):
        await house.sealer.keyring.kek(old)
    assert await turn.everything_opens() == 16
    assert (await house.check(parties[0])).found
    assert await house.report(parties[0])


async def test_the_archive_is_wrapped_anew_and_a_third_generation_follows_the_second(turn: Rotating) -> None:
    await turn.house.hand_in(turn.house.draft(), turn.house.draft())
    (old,) = turn.wraps("archive_wrap")
    assert old is not None
    for number in (2, 3):
        row = await turn.start(old)
        await turn.work()
        await turn.approve(row.rotation_id)
        await turn.work()
        assert turn.wraps("archive_wrap") == {f"{old}/{number}": 2}
    assert await turn.everything_opens() == 4


async def test_a_record_that_ends_while_its_wrap_is_in_work_keeps_its_end(turn: Rotating) -> None:
    house = turn.house
    ended, kept = house.party(), house.party()
    (first, _) = await house.hand_in(house.draft(ended), house.draft(kept))
    row = await turn.start(turn.key())
    await turn.rotator.step()
    assert first.record_id is not None
    async with turn.ground.database.transaction() as tx:
        rotation = (await tx.call("key_due")).one_or_none()
        assert rotation is not None
        page = (await tx.call("key_page", rotation=rotation.rotation_id, most=100)).one()
        # What lies between reading and writing: the same page once more, with one record withdrawn.
        await house.records.withdraw(
            house.repair, record_id=first.record_id, record_number="", reason="repaired", matter="样例"
        )
        made, _ = await turn.rotator._made(rotation, page)
        new = [(place, wrap) for place, wrap in enumerate(made) if wrap is not None]
        assert len(new) == 2
        assert await store.put(tx, rotation, page, new) == 1
    assert turn.house.sql("SELECT share_wrap IS NULL FROM catalog.record WHERE record_id = %s", first.record_id) == [
        (True,)
    ]
    assert not (await house.check(ended)).found
    await turn.work()
    assert turn.rotation(row.rotation_id)["state"] == "verified"
    assert await turn.everything_opens() == 3


async def test_nothing_is_verified_before_every_process_has_learned_of_the_new_key(
    turn: Rotating, tmp_path: Path
) -> None:
    house = turn.house
    async with another_process(turn, tmp_path) as (late, minutes):
        await late.hand_in(house.provider, [house.draft()])
        old = turn.key()
        row = await turn.start(old)
        patient = rotator(turn.ground, turn.operator, wait=timedelta(hours=1))
        while await patient.step():
            pass
        assert turn.rotation(row.rotation_id)["state"] == "working"
        await late.hand_in(house.provider, [house.draft()])
        assert turn.wraps("share_wrap") == {old: 1, f"{old}/2": 1}
        with pytest.raises(Refused, match="ROTATION_NOT_VERIFIED"):
            await turn.approve(row.rotation_id)
        minutes.pass_by()
        house.sql(
            "UPDATE catalog.key_rotation SET known_at = clock_timestamp(), rest_until = clock_timestamp(),"
            " pass_began = clock_timestamp() + interval '1 ms'"
        )
        await turn.work()
        assert turn.rotation(row.rotation_id)["state"] == "verified"
        assert turn.wraps("share_wrap") == {f"{old}/2": 2}


async def test_a_key_that_wraps_nothing_any_more_takes_nothing_new(turn: Rotating, tmp_path: Path) -> None:
    house = turn.house
    async with another_process(turn, tmp_path) as (forgetful, _):
        await forgetful.hand_in(house.provider, [house.draft()])
        await turn.start(turn.key())
        await turn.work()
        with pytest.raises(Refused, match="RULE_HELD_BY_DATABASE"):
            await forgetful.hand_in(house.provider, [house.draft()])
    assert await turn.everything_opens() == 2


async def test_a_month_that_ends_takes_all_generations_of_its_key_along(turn: Rotating) -> None:
    house = turn.house
    await house.hand_in(house.draft())
    old = turn.key()
    row = await turn.start(old)
    await turn.work()
    await turn.approve(row.rotation_id)
    house.advance(days=366 * 6)
    await house.sweeper(turn.ground.keyring).sweep()
    for name in (old, f"{old}/2"):
        with pytest.raises(KeyGone):
            await turn.ground.keyring.kek(name)
    await turn.work()
    assert turn.rotation(row.rotation_id)["state"] == "retired"


async def test_a_key_of_the_journal_gets_a_new_key_of_the_provider(turn: Rotating, tmp_path: Path) -> None:
    await turn.house.check(turn.house.party())
    name = turn.house.sql("SELECT name FROM catalog.keyring WHERE name LIKE 'journal/%%'")[0][0]
    row = await turn.start(name, "provider")
    assert (row.from_key, row.to_key) == (name, f"{name}/p2")
    await turn.work()
    await turn.approve(row.rotation_id)
    await turn.work()
    files = {file.name for file in (tmp_path / "keys").glob("journal*")}
    assert files == {f"{name.replace('/', '.')}.p2.kek"}
    turn.minutes.pass_by()
    kek = await turn.ground.keyring.kek(name)
    for salt, sealed in turn.house.sql("SELECT salt, sealed FROM catalog.journal_private"):
        assert open_blob(kek, sealed, b"journal_private", salt)
    second = await turn.start(name, "provider")
    assert (second.from_key, second.to_key) == (f"{name}/p2", f"{name}/p3")


async def test_what_has_no_end_moves_to_the_new_year_by_itself(turn: Rotating) -> None:
    year = int(turn.house.sql("SELECT to_char(catalog.house_today(), 'YYYY')")[0][0])
    old, new = f"share/open-{year}", f"share/open-{year + 1}"
    await turn.ground.keyring.kek(old)
    assert not await turn.rotator.renew()
    turn.house.advance(days=366)
    assert await turn.rotator.renew()
    assert not await turn.rotator.renew()
    await turn.work()
    ((rotation_id, state, by),) = turn.house.sql(
        "SELECT rotation_id, state, started_by FROM catalog.key_rotation WHERE (from_key, to_key) = (%s, %s)", old, new
    )
    assert (state, by) == ("verified", None)
    assert (await turn.approve(rotation_id, by="one")).state == "verified"
    assert (await turn.approve(rotation_id, by="other")).state == "approved"
    await turn.work()
    assert turn.rotation(rotation_id)["state"] == "retired"
    assert (await turn.ground.keyring.newest(old)).name == new

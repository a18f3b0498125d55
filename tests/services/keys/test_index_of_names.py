"""The key of the index of names is replaced while records come in, end, and are searched for by name."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from foundation.crypto import KeyGone
from standalone.bench.blind_scan import blind_search_errors
from tests.services.keys.rotating import Rotating, another_process
from tests.services.keys.test_killed_rotator import POINTS, killed_at_each_step, run
from tests.support.eventually import eventually

NAME = "样例（中国）食品有限公司"


async def wrong(turn: Rotating) -> list[str]:
    """What a blind search and a decrypted scan do not agree on."""
    house = turn.house
    return await blind_search_errors(house.database.admin_dsn, house.sealer.keyring, house.sealer)


async def named(turn: Rotating, *names: str) -> list[UUID]:
    """Hand in a public record for each name."""
    results = await turn.house.hand_in(*[turn.house.draft(party_name=name) for name in names])
    return [result.record_id for result in results if result.record_id]


async def found(turn: Rotating, name: str) -> set[str]:
    """The records that a search by name gives."""
    page, _ = await turn.house.reading.published_named(name, item_code="", before=None, after=None, most=100)
    return {str(shown.row["record_id"]) for shown in page}


async def end(turn: Rotating, record_id: UUID) -> None:
    house = turn.house
    await house.records.withdraw(house.repair, record_id=record_id, record_number="", reason="repaired", matter="样例")


def tags(turn: Rotating) -> dict[int, int]:
    """How many tags there are of each epoch."""
    return dict(turn.sql("SELECT epoch, count(*) FROM public_name GROUP BY 1"))


async def test_a_search_by_name_equals_a_decrypted_scan_at_every_step(turn: Rotating) -> None:
    kept, ended = await named(turn, NAME, NAME)
    await named(turn, *[f"样例{number}公司" for number in range(4)])
    row = await turn.start("index/name", "index")
    assert (row.from_key, row.to_key) == ("index/name/1", "index/name/2")
    everybody = {str(kept), str(ended)}
    while await turn.rotator.step():
        assert await found(turn, NAME) == everybody
        everybody |= {str(one) for one in await named(turn, NAME)}
        assert await found(turn, NAME) == everybody
        assert await wrong(turn) == []
        turn.minutes.pass_by()
    assert turn.rotation(row.rotation_id)["state"] == "verified"
    assert tags(turn) == {1: len(everybody) + 4, 2: len(everybody) + 4}
    await end(turn, ended)
    everybody.remove(str(ended))
    await turn.approve(row.rotation_id)
    while await turn.rotator.step():
        assert await found(turn, NAME) == everybody
        assert await wrong(turn) == []
        turn.minutes.pass_by()
    assert tags(turn) == {2: len(everybody) + 4}
    assert await found(turn, NAME) == everybody
    with pytest.raises(KeyGone):
        await turn.ground.keyring.kek("index/name/1")


async def test_a_process_that_learns_late_loses_no_name(turn: Rotating, tmp_path: Path) -> None:
    house = turn.house

    async with another_process(turn, tmp_path) as (late, minutes):

        async def both_hand_in() -> None:
            await late.hand_in(house.provider, [house.draft(party_name=NAME)])
            await named(turn, NAME)
            assert await wrong(turn) == []

        await both_hand_in()
        row = await turn.start("index/name", "index")
        await both_hand_in()
        minutes.pass_by()
        await both_hand_in()  # of which the late one keeps for a minute what it has learned
        await turn.work()
        assert turn.rotation(row.rotation_id)["state"] == "verified"
        await both_hand_in()
        minutes.pass_by()
        await turn.approve(row.rotation_id)
        turn.minutes.pass_by()
        await both_hand_in()
        minutes.pass_by()
        await turn.work()
        await both_hand_in()
    assert tags(turn) == {2: 12}
    assert len(await found(turn, NAME)) == 12


async def test_what_ends_while_its_new_tag_is_written_loses_that_too(turn: Rotating) -> None:
    first, _ = await named(turn, NAME, NAME)
    row = await turn.start("index/name", "index")
    await turn.rotator.step()
    async with turn.ground.database.transaction() as tx:
        page = await tx.one("SELECT * FROM key_page(:id, 10)", id=row.rotation_id)
        put = await tx.one(
            "SELECT key_put(:id, cast(:buckets AS smallint[]), cast(:ids AS uuid[]), cast(:wraps AS bytea[]),"
            " cast(:new AS bytea[])) AS done",
            id=row.rotation_id,
            buckets=page.buckets,
            ids=page.ids,
            wraps=page.wraps,
            new=[b"\0\1", b"\0\1"],
        )
        assert put.done == 2
        ending = asyncio.create_task(end(turn, first))
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        await eventually(lambda: ending.done() or turn.sql(waiting) == [(1,)])
    await ending
    assert tags(turn) == {1: 1, 2: 1}


async def test_a_killed_rotator_of_names(turn: Rotating, tmp_path: Path) -> None:
    await named(turn, *[f"样例{number}公司" for number in range(5)])
    row = await turn.start("index/name", "index")
    assert await killed_at_each_step(turn, tmp_path, 5, POINTS) >= 6
    assert turn.rotation(row.rotation_id)["state"] == "verified"
    await turn.approve(row.rotation_id)
    for nth, point in enumerate(POINTS, start=2):
        assert await run(turn, tmp_path, point, 20 * nth)
        turn.minutes.pass_by()
        assert await wrong(turn) == []
    assert not await run(turn, tmp_path, "never")
    assert turn.rotation(row.rotation_id)["state"] == "retired"
    assert tags(turn) == {2: 5}
    turn.minutes.pass_by()
    assert await wrong(turn) == []

"""The key of the blind index is replaced while records come in and questions are asked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from foundation.crypto import KeyGone
from foundation.identity import Identifier
from services.catalog.office.records import RecordOffice
from standalone.bench.blind_scan import blind_search_errors
from tests.services.keys.rotating import Rotating, another_process
from tests.support.catalog_house import CatalogHouse


async def wrong(turn: Rotating) -> list[str]:
    """What a blind search and a decrypted scan do not agree on."""
    house = turn.house
    return await blind_search_errors(house.database.admin_dsn, house.sealer.keyring, house.sealer)


async def known(house: CatalogHouse, count: int) -> list[Identifier]:
    parties = [house.party() for _ in range(count)]
    await house.hand_in(*[house.draft(party) for party in parties])
    return parties


async def test_a_blind_search_equals_a_decrypted_scan_at_every_step(turn: Rotating) -> None:
    house = turn.house
    parties = await known(house, 5)
    row = await turn.start("index/subject", "index")
    assert (row.from_key, row.to_key) == ("index/subject/1", "index/subject/2")
    steps = 0
    while await turn.rotator.step():
        steps += 1
        assert (await house.check(parties[steps % 5])).found
        parties += await known(house, 1)
        await house.hand_in(house.draft(parties[0]))
        assert await wrong(turn) == []
        turn.minutes.pass_by()
    assert turn.rotation(row.rotation_id)["state"] == "verified"
    assert turn.tags() == {1: len(parties), 2: len(parties)}
    await turn.approve(row.rotation_id)
    while await turn.rotator.step():
        assert (await house.check(parties[0])).found
        turn.minutes.pass_by()
    assert turn.tags() == {2: len(parties)}
    assert await wrong(turn) == []
    assert [(await house.check(party)).found for party in parties] == [True] * len(parties)
    assert not (await house.check(house.party())).found
    with pytest.raises(KeyGone):
        await turn.ground.keyring.kek("index/subject/1")


async def test_nobody_is_put_down_twice_by_processes_that_learn_of_it_at_different_times(
    turn: Rotating, tmp_path: Path
) -> None:
    house = turn.house
    everybody = await known(house, 3)

    async def both_hand_in(late: RecordOffice) -> None:
        new = [house.party() for _ in range(12)]
        everybody.extend(new)
        halves = new[:4], new[4:8], new[8:]
        await late.hand_in(house.provider, [house.draft(party) for party in halves[0]])
        await house.hand_in(*[house.draft(party) for party in halves[0]])
        await house.hand_in(*[house.draft(party) for party in halves[1]])
        await late.hand_in(house.provider, [house.draft(party) for party in halves[1]])
        await asyncio.gather(
            *[late.hand_in(house.provider, [house.draft(party) for party in halves[2]]) for _ in range(3)],
            *[house.hand_in(*[house.draft(party) for party in reversed(halves[2])]) for _ in range(3)],
        )
        assert house.sql("SELECT count(DISTINCT subject_id) FROM catalog.record") == [(len(everybody),)]
        assert await wrong(turn) == []

    async with another_process(turn, tmp_path) as (late, minutes):
        await late.hand_in(house.provider, [house.draft(everybody[0])])
        row = await turn.start("index/subject", "index")
        await both_hand_in(late)
        minutes.pass_by()
        await turn.work()
        assert turn.rotation(row.rotation_id)["state"] == "verified"
        await both_hand_in(late)
        minutes.pass_by()
        await turn.approve(row.rotation_id)
        turn.minutes.pass_by()
        await both_hand_in(late)
        minutes.pass_by()
        await turn.work()
        assert turn.rotation(row.rotation_id)["state"] == "retired"
        await both_hand_in(late)
    assert set(turn.tags()) == {2}
    assert house.sql("SELECT count(*) FROM catalog.subject") == [(len(everybody),)]


async def test_a_tag_keeps_the_version_of_the_canonicaliser(turn: Rotating) -> None:
    await known(turn.house, 2)
    turn.house.sql("UPDATE catalog.subject_tag SET canon = 7")
    await turn.start("index/subject", "index")
    await turn.work()
    assert turn.house.sql("SELECT DISTINCT epoch, canon FROM catalog.subject_tag ORDER BY 1") == [(1, 7), (2, 7)]


async def test_a_party_of_whom_nothing_opens_goes_with_its_tag(turn: Rotating) -> None:
    house = turn.house
    await known(house, 2)
    house.sql("INSERT INTO catalog.subject VALUES (7, 'aaaaaaaa-0000-4000-8000-000000000000')")
    house.sql("INSERT INTO catalog.subject_tag VALUES (7, %s, 1, 1, 'aaaaaaaa-0000-4000-8000-000000000000')", bytes(16))
    row = await turn.start("index/subject", "index")
    await turn.work()
    await turn.approve(row.rotation_id)
    await turn.work()
    assert turn.tags() == {2: 2}
    assert house.sql("SELECT count(*) FROM catalog.subject") == [(2,)]

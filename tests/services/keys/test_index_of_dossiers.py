"""The index by which parties find their applications and reports: its key is replaced while dossiers come in and go."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import UUID

import pytest

from foundation.crypto import DossierKeys, FileKeyProvider, KeyGone, Keyring, new_id
from foundation.identity import Identifier, IdentifierKind
from foundation.keys import reasons
from foundation.refusal import Refused
from tests.services.keys.dossiers import Dossiers, dossiers
from tests.services.keys.rotating import Minutes
from tests.services.keys.test_killed_rotator import POINTS, killed_at_each_step, run
from tests.support.catalog_house import DEPLOYMENT, uscc
from tests.support.chaos import each
from tests.support.databases import SchemaDatabase


@pytest.fixture(params=["repair", "audit"])
async def turn(
    request: pytest.FixtureRequest, schema_db: Callable[..., SchemaDatabase], tmp_path: Path
) -> AsyncIterator[Dossiers]:
    """An office whose dossiers are found by their party, with a rotator."""
    async with dossiers(schema_db, tmp_path, request.param) as made:
        yield made


async def opened(turn: Dossiers, *numbers: int, sealing: DossierKeys | None = None) -> list[UUID]:
    """Open one dossier for each party's number."""
    made = [new_id(7, os.urandom) for _ in numbers]
    for dossier_id, number in zip(made, numbers, strict=True):
        party = Identifier(IdentifierKind.USCC, uscc(number))
        await turn.insert(dossier_id, sealing, party=party)
    return made


def tags(turn: Dossiers) -> dict[int, int]:
    """How many tags there are of each epoch."""
    return dict(turn.sql("SELECT epoch, count(*) FROM party_tag GROUP BY 1"))


async def test_a_blind_search_equals_a_decrypted_scan_at_every_step(turn: Dossiers) -> None:
    await opened(turn, 1, 1, 2, 3)
    row = await turn.start("index/subject", "index")
    count, steps = 4, 0
    while await turn.rotator.step():
        steps += 1
        count += len(await opened(turn, 1 + steps % 3))
        assert await turn.blind_search_errors() == []
        turn.minutes.pass_by()
    assert turn.rotation(row.rotation_id)["state"] == "verified"
    assert tags(turn) == {1: count, 2: count}
    await turn.approve(row.rotation_id)
    while await turn.rotator.step():
        assert await turn.blind_search_errors() == []
        turn.minutes.pass_by()
    assert tags(turn) == {2: count}
    assert await turn.blind_search_errors() == []
    with pytest.raises(KeyGone):
        await turn.ground.keyring.kek("index/subject/1")


async def test_a_process_that_learns_late_loses_no_party(turn: Dossiers, tmp_path: Path) -> None:
    minutes = Minutes()
    keyring = Keyring(FileKeyProvider(tmp_path / "keys"), turn.ground.database, clock=minutes)
    late = DossierKeys(keyring, DEPLOYMENT, turn.table)

    async def both_open() -> None:
        await opened(turn, 1, sealing=late)
        await opened(turn, 1)
        assert await turn.blind_search_errors() == []

    await both_open()
    row = await turn.start("index/subject", "index")
    await both_open()
    minutes.pass_by()
    await both_open()  # of which the late one keeps for a minute what it has learned
    await turn.work()
    assert turn.rotation(row.rotation_id)["state"] == "verified"
    await both_open()
    minutes.pass_by()
    await turn.approve(row.rotation_id)
    turn.minutes.pass_by()
    await both_open()
    minutes.pass_by()
    await turn.work()
    await both_open()
    assert tags(turn) == {2: 12}
    await keyring.close()


@pytest.mark.parametrize("turn", each("repair", "audit"), indirect=True)
async def test_a_killed_rotator_of_parties(turn: Dossiers, tmp_path: Path) -> None:
    await opened(turn, 7, 7, 7, 7, 7)
    row = await turn.start("index/subject", "index")
    assert await killed_at_each_step(turn, tmp_path, 5, POINTS) >= 6
    assert turn.rotation(row.rotation_id)["state"] == "verified"
    await turn.approve(row.rotation_id)
    assert await run(turn, tmp_path, "after", 60)
    turn.minutes.pass_by()
    assert await turn.blind_search_errors() == []
    assert not await run(turn, tmp_path, "never")
    assert turn.rotation(row.rotation_id)["state"] == "retired"
    assert tags(turn) == {2: 5}
    turn.minutes.pass_by()
    assert await turn.blind_search_errors() == []


@pytest.mark.parametrize("index", ["index/request", "index/official", "index/journal", "index/nothing"])
async def test_an_index_that_keeps_its_key_is_refused_with_the_reason(turn: Dossiers, index: str) -> None:
    with pytest.raises(Refused) as refused:
        await turn.start(index, "index")
    assert refused.value.reason is reasons.INDEX_NOT_ROTATED


async def test_an_erased_dossier_loses_its_tags_of_both_epochs(turn: Dossiers) -> None:
    erased, _ = await opened(turn, 1, 2)
    await turn.start("index/subject", "index")
    await turn.work()
    assert tags(turn) == {1: 2, 2: 2}
    turn.sql(
        f"ALTER TABLE {turn.table} DISABLE TRIGGER USER; ALTER TABLE {turn.table} ENABLE TRIGGER forget_party;"
        f" UPDATE {turn.table} SET wrap = NULL, {turn.kept.party} = '' WHERE {turn.row_id} = '{erased}'"
    )
    assert tags(turn) == {1: 1, 2: 1}

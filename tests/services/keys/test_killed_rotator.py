"""A rotator killed at any point: everything opens at once, a search finds what it found, and the next one goes on."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from standalone.bench.blind_scan import blind_search_errors
from tests.services.keys import doomed_rotator
from tests.services.keys.dossiers import dossiers
from tests.services.keys.rotating import Rotating, Turn, rotating
from tests.support.chaos import each
from tests.support.databases import SchemaDatabase

PROCESSES = multiprocessing.get_context("forkserver")
"""Starts each rotator as a copy of one process that has everything loaded, which takes longer than a rotation."""
PROCESSES.set_forkserver_preload([doomed_rotator.__name__])
POINTS = ("before", "inside", "after")


async def run(turn: Turn, folder: Path, point: str, nth: int = 0) -> bool:
    """Run a rotator that dies at a point; whether it did."""
    dsn = turn.database.dsn("catalog_worker" if turn.schema == "catalog" else f"{turn.schema}_app")
    process = PROCESSES.Process(target=doomed_rotator.run, args=(turn.schema, dsn, folder / "keys", point, nth))
    process.start()
    await asyncio.to_thread(process.join)
    code = process.exitcode
    process.close()
    assert code in {0, -signal.SIGKILL}
    return code != 0


async def all_is_well(turn: Turn, parties: int) -> None:
    """Everything opens, nobody is missed or found wrongly."""
    turn.minutes.pass_by()
    if isinstance(turn, Rotating):
        house = turn.house
        assert await blind_search_errors(house.database.admin_dsn, house.sealer.keyring, house.sealer) == []
    assert await turn.everything_opens() == turn.ways * parties


async def killed_at_each_step(turn: Turn, folder: Path, parties: int, points: tuple[str, ...]) -> int:
    """Kill one rotator after another, each a little further on, until one comes to its end; gives how many died."""
    killed = 0
    while await run(turn, folder, points[killed % len(points)], 1 + killed % 2):
        killed += 1
        await all_is_well(turn, parties)
        assert killed < 60
    await run(turn, folder, "never")
    await all_is_well(turn, parties)
    return killed


@pytest.mark.parametrize("office", each("catalog", "repair"))
async def test_rewrapping(office: str, schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> None:
    at_work = rotating(schema_db, tmp_path) if office == "catalog" else dossiers(schema_db, tmp_path, office)
    async with at_work as turn:
        await killed_while_rewrapping(turn, tmp_path)


async def killed_while_rewrapping(turn: Turn, tmp_path: Path) -> None:
    await turn.seal(5)
    row = await turn.start(turn.key())
    assert await killed_at_each_step(turn, tmp_path, 5, POINTS) >= 6
    state = turn.rotation(row.rotation_id)
    assert (state["state"], state["done"]) == ("verified", 5)
    await turn.approve(row.rotation_id)
    assert await run(turn, tmp_path, "after", 1)
    for point in ("unlinking", "unlinked"):
        assert await run(turn, tmp_path, point)
        await all_is_well(turn, 5)
    assert not await run(turn, tmp_path, "never")
    assert turn.rotation(row.rotation_id)["state"] == "retired"
    assert not list((tmp_path / "keys").glob(f"{row.from_key.replace('/', '.')}.kek"))
    await all_is_well(turn, 5)


async def test_the_blind_index(turn: Rotating, tmp_path: Path) -> None:
    house = turn.house
    await house.hand_in(*[house.draft() for _ in range(5)])
    row = await turn.start("index/subject", "index")
    assert await killed_at_each_step(turn, tmp_path, 5, POINTS) >= 6
    assert turn.rotation(row.rotation_id)["state"] == "verified"
    await turn.approve(row.rotation_id)
    for nth, point in enumerate(POINTS, start=2):
        assert await run(turn, tmp_path, point, 20 * nth)
        await all_is_well(turn, 5)
    for point in ("unlinking", "unlinked"):
        assert await run(turn, tmp_path, point)
        await all_is_well(turn, 5)
    assert not await run(turn, tmp_path, "never")
    assert turn.rotation(row.rotation_id)["state"] == "retired"
    assert turn.tags() == {2: 5}
    await all_is_well(turn, 5)

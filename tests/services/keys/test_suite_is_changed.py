"""From suite 1 to suite 2: what rotation wraps anew is of the new one, and the least suite is held at every layer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from foundation.crypto import Suites, SuiteTooOld, new_id
from foundation.reasons import SUITE_TOO_OLD
from foundation.refusal import Refused
from tests.services.keys.dossiers import Dossiers, dossiers, dossiers_on
from tests.support.databases import SchemaDatabase

NEW, STRICT = Suites.numbered(2, least=1), Suites.numbered(2, least=2)


def suites(turn: Dossiers) -> tuple[set[int], set[int]]:
    """The suites of the keys' wraps, and of the dossiers' wraps."""
    keys = turn.sql("SELECT get_byte(wrapped, 1) FROM keyring WHERE destroyed_at IS NULL")
    wraps = turn.sql(f"SELECT get_byte(wrap, 1) FROM {turn.table} WHERE wrap IS NOT NULL")
    return {suite for (suite,) in keys}, {suite for (suite,) in wraps}


async def rotated(turn: Dossiers, key: str, method: str) -> None:
    """Rotate to the end."""
    row = await turn.start(key, method)
    await turn.work()
    await turn.approve(row.rotation_id)
    await turn.work()
    assert turn.rotation(row.rotation_id)["state"] == "retired"


async def test_keys_and_wraps_come_to_the_new_suite_by_rotation(
    schema_db: Callable[..., SchemaDatabase], tmp_path: Path
) -> None:
    old, new = new_id(1, os.urandom), new_id(2, os.urandom)
    async with dossiers(schema_db, tmp_path, "repair") as before:
        await before.insert(old)
        await before.ground.keyring.kek("bucket")
        year, database = before.key(), before.database
    async with dossiers_on(database, tmp_path, "repair", NEW) as turn:
        await turn.insert(new)
        assert await turn.everything_opens() == 2
        assert suites(turn) == ({1}, {1, 2})
        names = [name for (name,) in turn.sql("SELECT name FROM keyring WHERE get_byte(wrapped, 1) = 1")]
        assert set(names) == {year, "bucket"}
        async with dossiers_on(database, tmp_path, "repair", STRICT) as strict:
            with pytest.raises(Refused, match="It is of suite 1, the least opened is 2") as refused:
                await strict.ground.keyring.kek(year)
            assert refused.value.reason is SUITE_TOO_OLD
            assert f"chengxin keys rotate {year} --provider" in str(refused.value.__cause__)
        for name in names:
            await rotated(turn, name, "provider")
        assert suites(turn) == ({2}, {1, 2})
        assert {key.suite for key in (await turn.keys.list(turn.operator))[0]} == {2}
        await rotated(turn, year, "rewrap")
        assert suites(turn) == ({2}, {2})
        assert await turn.everything_opens() == 2
    async with dossiers_on(database, tmp_path, "repair", STRICT) as strict:
        wraps = dict(strict.sql("SELECT application_id, wrap FROM application"))
        assert await strict.sealing.open(new, wraps[new])
        with pytest.raises(SuiteTooOld, match="It is of suite 1"):  # its fields keep their suite
            await strict.sealing.open(old, wraps[old])

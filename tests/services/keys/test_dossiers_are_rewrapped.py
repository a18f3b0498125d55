"""The wraps of dossiers: what the triggers of their tables let through, and what becomes of erased ones."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from foundation.crypto import DossierKeys, FileKeyProvider, Keyring, new_id
from foundation.refusal import Refused
from tests.services.keys.dossiers import Dossiers
from tests.services.keys.rotating import Minutes
from tests.support.catalog_house import DEPLOYMENT


@pytest.fixture
def turn(dossier_turn: Dossiers) -> Dossiers:
    """Each office with dossiers in turn."""
    return dossier_turn


async def under_way(turn: Dossiers) -> tuple[UUID, str, bytes, bytes]:
    """Two dossiers while their key rotates: one of them, its old key, the wrap that it would get, the other's."""
    one, other = new_id(1, os.urandom), new_id(2, os.urandom)
    wraps = [await turn.insert(one), await turn.insert(other)]
    old = turn.key()
    await turn.start(old)
    await turn.rotator.step()
    kek = await turn.ground.keyring.kek(f"{old}/2")
    deks = [await turn.sealing.open(dossier, wrap) for dossier, wrap in zip((one, other), wraps, strict=True)]
    return one, old, deks[0].wrap(kek), deks[1].wrap(kek)


def attempt(turn: Dossiers, dossier: UUID, setting: str, *values: object, allowed: str = "rewrapping") -> None:
    """Change a dossier as the owner of the database, with the setting by which the door lets itself through."""
    door = "SET LOCAL chengxin.rewrapping = 'on'" if allowed == "rewrapping" else f"SET LOCAL {allowed}"
    with psycopg.connect(turn.database.admin_dsn, options=f"-c search_path={turn.schema}") as owner:
        owner.execute(door)  # type: ignore[arg-type]
        owner.execute(f"UPDATE {turn.table} SET {setting} WHERE {turn.row_id} = %s", (*values, dossier))  # type: ignore[arg-type]


async def test_nothing_changes_but_the_key_that_wraps_the_same_data_key(turn: Dossiers) -> None:
    dossier, old, good, of_another = await under_way(turn)
    kek_of_nobody = await turn.ground.keyring.kek("archive/open-1999")
    ((stored,),) = turn.sql(f"SELECT wrap FROM {turn.table} WHERE {turn.row_id} = %s", dossier)
    elsewhere = (await turn.sealing.open(dossier, stored)).wrap(kek_of_nobody)
    for setting, values in (
        ("wrap = %s", [of_another]),
        ("wrap = %s", [good[:-32] + of_another[-32:]]),
        ("wrap = %s", [of_another[:-32] + bytes(32)]),
        ("wrap = %s", [good[-32:]]),
        ("wrap = %s", [elsewhere]),
        ("wrap = NULL", []),
        (f"wrap = %s, {turn.kept.party} = 'x'", [good]),
        (f"{turn.kept.party} = 'x'", []),
    ):
        with pytest.raises(psycopg.Error, match=r"append-only|check constraint|not-null"):
            attempt(turn, dossier, setting, *values)
    for name in ("chengxin.erasing = 'dossier'", "chengxin.rewrapping = ''"):
        with pytest.raises(psycopg.Error, match="append-only"):
            attempt(turn, dossier, f"{turn.kept.party} = 'x'", allowed=name)
    with pytest.raises(psycopg.Error, match="append-only"):
        attempt(turn, dossier, "wrap = %s", good, allowed="chengxin.rewrapping = ''")
    with pytest.raises(psycopg.Error, match="append-only"):
        turn.sql(f"SET LOCAL chengxin.rewrapping = 'on'; DELETE FROM {turn.table}")
    assert turn.wrapped() == {old: 2}
    attempt(turn, dossier, "wrap = %s", good)
    assert turn.wrapped() == {old: 1, f"{old}/2": 1}
    assert await turn.everything_opens() == 2


async def test_a_wrap_changes_only_while_its_key_rotates(turn: Dossiers) -> None:
    dossier, old, good, _ = await under_way(turn)
    turn.sql("SET LOCAL session_replication_role = replica; UPDATE key_rotation SET state = 'prepared'")
    with pytest.raises(psycopg.Error, match="append-only"):
        attempt(turn, dossier, "wrap = %s", good)
    turn.sql("SET LOCAL session_replication_role = replica; UPDATE key_rotation SET state = 'working'")
    await turn.work()
    with pytest.raises(psycopg.Error, match="append-only"):
        attempt(turn, dossier, "wrap = %s", good)
    assert turn.wrapped() == {f"{old}/2": 2}


async def test_an_erased_dossier_stays_without_a_wrap(turn: Dossiers) -> None:
    dossier, old, good, _ = await under_way(turn)
    turn.erase(dossier)
    with pytest.raises(psycopg.Error, match="append-only"):
        attempt(turn, dossier, "wrap = %s", good)
    await turn.work()
    assert turn.wrapped() == {None: 1, f"{old}/2": 1}
    assert await turn.everything_opens() == 1


async def test_no_dossier_comes_in_under_a_key_that_is_to_go(turn: Dossiers, tmp_path: Path) -> None:
    forgetful = Keyring(FileKeyProvider(tmp_path / "keys"), turn.ground.database, clock=Minutes())
    sealing = DossierKeys(forgetful, DEPLOYMENT, turn.table)
    await turn.insert(new_id(1, os.urandom), sealing)
    await turn.start(turn.key())
    await turn.insert(new_id(2, os.urandom), sealing)
    await turn.work()
    with pytest.raises(Refused, match="RULE_HELD_BY_DATABASE"):
        await turn.insert(new_id(3, os.urandom), sealing)
    assert await turn.everything_opens() == 2
    await forgetful.close()


async def test_a_years_key_goes_by_itself_when_nothing_was_moved_or_the_retention_is_over(turn: Dossiers) -> None:
    turn.sql("INSERT INTO retention VALUES ('dossier', '10 years'), ('journal', '10 years')")
    await turn.seal()
    old = turn.key()

    def over() -> set[str]:
        return {name for (name,) in turn.sql("SELECT keys_over()") if name and name.startswith("archive/")}

    turn.pass_days(400)
    assert over() == set()
    await turn.rotator.renew()
    await turn.work()
    assert await turn.everything_opens() == 1
    assert over() == set(), "backups of before the new year need it"
    await turn.ground.keyring.kek("archive/open-2020")
    assert over() == {"archive/open-2020"}, "nothing ever lay under it"
    turn.pass_days(3700)
    assert over() == {"archive/open-2020", old}

"""What somebody with all rights does to a record is found by the catalog; a withdrawal is carried out again."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import psycopg
import pytest

from services.catalog.worker import LOOK_EVERY_S
from tests.support.catalog_house import CatalogHouse
from tests.support.eventually import eventually


def as_superuser(house: CatalogHouse, statement: str, *values: object) -> list[Any]:
    with psycopg.connect(house.database.admin_dsn, options="-c search_path=catalog") as hostile:
        hostile.execute("SET session_replication_role = replica")
        cursor = hostile.execute(statement, values)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


async def recorded(house: CatalogHouse, party: Any) -> tuple[UUID, int]:
    (result,) = await house.hand_in(house.draft(party))
    assert result.record_id is not None, result
    [(bucket,)] = as_superuser(house, "SELECT bucket FROM record WHERE record_id = %s", result.record_id)
    return result.record_id, bucket


@pytest.mark.parametrize("whole", [True, False], ids=["the whole older row", "the end alone"])
async def test_a_withdrawn_record_that_is_put_back_is_ended_again(house: CatalogHouse, whole: bool) -> None:
    party = house.party()
    record_id, bucket = await recorded(house, party)
    [(wrap,)] = as_superuser(house, "SELECT share_wrap FROM record WHERE record_id = %s", record_id)
    await house.records.withdraw(
        house.repair, record_id=record_id, record_number="", reason="objection_upheld", matter="样例"
    )
    sweeper = house.sweeper()
    assert await sweeper.hold_to_the_past(bucket) == ([], [])
    as_superuser(
        house,
        "UPDATE record SET ended_at = NULL, end_reason = NULL, share_wrap = %s WHERE record_id = %s",
        wrap if whole else None,
        record_id,
    )
    assert (await house.check(party)).found, "until it is looked at"
    assert await sweeper.hold_to_the_past((bucket + 1) % 256) == ([], [])
    assert await sweeper.hold_to_the_past(bucket) == ([record_id], [])
    assert not (await house.check(party)).found
    assert as_superuser(house, "SELECT end_reason, share_wrap FROM record") == [("objection_upheld", None)]
    assert as_superuser(house, "SELECT decision FROM journal WHERE kind = 'Sweeper.EndAgain'") == [("changed",)]
    assert await sweeper.hold_to_the_past(bucket) == ([], [])


async def test_the_sweeper_looks_by_itself(house: CatalogHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    party = house.party()
    record_id, bucket = await recorded(house, party)
    await house.records.withdraw(
        house.repair, record_id=record_id, record_number="", reason="objection_upheld", matter="样例"
    )
    as_superuser(house, "UPDATE record SET ended_at = NULL, end_reason = NULL WHERE record_id = %s", record_id)
    turn = SimpleNamespace(monotonic=lambda: (bucket + 0.5) * LOOK_EVERY_S)
    monkeypatch.setattr("services.catalog.worker.time", turn)
    sweeping = asyncio.create_task(house.sweeper().run())
    try:

        async def gone() -> bool:
            return not (await house.check(party)).found

        await eventually(gone)
    finally:
        sweeping.cancel()
    ended = "SELECT end_reason FROM record WHERE record_id = %s"
    assert as_superuser(house, ended, record_id) == [("objection_upheld",)]


@pytest.mark.parametrize("altered", ["ends_before = ends_before + interval '40 days'", "share_wrap = NULL"])
async def test_columns_that_disagree_with_the_wrap_are_found(
    house: CatalogHouse, altered: str, capsys: pytest.CaptureFixture[str]
) -> None:
    record_id, bucket = await recorded(house, house.party())
    sweeper = house.sweeper()
    assert await sweeper.hold_to_the_past(bucket) == ([], [])
    as_superuser(house, f"UPDATE record SET {altered} WHERE record_id = %s", record_id)
    assert await sweeper.hold_to_the_past(bucket) == ([], [record_id])
    said = capsys.readouterr().out
    assert "records were altered" in said
    assert str(record_id) in said


async def test_a_record_whose_key_was_rotated_is_not_called_altered(house: CatalogHouse) -> None:
    record_id, bucket = await recorded(house, house.party())
    [(name,)] = as_superuser(house, "SELECT wrap_key(share_wrap) FROM record WHERE record_id = %s", record_id)
    as_superuser(
        house,
        "UPDATE record SET share_wrap = overlay(overlay(share_wrap PLACING %s FROM 4 FOR %s) PLACING %s FROM 3 FOR 1)",
        f"{name}/2".encode(),
        len(name),
        bytes([len(name) + 2]),
    )
    assert as_superuser(house, "SELECT wrap_key(share_wrap) FROM record") == [(f"{name}/2",)]
    assert await house.sweeper().hold_to_the_past(bucket) == ([], [])

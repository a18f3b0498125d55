"""A hand-in that meets the eraser at a party's last record finds the party, or makes it anew; it does not fail."""

from __future__ import annotations

import asyncio
from uuid import UUID

import psycopg
import pytest

from foundation.identity import Identifier
from services.catalog.store import records
from tests.services.archive.desk import ArchiveDesk
from tests.support.eventually import eventually

EVERYTHING = 366 * 40


async def last_record_is_over(desk: ArchiveDesk) -> Identifier:
    party = desk.house.party()
    await desk.ended(party)
    desk.house.advance(days=EVERYTHING)
    return party


async def hand_in(desk: ArchiveDesk, party: Identifier) -> UUID:
    [(today,)] = desk.house.sql("SELECT catalog.house_today() - 1")
    (result,) = await desk.house.hand_in(desk.house.draft(party, determined_on=today, effective_on=today))
    assert result.record_id is not None, result
    return result.record_id


async def test_a_party_found_by_a_hand_in_is_not_erased_under_it(
    desk: ArchiveDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    party = await last_record_is_over(desk)
    before = desk.house.sql("SELECT subject_id FROM catalog.subject")
    store, erased = records.hand_in, list[int]()

    async def erased_first(tx: object, **values: object) -> object:
        erased.append((await desk.eraser.sweep())["erase_records"])
        return await store(tx, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(records, "hand_in", erased_first)
    record_id = await hand_in(desk, party)
    assert erased == [1]
    assert desk.house.sql("SELECT subject_id FROM catalog.subject") == before
    assert desk.house.sql("SELECT subject_id FROM catalog.record WHERE record_id = %s", record_id) == before


async def test_a_party_that_is_being_erased_is_made_anew(desk: ArchiveDesk) -> None:
    party = await last_record_is_over(desk)
    [before] = desk.house.sql("SELECT subject_id FROM catalog.subject")
    with psycopg.connect(desk.house.database.dsn("catalog_eraser"), options="-c search_path=catalog") as eraser:
        fingerprint = desk.house.repair.fingerprint
        done = eraser.execute("SELECT erase_records(%s, 500, '\\x01', '\\x01')", [fingerprint]).fetchone()
        assert done == (1,)
        handing_in = asyncio.create_task(hand_in(desk, party))
        await eventually(
            lambda: desk.house.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"), within=5
        )
        eraser.commit()
        record_id = await handing_in
    [after] = desk.house.sql("SELECT subject_id FROM catalog.subject")
    assert after != before
    assert desk.house.sql("SELECT subject_id FROM catalog.record WHERE record_id = %s", record_id) == [after]


async def test_a_party_that_was_erased_since_a_batch_was_sealed_is_made_anew_and_the_record_opens(
    desk: ArchiveDesk,
) -> None:
    house, party = desk.house, await last_record_is_over(desk)
    [before] = house.sql("SELECT subject_id FROM catalog.subject")
    [(today,)] = house.sql("SELECT catalog.house_today() - 1")
    draft = house.draft(party, determined_on=today, effective_on=today)
    batch = await house.records.prepare(house.provider, lambda _: [draft])
    assert (await desk.eraser.sweep())["erase_records"] == 1
    (result,), _ = await house.records.store(house.provider, batch)
    [after] = house.sql("SELECT subject_id FROM catalog.subject")
    assert after != before
    [row] = house.sql(
        "SELECT record_id, version, subject_id, archive_wrap, fields"
        " FROM catalog.record JOIN catalog.record_text USING (bucket, record_id) WHERE record_id = %s",
        result.record_id,
    )
    columns = ("record_id", "version", "subject_id", "wrap", "fields")
    opened = await house.sealer.open_archived(dict(zip(columns, row, strict=True)))
    assert opened["party_name"].reveal() == draft.party_name

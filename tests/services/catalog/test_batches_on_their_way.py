"""A batch is judged and sealed while another is stored: what happens in between does not get past the store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import grpc
import pytest

from chengxin.catalog.v1 import record_pb2
from services.catalog.office.batch import Batch
from services.catalog.rpc.records import MOST
from tests.services.catalog.drafts import lawful
from tests.services.catalog.office import CatalogOffice
from tests.services.keys.rotating import Rotating, rotating
from tests.support.catalog_house import CatalogHouse
from tests.support.databases import SchemaDatabase


@pytest.fixture
async def turn(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[Rotating]:
    async with rotating(schema_db, tmp_path) as made:
        yield made


async def prepared(house: CatalogHouse, *parties: object, **changes: object) -> Batch:
    drafts = [house.draft(party, **changes) for party in parties]  # type: ignore[arg-type]
    return await house.records.prepare(house.provider, lambda _: drafts)


async def test_nothing_is_stored_and_no_party_known_by_a_batch_that_is_only_prepared(house: CatalogHouse) -> None:
    await prepared(house, house.party(), house.party())
    assert house.sql("SELECT count(*) FROM catalog.subject") == [(0,)]
    assert house.sql("SELECT count(*) FROM catalog.subject_tag") == [(0,)]


async def test_a_party_that_is_new_to_two_batches_is_one_party_and_both_records_open(house: CatalogHouse) -> None:
    party = house.party()
    first = await prepared(house, party, party_name="样例企业甲")
    second = await prepared(house, house.party(), party, house.party(), party_name="样例企业乙")
    for batch in (second, first):
        results, _ = await house.records.store(house.provider, batch)
        assert [one.refused for one in results] == [None] * len(results)
    assert house.sql("SELECT count(*) FROM catalog.subject") == [(3,)]
    shown = await house.report(party)
    assert {one.fields["party_name"].reveal() for one in shown} == {"样例企业甲", "样例企业乙"}


async def test_a_batch_sealed_under_a_key_that_was_changed_since_is_sealed_once_more(turn: Rotating) -> None:
    house = turn.house
    await house.hand_in(house.draft())
    old = turn.key()
    batch = await prepared(house, house.party())
    await turn.start(old)
    turn.minutes.pass_by()
    await house.records.store(house.provider, batch)
    assert turn.wraps("share_wrap") == {old: 1, f"{old}/2": 1}


async def test_nothing_is_sealed_again_while_no_key_was_changed(house: CatalogHouse) -> None:
    batch = await prepared(house, house.party())
    await house.records.store(house.provider, batch)
    assert house.sql("SELECT record_id FROM catalog.record") == [(batch.sealed[0].record_id,)]


async def test_a_message_that_is_too_large_is_refused_after_the_answer_to_the_one_before(office: CatalogOffice) -> None:
    channel = office.identities.channel("provider", office.process.address)
    handing_in = channel.stream_stream(
        "/chengxin.catalog.v1.RecordService/SubmitRecords",
        request_serializer=record_pb2.SubmitRecordsRequest.SerializeToString,
        response_deserializer=record_pb2.SubmitRecordsResponse.FromString,
    )(timeout=30)
    good = [lawful() for _ in range(3)]
    await handing_in.write(record_pb2.SubmitRecordsRequest(records=good))
    await handing_in.write(record_pb2.SubmitRecordsRequest(records=[record_pb2.RecordDraft()] * (MOST + 1)))
    response = await handing_in.read()
    assert all(one.record_id for one in response.results)
    with pytest.raises(grpc.aio.AioRpcError, match="at most"):
        await handing_in.read()
    await channel.close()

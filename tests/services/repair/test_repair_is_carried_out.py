"""A granted repair is withdrawn everywhere: at once, once, and whatever was away."""

from __future__ import annotations

import time
import uuid

import pytest

from chengxin.catalog.v1 import record_pb2
from chengxin.repair.v1 import repair_pb2
from tests.services.repair.harness import RefusedByOffice, RepairHouse
from tests.services.repair.neighbours import SLIGHT
from tests.support.eventually import eventually

GRANTED = repair_pb2.APPLICATION_STATE_GRANTED
CARRIED_OUT = repair_pb2.APPLICATION_STATE_CARRIED_OUT


async def granted(house: RepairHouse, record_id: str) -> str:
    application_id = (await house.party().submit(record_id)).application_id
    await house.officer().accept(application_id)
    decided = await house.officer().decide(application_id, grant=True)
    assert decided.state == GRANTED
    assert not decided.HasField("carried_out_at")
    return application_id


async def carried_out(house: RepairHouse, application_id: str, within: float = 20) -> repair_pb2.Application:
    async def seen() -> repair_pb2.Application | None:
        application = await house.party().get(application_id)
        return application if application.state == CARRIED_OUT else None

    application = await eventually(seen, within=within)
    assert application is not None
    return application


def withdrawals(house: RepairHouse, record_id: str) -> list[tuple[int, str, bool]]:
    return [
        (one.reason, one.matter, one.already_ended) for one in house.catalog.withdrawals if one.record_id == record_id
    ]


async def test_a_grant_ends_sharing_at_once(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    application_id = await granted(house, record_id)
    decided = time.monotonic()
    await eventually(lambda: withdrawals(house, record_id), within=3)
    assert time.monotonic() - decided < 3
    application = await carried_out(house, application_id)
    assert withdrawals(house, record_id) == [(record_pb2.END_REASON_REPAIRED, application_id, False)]
    assert application.carried_out_at.ToDatetime() >= application.decided_at.ToDatetime()


async def test_a_repaired_listing_is_closed_after_the_catalog_ended_sharing(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    house.black_list.listings[record_id] = str(uuid.uuid4())
    application_id = await granted(house, record_id)
    await carried_out(house, application_id)
    closed = [one for one in house.black_list.closed if one.record_id == record_id]
    assert [one.matter for one in closed] == [application_id]
    assert house.catalog.records[record_id][0].HasField("ended_at")


async def test_a_refusal_ends_nothing(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    application_id = (await house.party().submit(record_id)).application_id
    await house.officer().accept(application_id)
    await house.officer().decide(application_id, grant=False)
    assert house.sql("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'") == [(0,)]
    assert not withdrawals(house, record_id)


async def test_a_record_that_ended_meanwhile_is_carried_out_as_well(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    application_id = (await house.party().submit(record_id)).application_id
    await house.officer().accept(application_id)
    house.catalog.end(record_id)
    await house.officer().decide(application_id, grant=True)
    await carried_out(house, application_id)
    assert withdrawals(house, record_id) == [(record_pb2.END_REASON_REPAIRED, application_id, True)]


async def test_a_withdrawal_waits_for_a_catalog_that_is_away_and_is_delivered_once(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    application_id = (await house.party().submit(record_id)).application_id
    await house.officer().accept(application_id)
    await house.catalog.close()
    await house.officer().decide(application_id, grant=True)
    await eventually(lambda: "job failed" in house.log(), within=15)
    being_carried_out = await house.party().get(application_id)
    assert being_carried_out.state == GRANTED
    assert not being_carried_out.HasField("carried_out_at")
    await house.catalog.open()
    await carried_out(house, application_id)
    assert withdrawals(house, record_id) == [(record_pb2.END_REASON_REPAIRED, application_id, False)]
    steps = "SELECT count(*) FROM application_step WHERE application_id = %s AND state = 'carried_out'"
    assert house.sql(steps, application_id) == [(1,)]


async def test_a_list_office_that_is_away_delays_the_end_but_not_the_withdrawal(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    house.black_list.listings[record_id] = str(uuid.uuid4())
    await house.black_list.close()
    try:
        application_id = await granted(house, record_id)
        await eventually(lambda: withdrawals(house, record_id), within=5)
        assert (await house.party().get(application_id)).state == GRANTED
    finally:
        await house.black_list.open()
    await carried_out(house, application_id)
    assert withdrawals(house, record_id)[0] == (record_pb2.END_REASON_REPAIRED, application_id, False)
    assert len([one for one in house.black_list.closed if one.record_id == record_id]) == 1


async def test_a_worker_killed_at_work_is_replaced_and_the_record_withdrawn(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    application_id = (await house.party().submit(record_id)).application_id
    await house.officer().accept(application_id)
    await house.catalog.close()
    await house.officer().decide(application_id, grant=True)
    await house.kill()
    await house.catalog.open()
    await house.start()
    await carried_out(house, application_id, within=30)
    assert withdrawals(house, record_id)[0] == (record_pb2.END_REASON_REPAIRED, application_id, False)


async def test_a_parked_delivery_is_put_down_again(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    application_id = (await house.party().submit(record_id)).application_id
    await house.officer().accept(application_id)
    await house.stop()
    await house.start(CHENGXIN_ONLY="serve")
    await house.officer().decide(application_id, grant=True)
    parked = "UPDATE procrastinate_jobs SET status = 'failed' WHERE args->>'application_id' = %s"
    house.sql(parked, application_id, role="admin")
    await house.stop()
    await house.start(CHENGXIN_ONLY="work")
    standing = "SELECT state FROM standing WHERE application_id = %s"
    await eventually(lambda: house.sql(standing, application_id) == [("carried_out",)], within=30)
    assert "tried again" in house.log()
    assert len(withdrawals(house, record_id)) == 1
    await house.stop()
    await house.start()
    assert (await house.party().get(application_id)).state == CARRIED_OUT


async def test_what_is_being_carried_out_can_neither_be_taken_back_nor_applied_for_again(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    house.black_list.listings[record_id] = str(uuid.uuid4())
    await house.black_list.close()
    try:
        application_id = await granted(house, record_id)
        for act, reason in (
            (house.party().withdraw(application_id), "STEP_OUT_OF_ORDER"),
            (house.party().upload(application_id, b"late"), "STEP_OUT_OF_ORDER"),
            (house.party().submit(record_id), "APPLICATION_ALREADY_OPEN"),
        ):
            with pytest.raises(RefusedByOffice) as refused:
                await act
            assert refused.value.reason in (reason, "RECORD_ENDED")
    finally:
        await house.black_list.open()
    await carried_out(house, application_id)

"""54号 clause 12: one stop, named officers, on time, free of charge; sharing ends by itself when repaired.

行政机关、各级社会信用信息共享平台和信用网站要明确部门和专人负责信用修复工作，按要求及时完成信用修复，不得以任何形式向信用主体收取费用。
"""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from chengxin.repair.v1 import repair_pb2
from foundation.calendar import load_calendar
from foundation.settings import LAW
from tests.services.repair.harness import RefusedByOffice, RepairHouse, running
from tests.services.repair.neighbours import SLIGHT
from tests.support.databases import SchemaDatabase
from tests.support.eventually import eventually

DAY = timedelta(days=1)
MONEY = re.compile(r"fee|price|amount|pay|charge|cost|currency|money|invoice", re.IGNORECASE)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(
    schema_db: Callable[..., SchemaDatabase], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RepairHouse]:
    async with running(tmp_path_factory.mktemp("clause12"), schema_db("repair", sample=True)) as house:
        yield house


async def handed_in(house: RepairHouse, record_id: str = "") -> str:
    record_id = record_id or house.catalog.hold(house.today(), SLIGHT)
    return (await house.party().submit(record_id)).application_id


async def test_one_application_reaches_every_holder_by_itself(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    house.black_list.listings[record_id] = str(uuid.uuid4())
    application_id = await handed_in(house, record_id)
    await house.officer().accept(application_id)
    await house.officer().decide(application_id, grant=True)
    await eventually(lambda: house.black_list.closed, within=20)
    assert [one.matter for one in house.catalog.withdrawals] == [application_id]
    assert [one.matter for one in house.black_list.closed] == [application_id]


async def test_every_step_of_the_authority_is_taken_by_a_named_officer(house: RepairHouse) -> None:
    application_id = await handed_in(house)
    with pytest.raises(RefusedByOffice) as refused:
        await house.system("repairs").accept(application_id)
    assert refused.value.reason == "ASSERTION_REQUIRED"
    await house.officer(subject="officer-42").accept(application_id)
    nobody = "SELECT count(*) FROM application_step WHERE authority <> '' AND officer IS NULL"
    assert house.sql(nobody) == [(0,)]


async def test_the_authority_has_working_days_and_being_late_is_visible(house: RepairHouse) -> None:
    application_id = await handed_in(house)
    due = load_calendar(LAW).add_working_days(house.today(), 3)
    assert (await house.officer().get(application_id)).due_on == due.on.isoformat()
    house.pass_time(due.on - house.today() + DAY)
    for voice in (house.party(), house.officer()):
        assert (await voice.get(application_id)).overdue


async def test_what_is_missing_is_named_once(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    await house.officer().accept(await handed_in(house, record_id), "缴款回执")
    with pytest.raises(RefusedByOffice) as refused:
        await house.officer().accept(await handed_in(house, record_id), "整改报告")
    assert refused.value.reason == "MISSING_NAMED_BEFORE"


def test_nothing_in_the_contract_of_repair_can_carry_a_payment() -> None:
    names = [field for message in messages() for field in (message.name, *(f.name for f in message.fields))]
    assert len(names) > 50
    assert not [name for name in names if MONEY.search(name)]


def test_nothing_in_the_tables_of_repair_can_hold_a_payment(house: RepairHouse) -> None:
    columns = house.sql(
        "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'repair'"
    )
    assert len(columns) > 20
    assert not [name for (name,) in columns if MONEY.search(name)]


def messages() -> list[Any]:
    return list(repair_pb2.DESCRIPTOR.message_types_by_name.values())

"""54号 clause 11: way, time limit and procedure of repair; everybody may apply unless the law says unrepairable.

除法律、法规和党中央、国务院政策文件明确规定不可修复的失信信息外，失信主体按要求纠正失信行为、消除不良影响的，均可申请信用修复。
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
import pytest_asyncio

from chengxin.repair.v1 import repair_pb2
from foundation.identity import Identifier
from foundation.policy import load_policy
from foundation.settings import LAW
from tests.services.repair.harness import RefusedByOffice, RepairHouse, running
from tests.services.repair.neighbours import ORDINARY, SLIGHT
from tests.services.repair.parties import company, resident
from tests.support.databases import SchemaDatabase
from tests.support.eventually import eventually

DAY = timedelta(days=1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(
    schema_db: Callable[..., SchemaDatabase], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RepairHouse]:
    async with running(tmp_path_factory.mktemp("clause11"), schema_db("repair", sample=True)) as house:
        yield house


async def test_way_time_limit_and_procedure_are_told_at_once(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today() - 30 * DAY, ORDINARY)
    answer = await house.party().check(record_id)
    assert answer.determining_authority, "who decides"
    assert answer.earliest_on, "from when"
    assert answer.ends_before, "when it ends without any application"
    assert len(answer.requirements) == 3, "what is needed"
    assert all(reason.remedy for reason in answer.reasons), "what to do"
    application = await house.party().submit(house.catalog.hold(house.today(), SLIGHT))
    assert application.due_on, "by when the authority must act"


@pytest.mark.parametrize("party", [company(111), resident(111)], ids=["enterprise", "natural person"])
async def test_everybody_may_apply(house: RepairHouse, party: Identifier) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT, party=party)
    application = await house.party(party).submit(record_id)
    assert application.state == repair_pb2.APPLICATION_STATE_SUBMITTED


async def test_only_the_law_excludes_from_repair(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT, unrepairable=True)
    with pytest.raises(RefusedByOffice) as refused:
        await house.party().submit(record_id)
    assert refused.value.reason == "UNREPAIRABLE_BY_LAW"


async def test_who_has_put_things_right_is_repaired(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today() - 100 * DAY, ORDINARY)
    me, officer = house.party(), house.officer()
    application_id = (await me.submit(record_id)).application_id
    await me.upload(application_id, "缴款回执".encode())
    await officer.accept(application_id)
    await officer.decide(application_id, grant=True)

    async def carried_out() -> bool:
        return (await me.get(application_id)).state == repair_pb2.APPLICATION_STATE_CARRIED_OUT

    await eventually(carried_out, within=20)
    assert house.catalog.records[record_id][0].HasField("ended_at")


async def test_the_procedure_cannot_be_skipped(house: RepairHouse) -> None:
    application_id = (await house.party().submit(house.catalog.hold(house.today(), SLIGHT))).application_id
    with pytest.raises(RefusedByOffice) as refused:
        await house.officer().decide(application_id, grant=True)
    assert refused.value.reason == "STEP_OUT_OF_ORDER"


def test_the_numbers_of_the_procedure_are_data_with_a_source(house: RepairHouse) -> None:
    for name in ("repair.acceptance", "repair.decision", "publicity.ordinary.minimum"):
        number = load_policy(LAW).number(name, on=house.today())
        assert number.source
        assert number.article

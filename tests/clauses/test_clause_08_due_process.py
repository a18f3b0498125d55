"""54号 clause 8: no listing without the whole procedure, over the contract and in the database.

调查取证、对照严重失信认定标准、认定失信事实、召开专题会、告知当事人事由和权利、作出行政决定书。当事人提出异议的，应在规定
时限内予以核实并反馈结果。
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import date

import pytest
import pytest_asyncio

from chengxin.blacklist.v1 import blacklist_pb2 as pb
from chengxin.proofs import note
from services.blacklist.domain.steps import Step
from tests.services.blacklist.direct import insert, number, official, refused_step
from tests.services.blacklist.house import FINDER, ListHouse, RefusedByOffice, list_house
from tests.services.blacklist.processes import AUTHORITY
from tests.support.databases import SchemaDatabase
from tests.unit.blacklist.blacklist_cases import DECISION_SECTIONS, NOTICE_SECTIONS


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(
    schema_db: Callable[..., SchemaDatabase], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ListHouse]:
    database = schema_db("blacklist", "catalog", sample=True)
    async with list_house(tmp_path_factory.mktemp("clause8"), database) as house:
        yield house


async def test_no_step_can_be_skipped_by_the_contract_or_by_sql(house: ListHouse) -> None:
    case = await house.finder.open(house.company())
    steps = [
        (Step.MATCH_STANDARD, house.finder.match),
        (Step.FIND_FACTS, house.finder.find),
        (Step.HOLD_PANEL, house.hearer.hold_panel),
        (Step.NOTIFY_PARTY, house.hearer.notify),
        (Step.DECIDE_TO_LIST, house.decider.decide),
        (Step.SERVE_DECISION, house.hearer.serve),
    ]
    for place, (step, take) in enumerate(steps):
        for later, skip_to in steps[place + 1 :]:
            with pytest.raises(RefusedByOffice):
                await skip_to(case)
            refused_step(house, case.case_id, later)
        if step is Step.MATCH_STANDARD:
            await house.finder.upload(case)
        if step is Step.DECIDE_TO_LIST:
            house.pass_window(await house.hearer.get(case))
        await take(case)
    assert (await house.reached(case, pb.CASE_STATE_LISTED)).listing_id


async def test_the_right_to_be_heard_cannot_be_cut_short(house: ListHouse) -> None:
    case = await house.notified()
    last = date.fromisoformat(case.window_ends_before)
    number(house, case.case_id, AUTHORITY)
    while house.today() < last:
        with pytest.raises(RefusedByOffice) as refused:
            await house.decider.decide(case)
        assert refused.value.reason == "WINDOW_OPEN"
        refused_step(house, case.case_id, Step.DECIDE_TO_LIST)
        house.pass_days(1)
    insert(house, case.case_id, Step.DECIDE_TO_LIST)


async def test_an_objection_is_answered_before_the_decision_and_stops_the_clock(house: ListHouse) -> None:
    case = await house.hearer.state(await house.notified())
    assert case.due_on, "by when it must be answered"
    house.pass_days(3)
    with pytest.raises(RefusedByOffice) as refused:
        await house.decider.decide(case)
    assert refused.value.reason == "STATEMENT_UNANSWERED"
    answered = await house.hearer.answer(case)
    assert answered.window_ends_before > case.window_ends_before


async def test_who_proposes_does_not_decide(house: ListHouse) -> None:
    case = await house.notified()
    house.pass_window(case)
    with pytest.raises(RefusedByOffice) as refused:
        await replace(house.decider, subject=FINDER).decide(case)
    assert refused.value.reason == "SAME_OFFICIAL"
    number(house, case.case_id, AUTHORITY)
    assert refused_step(house, case.case_id, Step.DECIDE_TO_LIST, officer_tag=official(house, case.case_id, Step.OPEN))


async def test_notice_and_decision_are_complete_and_signed(house: ListHouse) -> None:
    case = await house.finder.open(house.company())
    await house.finder.upload(case)
    await house.finder.match(case)
    await house.finder.find(case)
    await house.hearer.hold_panel(case)
    told = await house.hearer.notify(case)
    house.pass_window(told.case)
    await house.decider.decide(case)
    for signed, sections in ((told.notice, NOTICE_SECTIONS), (await house.hearer.document(case), DECISION_SECTIONS)):
        text = note.verify(signed, [house.vkey]).text
        assert all(f"、{section}\n" in text for section in sections)
    tampered = signed.replace("决定日期", "决定时间")
    with pytest.raises(Exception, match="does not verify"):
        note.verify(tampered, [house.vkey])

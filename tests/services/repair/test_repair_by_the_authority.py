"""The determining authority's side: queue, acceptance, decision, deadlines; nobody else's."""

from __future__ import annotations

from datetime import date, timedelta

import grpc
import pytest

from chengxin.repair.v1 import repair_pb2
from foundation.calendar import load_calendar
from foundation.settings import LAW
from tests.services.repair.harness import RefusedByOffice, RepairHouse
from tests.services.repair.neighbours import SLIGHT
from tests.services.repair.parties import OTHER_AUTHORITY

DAY = timedelta(days=1)
CALENDAR = load_calendar(LAW)


async def handed_in(house: RepairHouse) -> str:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    return (await house.party().submit(record_id)).application_id


async def test_acceptance_and_decision_are_due_in_working_days(house: RepairHouse) -> None:
    today = house.today()
    application_id = await handed_in(house)
    seen = await house.officer().get(application_id)
    acceptance = CALENDAR.add_working_days(today, 3)
    assert (seen.due_on, seen.due_provisional) == (acceptance.on.isoformat(), acceptance.provisional)
    accepted = await house.officer().accept(application_id)
    decision = CALENDAR.add_working_days(today, 10)
    assert accepted.state == repair_pb2.APPLICATION_STATE_ACCEPTED
    assert (accepted.due_on, accepted.due_provisional) == (decision.on.isoformat(), decision.provisional)


async def test_the_head_of_the_authority_puts_a_last_day_off_once(house: RepairHouse) -> None:
    application_id = await handed_in(house)
    accepted = await house.officer().accept(application_id)
    head = house.officer(subject="head-1", roles=("repair_head",))
    with pytest.raises(RefusedByOffice) as refused:
        await house.officer().extend(application_id)
    assert refused.value.reason == "OFFICER_ROLE_REQUIRED"
    with pytest.raises(RefusedByOffice) as refused:
        await head.extend(application_id, " ")
    assert refused.value.reason == "VALUE_REQUIRED"
    extended = await head.extend(application_id)
    later = CALENDAR.add_working_days(date.fromisoformat(accepted.due_on), 3)
    assert (extended.state, extended.due_on) == (repair_pb2.APPLICATION_STATE_EXTENDED, later.on.isoformat())
    with pytest.raises(RefusedByOffice) as refused:
        await head.extend(application_id)
    assert refused.value.reason == "STEP_OUT_OF_ORDER"
    seen = await house.party().get(application_id)
    assert (seen.extension_reasons, seen.due_on, seen.reasons) == ("需向外地核实。", extended.due_on, "")
    assert application_id in [one.application_id for one in await house.officer().list()]
    decided = await house.officer().decide(application_id, grant=False)
    assert decided.state == repair_pb2.APPLICATION_STATE_REFUSED


async def test_what_is_late_is_not_put_off(house: RepairHouse) -> None:
    application_id = await handed_in(house)
    await house.officer().accept(application_id)
    house.pass_time(30 * DAY)
    with pytest.raises(RefusedByOffice) as refused:
        await house.officer(roles=("repair_head",)).extend(application_id)
    assert refused.value.reason == "DEADLINE_OVER"


async def test_a_refusal_carries_its_reasons_to_the_party(house: RepairHouse) -> None:
    application_id = await handed_in(house)
    await house.officer().accept(application_id)
    await house.officer().decide(application_id, grant=False, reasons="罚款尚未缴清。")
    seen = await house.party().get(application_id)
    assert seen.state == repair_pb2.APPLICATION_STATE_REFUSED
    assert seen.reasons == "罚款尚未缴清。"
    assert seen.HasField("decided_at")
    assert (seen.due_on, seen.overdue) == ("", False)


async def test_after_a_refusal_the_party_may_apply_again(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    first = await house.party().submit(record_id)
    await house.officer().accept(first.application_id)
    await house.officer().decide(first.application_id, grant=False)
    again = await house.party().submit(record_id)
    assert again.state == repair_pb2.APPLICATION_STATE_SUBMITTED


async def test_one_officer_may_accept_and_decide_but_nobody_decides_twice(house: RepairHouse) -> None:
    application_id = await handed_in(house)
    officer = house.officer(subject="officer-7")
    await officer.accept(application_id)
    await officer.decide(application_id, grant=False)
    for grant in (True, False):
        for voice in (officer, house.officer(subject="officer-8")):
            with pytest.raises(RefusedByOffice) as refused:
                await voice.decide(application_id, grant=grant)
            assert refused.value.reason == "STEP_OUT_OF_ORDER"


async def test_nothing_is_decided_before_it_is_accepted(house: RepairHouse) -> None:
    application_id = await handed_in(house)
    with pytest.raises(RefusedByOffice) as refused:
        await house.officer().decide(application_id, grant=True)
    assert refused.value.reason == "STEP_OUT_OF_ORDER"


async def test_a_decision_needs_reasons_and_verification(house: RepairHouse) -> None:
    application_id = await handed_in(house)
    await house.officer().accept(application_id)
    for texts, field in (
        ({"reasons": " "}, "reasons"),
        ({"verification": ""}, "verification"),
        ({"verification": "核" * 4001}, "verification"),
    ):
        with pytest.raises(RefusedByOffice) as refused:
            await house.officer().decide(application_id, grant=True, **texts)  # type: ignore[arg-type]
        assert refused.value.code is grpc.StatusCode.INVALID_ARGUMENT
        assert refused.value.reason in ("VALUE_REQUIRED", "VALUE_INVALID"), field


async def test_missing_items_are_named_once_all_together(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    first = await house.party().submit(record_id)
    named = await house.officer().accept(first.application_id, "缴款回执", "整改报告")
    assert named.state == repair_pb2.APPLICATION_STATE_NOT_ACCEPTED
    assert list((await house.party().get(first.application_id)).missing) == ["缴款回执", "整改报告"]
    with pytest.raises(RefusedByOffice) as refused:
        await house.officer().accept(first.application_id, "还有一份")
    assert refused.value.reason == "STEP_OUT_OF_ORDER"

    second = await house.party().submit(record_id)
    with pytest.raises(RefusedByOffice) as refused:
        await house.officer().accept(second.application_id, "还有一份")
    assert refused.value.reason == "MISSING_NAMED_BEFORE"
    accepted = await house.officer().accept(second.application_id)
    assert accepted.state == repair_pb2.APPLICATION_STATE_ACCEPTED


async def test_missing_items_have_a_form(house: RepairHouse) -> None:
    application_id = await handed_in(house)
    for missing in (["x"] * 51, ["x" * 501], [""]):
        with pytest.raises(RefusedByOffice) as refused:
            await house.officer().accept(application_id, *missing)
        assert refused.value.code is grpc.StatusCode.INVALID_ARGUMENT


async def test_another_authority_sees_and_decides_nothing(house: RepairHouse) -> None:
    application_id = await handed_in(house)
    await house.officer().accept(application_id)
    other = house.officer(OTHER_AUTHORITY)
    for act in (other.get, other.accept, lambda one: other.decide(one, grant=True)):
        with pytest.raises(RefusedByOffice) as refused:
            await act(application_id)
        assert (refused.value.code, refused.value.reason) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    assert await other.list() == []


async def test_only_a_repair_officer_of_the_calling_authority_handles_applications(house: RepairHouse) -> None:
    application_id = await handed_in(house)
    for voice, reason in (
        (house.system("repairs"), "ASSERTION_REQUIRED"),
        (house.system("consumer"), "ROLE_REQUIRED"),
        (house.officer(roles=("case_officer", "decider")), "OFFICER_ROLE_REQUIRED"),
        (house.officer_elsewhere(), "OFFICER_ROLE_REQUIRED"),
        (house.party(), "ROLE_REQUIRED"),
    ):
        with pytest.raises(RefusedByOffice) as refused:
            await voice.accept(application_id)
        assert refused.value.reason == reason
    with pytest.raises(RefusedByOffice) as refused:
        await house.system("repairs").list()
    assert refused.value.reason == "ASSERTION_REQUIRED"


async def test_the_queue_is_ordered_by_deadline_and_says_nothing_about_parties(house: RepairHouse) -> None:
    accepted, waiting = await handed_in(house), await handed_in(house)
    await house.officer().accept(accepted)
    queue = await house.officer().list()
    ids = [one.application_id for one in queue]
    assert ids.index(waiting) < ids.index(accepted)
    dues = [date.fromisoformat(one.due_on) for one in queue if one.due_on]
    assert dues == sorted(dues)
    assert all(not one.correction and not one.reasons and not one.missing for one in queue)
    states = {one.state for one in queue}
    assert states <= {
        repair_pb2.APPLICATION_STATE_SUBMITTED,
        repair_pb2.APPLICATION_STATE_ACCEPTED,
        repair_pb2.APPLICATION_STATE_EXTENDED,
    }


async def test_what_is_overdue_is_shown_as_overdue(house: RepairHouse) -> None:
    application_id = await handed_in(house)
    assert not (await house.officer().get(application_id)).overdue
    house.pass_time(12 * DAY)
    assert (await house.officer().get(application_id)).overdue
    assert next(one for one in await house.officer().list() if one.application_id == application_id).overdue

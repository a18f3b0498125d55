"""What is listed is shared by the catalog, what is closed is not, and a catalog that is away delays but loses nothing."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, timedelta

from chengxin.blacklist.v1 import blacklist_pb2 as pb
from chengxin.catalog.v1 import record_pb2
from chengxin.common.v1 import common_pb2
from tests.services.blacklist.house import ListHouse
from tests.services.blacklist.processes import AUTHORITY, OTHER_AUTHORITY
from tests.services.blacklist.test_who_may_do_what import refusal
from tests.support.eventually import eventually


async def ended(house: ListHouse, record_id: str) -> int:
    """Why the catalog ended a record's sharing, once it has."""

    async def reason() -> int | None:
        held = await house.record(record_id)
        return held.end_reason if held.HasField("ended_at") else None

    return await eventually(reason, within=30)  # type: ignore[return-value]


async def test_a_listing_becomes_a_record_of_its_determining_authority(house: ListHouse) -> None:
    case = await house.listed()
    listing = await house.hearer.listing(case.listing_id)
    held = await house.record(listing.record_id)
    assert held.item_code == "cn.list.market_regulation"
    assert held.determining_authority == AUTHORITY
    assert held.severity == common_pb2.SEVERITY_SERIOUS
    assert held.determined_on == listing.determined_on
    assert not held.HasField("ended_at")
    assert house.is_public(listing.record_id)


async def test_an_adult_is_public_by_the_express_law_and_a_minor_never(house: ListHouse) -> None:
    adult = house.person(house.today() - timedelta(days=40 * 365))
    minor = house.person(house.today() - timedelta(days=16 * 365))
    for person, under_age, public in ((adult, False, True), (minor, True, False)):
        case = await house.listed(person, scheme="wages", under_age=under_age)
        assert house.is_public((await house.hearer.listing(case.listing_id)).record_id) is public
        document = await house.decider.document(case)
        assert ("不予公示" in document) is under_age


async def test_the_authority_closes_its_listing_and_sharing_ends(house: ListHouse) -> None:
    case = await house.listed()
    listing = await house.hearer.listing(case.listing_id)
    stranger = replace(house.hearer, system="other-lists", authority=OTHER_AUTHORITY)
    assert await refusal(stranger.close(listing_id=case.listing_id)) == "NOT_FOUND"
    assert await refusal(replace(house.hearer, subject="").close(listing_id=case.listing_id)) == "ASSERTION_REQUIRED"
    assert await refusal(replace(house.hearer, system="consumer").close(listing_id=case.listing_id)) == "ROLE_REQUIRED"
    closed = await house.hearer.close(listing_id=case.listing_id)
    assert closed.listing.HasField("closed_at")
    assert not closed.already_closed
    assert (await house.hearer.close(record_id=listing.record_id)).already_closed
    assert await ended(house, listing.record_id) == record_pb2.END_REASON_LISTING_CLOSED
    assert (await house.hearer.get(case)).state == pb.CASE_STATE_CLOSED


async def test_the_repair_office_closes_by_the_record_without_an_official(house: ListHouse) -> None:
    case = await house.listed()
    listing = await house.hearer.listing(case.listing_id)
    matter = str(uuid.uuid4())
    closed = await house.repair.close(record_id=listing.record_id, matter=matter)
    assert closed.listing.listing_id == case.listing_id
    assert (await house.repair.close(record_id=listing.record_id, matter=matter)).already_closed
    assert await refusal(house.repair.close(record_id=str(uuid.uuid4()))) == "NOT_FOUND"
    assert await refusal(house.repair.close()) == "VALUE_REQUIRED"
    assert [step.officer for step in (await house.hearer.get(case)).steps][-1] == ""
    assert await ended(house, listing.record_id) == record_pb2.END_REASON_LISTING_CLOSED


async def test_a_catalog_that_is_away_delays_a_listing_and_nothing_more(house: ListHouse) -> None:
    decided = await house.decided()
    await house.offices["catalog"].stop()
    try:
        case = await house.hearer.serve(decided)
        assert case.state == pb.CASE_STATE_SERVED
        assert not (await house.hearer.listing(case.listing_id)).record_id
        assert await refusal(house.hearer.close(listing_id=case.listing_id)) == "LISTING_BEING_CARRIED_OUT"
    finally:
        await house.offices["catalog"].start()
    case = await house.reached(case, pb.CASE_STATE_LISTED)
    assert await house.record((await house.hearer.listing(case.listing_id)).record_id)


async def test_a_delivery_done_twice_makes_one_record(house: ListHouse) -> None:
    case = await house.listed()
    before = house.records()
    house.sql(
        "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('listing', 'deliver_listing', 0, NULL, NULL, %s::jsonb, NULL)"
        "::procrastinate_job_to_defer_v1])",
        f'{{"case_id": "{case.case_id}"}}',
    )

    def done() -> bool:
        return not house.sql("SELECT FROM procrastinate_jobs WHERE status IN ('todo', 'doing')")

    await eventually(done, within=20)
    assert house.records() == before
    assert len((await house.hearer.get(case)).steps) == len(case.steps)


async def test_two_authorities_may_number_their_decisions_alike(house: ListHouse) -> None:
    number, party = f"列〔2026〕{uuid.uuid4().hex[:6]}号", house.company()
    first = await house.notified(party)
    voices = {
        name: replace(getattr(house, name), system="other-lists", authority=OTHER_AUTHORITY)
        for name in ("finder", "hearer", "decider")
    }
    second = await voices["finder"].open(party)
    await voices["finder"].upload(second)
    await voices["finder"].match(second)
    await voices["finder"].find(second)
    await voices["hearer"].hold_panel(second)
    second = (await voices["hearer"].notify(second)).case
    house.pass_window(second)
    await house.hearer.serve(await house.decider.decide(first, number=number))
    await voices["hearer"].serve(await voices["decider"].decide(second, number=number))
    await house.reached(first, pb.CASE_STATE_LISTED)

    async def listed() -> bool:
        return (await voices["hearer"].get(second)).state == pb.CASE_STATE_LISTED

    await eventually(listed, within=30)


async def test_a_dropped_case_leaves_no_listing_and_no_record(house: ListHouse) -> None:
    case = await house.notified()
    house.pass_window(case)
    before = house.records()
    case = await house.decider.decide(case, to_list=False)
    assert case.state == pb.CASE_STATE_DROPPED
    assert not case.listing_id
    assert not case.due_on
    assert "不予列入" in await house.decider.document(case)
    assert house.records() == before


async def test_service_of_the_decision_is_due_within_seven_working_days(house: ListHouse) -> None:
    case = await house.decided()
    working = house.sql("SELECT last_day FROM add_working_days(house_today(), 7)")[0][0]
    assert date.fromisoformat(case.due_on) == working

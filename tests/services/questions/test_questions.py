"""The auditor's questions on real journals: each with a case that fires and one that does not."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from foundation.calendar import SHANGHAI
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from foundation.rpc import Call
from services.audit.domain.access import Search
from services.audit.domain.reasons import BASIS_REQUIRED, QUESTION_TOO_WIDE
from tests.services.questions.house import (
    BASIS,
    DEPARTMENTS,
    DETECTORS,
    NOON,
    PARTY,
    AuditHouse,
    auditor,
    company,
    party_call,
    question,
    system,
)

RULES = DETECTORS.rules
NIGHT = NOON.replace(hour=23)
SATURDAY = NOON + timedelta(days=3)


async def test_looks_at_night_and_on_days_off_are_found_and_those_in_the_day_are_not(house: AuditHouse) -> None:
    least = RULES["off_hours"].numbers["least"]
    await house.looks(least - 2, at=NIGHT)
    await house.looks(2, at=SATURDAY)
    await house.looks(least * 3, at=NOON, officer="officer-2")
    await house.looks(least - 1, at=NIGHT, officer="officer-3")
    [found] = await house.found("off_hours")
    assert (found.officer, found.group.count, found.group.authority) == ("officer-1", least, DEPARTMENTS[0])
    assert f"{least} looks outside office hours (07:30 to 19:30" in found.because_en
    assert f"有{least}次查询在办公时间" in found.because_zh
    assert len(found.group.refs) == least


@pytest.mark.parametrize(
    ("hour", "minute", "outside"), [(7, 29, True), (7, 30, False), (19, 29, False), (19, 30, True)]
)
async def test_the_borders_of_office_hours(house: AuditHouse, hour: int, minute: int, outside: bool) -> None:
    at = NOON.replace(hour=hour, minute=minute)
    for _ in range(RULES["off_hours"].numbers["least"]):
        await house.look(at=at + timedelta(seconds=30))
    assert bool(await house.found("off_hours")) is outside


async def test_a_make_up_working_day_counts_as_a_working_day(house: AuditHouse) -> None:
    await house.looks(6, at=datetime(2026, 5, 9, 12, tzinfo=SHANGHAI))  # a Saturday worked for the holiday of May
    since = datetime(2026, 5, 1, tzinfo=SHANGHAI)
    assert await house.found("off_hours", since=since) == []


async def test_who_looks_far_above_its_peers_is_found(house: AuditHouse) -> None:
    rule = RULES["authority_above_peers"]
    least = rule.numbers["least"]
    for n, authority in enumerate(DEPARTMENTS[1:5]):
        await house.looks(2 + n, authority=authority)
    await house.looks(least, officer="officer-9")
    for n in range(3):
        await house.looks(2, officer=f"officer-{n}")
    found = {one.detector: one for one in await house.found("far_above_peers")}
    official, authority = found["official_above_peers"], found["authority_above_peers"]
    assert (official.officer, official.group.count) == ("officer-9", least)
    assert (authority.group.authority, authority.group.count, authority.officer) == (DEPARTMENTS[0], least + 6, "")
    assert "the median of its 4 peers is 3.5" in authority.because_en
    only = await house.found("far_above_peers", authority=DEPARTMENTS[0])
    assert [one.detector for one in only] == ["official_above_peers"]
    assert await house.found("far_above_peers", authority=DEPARTMENTS[1]) == []


async def test_who_looks_as_often_as_its_peers_is_not_found(house: AuditHouse) -> None:
    for authority in DEPARTMENTS[:4]:
        await house.looks(15, authority=authority)
    assert await house.found("far_above_peers") == []


async def test_the_same_party_looked_at_again_and_again_is_found(house: AuditHouse) -> None:
    least, within = (RULES["repeated_looks"].numbers[name] for name in ("least", "within_days"))
    first = datetime(2026, 6, 1, 12, tzinfo=SHANGHAI)
    days = [first + timedelta(days=n * within / (least - 1)) for n in range(least)]
    for at in days:
        await house.look(at=at)  # exactly within
        await house.look(at=at, subject=company(1), officer="officer-2")
    for n in range(least):
        await house.look(at=first, subject=company(100 + n), officer="officer-3")  # as many, at different parties
    await house.look(at=days[-1] - timedelta(days=1), officer="officer-4")
    asked = {"before": first + timedelta(days=40)}
    found = await house.found("repeated_looks", **asked)
    assert sorted(one.officer for one in found) == ["officer-1", "officer-2"]
    assert {one.group.count for one in found} == {least}


async def test_looks_spread_over_a_longer_time_are_not_found(house: AuditHouse) -> None:
    least, within = (RULES["repeated_looks"].numbers[name] for name in ("least", "within_days"))
    first = datetime(2026, 6, 1, 12, tzinfo=SHANGHAI)
    step = timedelta(days=within / (least - 1), seconds=1)
    for n in range(least):
        await house.look(at=first + n * step)
    assert await house.found("repeated_looks", before=first + timedelta(days=60)) == []


async def test_looks_without_a_matter_are_found(house: AuditHouse) -> None:
    await house.look()
    await house.looks(2, matter="  ", officer="officer-2")
    [found] = await house.found("without_matter")
    assert (found.detector, found.officer, found.group.count) == ("matter_missing", "officer-2", 2)


async def test_a_matter_in_the_form_of_the_house_must_exist(house: AuditHouse) -> None:
    known, unknown = uuid4(), uuid4()
    house.sql(
        "blacklist",
        "INSERT INTO case_file (bucket, case_id, authority, scheme_code, sample, wrap, party)"
        " VALUES (get_byte(uuid_send({}), 0), {}, 'a', 's', true, 'w', 'p')",
        known,
        known,
    )
    await house.look(matter=str(known))
    await house.look(matter=str(unknown))
    await house.look(matter="区市监许〔2026〕12号")
    [found] = await house.found("without_matter")
    assert (found.detector, found.group.matter, found.group.count) == ("matter_unknown", str(unknown), 1)


async def test_one_matter_for_very_many_parties_is_found(house: AuditHouse) -> None:
    least = RULES["matter_wide"].numbers["least"]
    for n in range(least):
        await house.look(at=None, matter="所有", subject=company(n))
        if n:
            await house.look(at=None, matter="较少", subject=company(n))
    now = datetime.now(SHANGHAI)
    [found] = await house.found("without_matter", since=now - timedelta(days=1), before=now + timedelta(days=1))
    assert (found.detector, found.group.matter, found.group.count) == ("matter_wide", "所有", least)


async def test_an_erased_private_part_is_no_missing_matter(house: AuditHouse) -> None:
    await house.look()
    house.sql("catalog", "SET session_replication_role = replica; DELETE FROM journal_private")
    assert await house.found("without_matter") == []


async def test_what_a_party_asks_about_itself_is_no_look(house: AuditHouse) -> None:
    await house.looks(8, at=NIGHT, officer="", matter="", purpose="own")
    await house.looks(8, at=NIGHT, officer="", matter="", purpose="")
    for rule in ("off_hours", "repeated_looks", "without_matter"):
        assert await house.found(rule) == []


async def test_what_an_officer_an_authority_and_a_system_looked_at(house: AuditHouse) -> None:
    mine = [await house.look(at=NOON + timedelta(hours=n), source=s) for n, s in enumerate(("catalog", "repair"))]
    other = await house.look(officer="officer-2", by="night-batch")
    await house.look(authority=DEPARTMENTS[1])
    with_system = system(DEPARTMENTS[0], "night-batch")
    house.sql(
        "catalog",
        "INSERT INTO enrolment VALUES ({}, 's', {}, 'night-batch', '{{consumer}}', now())",
        with_system.fingerprint,
        DEPARTMENTS[0],
    )

    async def ids(**asked: str) -> list[int]:
        shown, _, _ = await house.questions.looks(question(authority=DEPARTMENTS[0]), auditor(), **asked)
        return [one.entry_id for one in shown]

    assert await ids(officer="officer-1") == [mine[1].entry_id, mine[0].entry_id]
    assert set(await ids()) == {mine[0].entry_id, mine[1].entry_id, other.entry_id}
    assert await ids(system="night-batch") == [other.entry_id]
    assert await ids(officer="nobody") == []
    elsewhere, _, _ = await house.questions.looks(question(authority=DEPARTMENTS[2]), auditor(), officer="officer-1")
    assert elsewhere == []


async def test_looks_come_in_pages_without_a_gap_and_without_a_repetition(house: AuditHouse) -> None:
    written = {("catalog", one.entry_id) for one in await house.looks(5)}
    written |= {("repair", one.entry_id) for one in await house.looks(4, source="repair")}
    seen, token = list[tuple[str, int]](), ""
    for _ in range(5):
        shown, token, _ = await house.questions.looks(
            question(authority=DEPARTMENTS[0], most=2, token=token), auditor()
        )
        seen += [(one.source, one.entry_id) for one in shown]
    assert token == ""
    assert len(seen) == len(set(seen)) == 9
    assert set(seen) == written


async def test_findings_come_in_pages_too(house: AuditHouse) -> None:
    for n in range(5):
        await house.look(matter="", officer=f"officer-{n}")
    seen, token = list[str](), ""
    for _ in range(3):
        found, token, _ = await house.questions.findings(
            house.questions.without_matter, question(most=2, token=token), auditor()
        )
        seen += [one.officer for one in found]
    assert (sorted(seen), token) == ([f"officer-{n}" for n in range(5)], "")


async def test_refusals_are_counted_by_day_authority_and_reason(house: AuditHouse) -> None:
    for at in (NOON, NOON + timedelta(hours=1), NOON + timedelta(days=1)):
        await house.look(at=at, decision="refused", reason="NOT_GRANTED")
    await house.look(source="repair", decision="refused", reason="NOT_GRANTED")
    await house.look()
    counts, _, _ = await house.questions.refusals(question(), auditor())
    days = [(NOON + timedelta(days=1)).date(), NOON.date()]
    assert counts == [
        (-days[0].toordinal(), DEPARTMENTS[0], "NOT_GRANTED", 1),
        (-days[1].toordinal(), DEPARTMENTS[0], "NOT_GRANTED", 3),
    ]
    first, token, _ = await house.questions.refusals(question(most=1), auditor())
    second, end, _ = await house.questions.refusals(question(most=1, token=token), auditor())
    assert ([*first, *second], end) == (counts, "")


async def test_looks_are_counted_by_authority_and_hour(house: AuditHouse) -> None:
    for hour, times in ((0, 1), (9, 2), (23, 3)):
        await house.looks(times, at=NOON.replace(hour=hour))
    await house.look(source="repair", at=NOON.replace(hour=9))
    await house.looks(8, at=NOON, authority=DEPARTMENTS[1])
    await house.look(at=NOON, decision="refused", reason="NOT_GRANTED")
    await house.look(at=NOON - timedelta(days=60))
    counts, _, _ = await house.questions.hours(question(), auditor())
    expected = [0] * 24
    expected[0], expected[9], expected[23] = 1, 3, 3
    assert counts == [(DEPARTMENTS[1], [0] * 12 + [8] + [0] * 11), (DEPARTMENTS[0], expected)]
    first, token, _ = await house.questions.hours(question(most=1), auditor())
    second, end, _ = await house.questions.hours(question(most=1, token=token), auditor())
    assert ([*first, *second], end) == (counts, "")


async def test_openings_of_the_archive_are_listed_also_before_the_party_sees_them(house: AuditHouse) -> None:
    opened = await house.look(kind="ArchiveService.OpenArchive", visible_from=datetime(2999, 1, 1, tzinfo=SHANGHAI))
    await house.look()
    shown, _, _ = await house.questions.looks(question(), auditor(), kind="ArchiveService.")
    assert [(one.entry_id, one.officer.reveal()) for one in shown] == [(opened.entry_id, "officer-1")]


async def test_each_question_is_an_entry_with_the_auditor_and_the_basis(house: AuditHouse) -> None:
    await house.looks(6, matter="", at=NIGHT)
    call = auditor("QuestionService.FindOffHours", subject="auditor-7")
    for ask in ("off_hours", "far_above_peers", "repeated_looks", "without_matter", "overdue_steps"):
        await house.found(ask, call)
        entry = house.last_entry()
        assert (entry["kind"], entry["purpose"], entry["decision"]) == (call.method, "audit", "answered")
    now = datetime.now(SHANGHAI)
    asked = question(since=now - timedelta(days=1), before=now + timedelta(days=1), authority=call.caller.authority)
    entries, _, _ = await house.questions.looks(asked, call, officer="auditor-7")
    assert len(entries) == 5
    assert {(one.officer.reveal(), one.matter.reveal()) for one in entries} == {("auditor-7", BASIS)}


def test_a_question_states_its_basis_and_a_period_that_can_be_counted() -> None:
    with pytest.raises(Refused) as refused:
        question(basis=" ")
    assert refused.value.reason is BASIS_REQUIRED
    with pytest.raises(Refused) as refused:
        question(before=question().since)
    assert refused.value.reason is VALUE_INVALID
    days = DETECTORS.longest_period_days
    longest = question(before=question().since + timedelta(days=days))
    longest.require_at_most(days)
    with pytest.raises(Refused) as refused:
        question(before=longest.before + timedelta(seconds=1)).require_at_most(days)
    assert refused.value.reason is QUESTION_TOO_WIDE


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "1",
        "[]",
        '[1,"a"]',
        "null",
        '["a","b","c",1]',
        "[" * 5000,
        '[1e9,"a",1]',
        f'[{10**18},"a",1]',
        '[1,"\\u0000",1]',
    ],
)
async def test_a_token_that_was_not_given_is_refused(house: AuditHouse, token: str) -> None:
    with pytest.raises(Refused) as refused:
        await house.questions.looks(question(token=token), auditor())
    assert (refused.value.reason, refused.value.field) == (VALUE_INVALID, "question.page_token")


async def test_the_party_does_not_see_what_a_court_keeps_from_it_for_a_time(house: AuditHouse) -> None:
    shown = await house.look(at=None)
    later = await house.look(at=None, visible_from=datetime(2999, 1, 1, tzinfo=SHANGHAI))
    past = await house.look(at=None, visible_from=datetime(2020, 1, 1, tzinfo=SHANGHAI))

    call = party_call()
    assert call.person is not None
    seen, _ = await house.accesses.to_party(
        call.person, Call(caller=call.caller, method="AuditService.ListAccessesToSubject")
    )
    assert {one.entry_id for one in seen if one.source == "catalog"} == {shown.entry_id, past.entry_id}
    assert await house.sources["catalog"].digest_about(PARTY, later.entry_id) is None
    found, _ = await house.accesses.search(
        Search(subject=PARTY, basis=BASIS), Call(caller=call.caller, method="AuditService.SearchAccesses")
    )
    assert later.entry_id in {one.entry_id for one in found}

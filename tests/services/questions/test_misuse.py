"""A report of misuse is followed to its end, by two officials, and no step of it can be changed or left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from foundation.calendar import day_of
from foundation.personal import Personal
from foundation.reasons import NOT_FOUND, OFFICER_ROLE_REQUIRED, ROLE_REQUIRED, STEP_OUT_OF_ORDER
from foundation.refusal import Refused
from foundation.rpc import Call
from services.audit.domain.reasons import SECOND_OFFICIAL_REQUIRED
from tests.services.questions.house import BASIS, PARTY, AuditHouse, auditor, company, party_call, question

FIRST, SECOND = auditor(subject="auditor-1"), auditor(subject="auditor-2")
SAID = "查询时我没有办理任何事项"


async def reported(house: AuditHouse, call: Call | None = None) -> Any:
    looked = await house.look(at=None)
    return (await house.misuse.report(call or party_call(), "catalog", looked.entry_id, Personal(SAID)))[0]


async def refusal(step: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        await step
    return refused.value


async def test_a_report_goes_its_way_to_the_answer(house: AuditHouse) -> None:
    matter_id = (await reported(house)).matter_id
    await house.misuse.step(FIRST, matter_id, "taken_up", Personal("向该单位调取卷宗"))
    await house.misuse.step(SECOND, matter_id, "decided", Personal("无相应事项"), upheld=True)
    ended, steps, receipt = await house.misuse.step(FIRST, matter_id, "answered", Personal("已认定为违规查询"))
    assert (ended.state, ended.due_on, ended.overdue) == ("answered", None, False)
    assert [(step.state, officer.reveal(), said.reveal()) for step, officer, said in steps] == [
        ("reported", "", SAID),
        ("taken_up", "auditor-1", "向该单位调取卷宗"),
        ("decided", "auditor-2", "无相应事项"),
        ("answered", "auditor-1", "已认定为违规查询"),
    ]
    assert [step.upheld for step, _, _ in steps] == [None, None, True, None]
    assert house.last_entry()["entry_id"] == receipt.entry_id
    _, mine, _ = await house.misuse.get(party_call(), matter_id)
    assert [said.reveal() for _, _, said in mine] == [SAID, "", "无相应事项", "已认定为违规查询"]
    assert house.last_entry()["purpose"] == "own"


async def test_each_step_has_a_last_day_in_working_days(house: AuditHouse) -> None:
    matter = await reported(house)
    _, [(step, _, _)], _ = await house.misuse.get(FIRST, matter.matter_id)
    assert step.due_on == house.misuse.calendar.add_working_days(day_of(step.at), 3).on
    taken, _, _ = await house.misuse.step(FIRST, matter.matter_id, "taken_up", Personal("x"))
    assert taken.due_on > step.due_on


async def test_who_took_it_up_or_reported_it_does_not_decide_it(house: AuditHouse) -> None:
    matter_id = (await reported(house)).matter_id
    await house.misuse.step(FIRST, matter_id, "taken_up", Personal("x"))
    refused = await refusal(house.misuse.step(FIRST, matter_id, "decided", Personal("x"), upheld=False))
    assert refused.reason is SECOND_OFFICIAL_REQUIRED
    by_auditor = (await reported(house, SECOND)).matter_id
    await house.misuse.step(FIRST, by_auditor, "taken_up", Personal("x"))
    refused = await refusal(house.misuse.step(SECOND, by_auditor, "decided", Personal("x"), upheld=False))
    assert refused.reason is SECOND_OFFICIAL_REQUIRED


async def test_no_step_is_left_out(house: AuditHouse) -> None:
    matter_id = (await reported(house)).matter_id
    for state in ("decided", "answered"):
        refused = await refusal(house.misuse.step(SECOND, matter_id, state, Personal("x")))
        assert refused.reason is STEP_OUT_OF_ORDER


@pytest.mark.parametrize(
    ("state", "officer", "upheld", "message"),
    [
        ("answered", "auditor-2", None, "no step leads from taken_up to answered"),
        ("decided", "auditor-1", True, "who reported or examined does not decide"),
        ("reported", "auditor-2", None, "no step leads"),
        ("decided", "auditor-2", None, "check"),
    ],
)
async def test_the_database_refuses_it_too(
    house: AuditHouse, state: str, officer: str, upheld: bool | None, message: str
) -> None:
    matter_id: UUID = (await reported(house)).matter_id
    await house.misuse.step(FIRST, matter_id, "taken_up", Personal("x"))
    taken_up = "SELECT officer_tag FROM misuse_step WHERE matter_id = {} AND state = 'taken_up'"
    tags = {"auditor-1": house.sql("audit", taken_up, matter_id)[0][0], "auditor-2": bytes(16)}
    with pytest.raises(psycopg.Error, match=message):
        house.sql(
            "audit",
            "SET ROLE audit_app; INSERT INTO misuse_step"
            " (bucket, matter_id, state, day, officer, officer_tag, due_on, upheld, said)"
            " VALUES ({}, {}, {}, house_today(), 'x', {}, house_today() + 9, {}, 'x')",
            matter_id.bytes[0],
            matter_id,
            state,
            tags[officer],
            upheld,
        )


@pytest.mark.parametrize("table", ["misuse_matter", "misuse_step", "misuse_rule"])
async def test_what_was_done_is_not_changed(house: AuditHouse, table: str) -> None:
    await reported(house)
    for statement in (
        f"DELETE FROM {table}",
        f"UPDATE {table} SET {'bucket = 0' if table != 'misuse_rule' else 'to_state = 1'}",
    ):
        with pytest.raises(psycopg.Error, match="append-only"):
            house.sql("audit", statement)


async def test_the_same_report_opens_one_matter(house: AuditHouse) -> None:
    looked = await house.look(at=None)
    ids = {
        (await house.misuse.report(call, "catalog", looked.entry_id, Personal(SAID)))[0].matter_id
        for call in (party_call(), party_call(), FIRST, FIRST, SECOND)
    }
    assert len(ids) == 3


async def test_a_party_reports_only_what_is_in_its_own_list_and_sees_only_its_own(house: AuditHouse) -> None:

    other = await house.look(at=None, subject=company(77))
    hidden = await house.look(at=None, visible_from=datetime(2999, 1, 1, tzinfo=UTC))
    for source, entry_id in (("catalog", other.entry_id), ("catalog", hidden.entry_id), ("catalog", 10**9), ("x", 1)):
        refused = await refusal(house.misuse.report(party_call(), source, entry_id, Personal(SAID)))
        assert (refused.reason, refused.field) == (NOT_FOUND, "entry_id")
    mine = await reported(house)
    await reported(house, FIRST)
    shown, _, _ = await house.misuse.page(party_call(), open_only=False, after="", most=10)
    assert [one.matter_id for one in shown] == [mine.matter_id]
    stranger = party_call(company(78))
    assert (await house.misuse.page(stranger, open_only=False, after="", most=10))[0] == []
    assert (await refusal(house.misuse.get(stranger, mine.matter_id))).reason is NOT_FOUND
    assert (await refusal(house.misuse.get(FIRST, uuid4()))).reason is NOT_FOUND


async def test_a_party_and_an_auditor_of_another_authority_take_no_step(house: AuditHouse) -> None:

    matter_id = (await reported(house)).matter_id
    assert (
        await refusal(house.misuse.step(party_call(), matter_id, "taken_up", Personal("x")))
    ).reason is ROLE_REQUIRED
    assert FIRST.officer is not None
    borrowed = FIRST._replace(officer=replace(FIRST.officer, authority="another"))
    assert (
        await refusal(house.misuse.step(borrowed, matter_id, "taken_up", Personal("x")))
    ).reason is OFFICER_ROLE_REQUIRED
    assert (await refusal(house.misuse.get(borrowed, matter_id))).reason is OFFICER_ROLE_REQUIRED


async def test_reports_come_in_pages_and_can_be_narrowed_to_open_ones(house: AuditHouse) -> None:
    ids = {(await reported(house)).matter_id for _ in range(3)}
    done = ids.pop()
    await house.misuse.step(FIRST, done, "taken_up", Personal("x"))
    await house.misuse.step(SECOND, done, "decided", Personal("x"), upheld=False)
    await house.misuse.step(FIRST, done, "answered", Personal("x"))
    seen, token = set[UUID](), ""
    for _ in range(2):
        shown, token, _ = await house.misuse.page(FIRST, open_only=True, after=token, most=1)
        seen |= {one.matter_id for one in shown}
    assert (seen, token) == (ids, "")
    assert len((await house.misuse.page(FIRST, open_only=False, after="", most=10))[0]) == 3


async def test_what_is_said_is_stored_sealed(house: AuditHouse) -> None:
    await reported(house)
    ((stored,),) = house.sql("audit", "SELECT string_agg(m::text || s::text, ' ') FROM misuse_matter m, misuse_step s")
    for text in (SAID, PARTY.value.reveal()):
        assert text not in stored
        assert text.encode().hex() not in stored


async def test_an_overdue_report_is_found_with_the_other_overdue_steps(house: AuditHouse) -> None:
    matter_id = (await reported(house)).matter_id
    assert await house.found("overdue_steps") == []
    house.sql(
        "audit",
        "SET session_replication_role = replica; UPDATE misuse_step SET day = day - 60, due_on = house_today() - 2",
    )
    [found] = await house.found("overdue_steps")
    assert (found.detector, found.group.matter, found.group.count) == ("overdue_step", str(matter_id), 2)
    assert "misuse:reported" in found.because_en
    overdue, _, _ = await house.misuse.get(FIRST, matter_id)
    assert overdue.overdue


async def test_every_call_is_an_entry(house: AuditHouse) -> None:
    matter_id = (await reported(house)).matter_id
    assert (house.last_entry()["decision"], house.last_entry()["purpose"]) == ("changed", "own")
    await house.misuse.get(auditor("MisuseService.GetMisuse"), matter_id)
    assert (house.last_entry()["kind"], house.last_entry()["decision"]) == ("MisuseService.GetMisuse", "answered")
    await house.misuse.page(auditor("MisuseService.ListMisuse"), open_only=False, after="", most=9)
    assert house.last_entry()["kind"] == "MisuseService.ListMisuse"
    about, _ = await house.accesses.to_party(
        party_call().person,  # type: ignore[arg-type]
        Call(caller=party_call().caller, method="AuditService.ListAccessesToSubject"),
    )
    assert "MisuseService.GetMisuse" in {one.kind for one in about}
    assert question(basis=BASIS).basis == BASIS

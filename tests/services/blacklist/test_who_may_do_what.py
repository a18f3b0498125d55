"""Who may take a step, with whose words, and why else the office refuses; over the contract."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from datetime import date, timedelta

import grpc
import pytest

from chengxin.blacklist.v1 import blacklist_pb2 as pb
from chengxin.common.v1 import common_pb2
from tests.services.blacklist.house import FINDER, MEASURES, ListHouse, RefusedByOffice
from tests.services.blacklist.processes import OTHER_AUTHORITY


async def refusal(attempt: object) -> str:
    """The stable reason for which a call is refused."""
    with pytest.raises(RefusedByOffice) as refused:
        await attempt  # type: ignore[misc]
    return refused.value.reason


async def test_a_step_needs_an_official_of_the_authority_with_the_right_role(house: ListHouse) -> None:
    party = house.company()
    nobody = replace(house.finder, subject="")
    assert await refusal(nobody.open(party)) == "ASSERTION_REQUIRED"
    assert await refusal(house.decider.open(party)) == "OFFICER_ROLE_REQUIRED"
    stranger = replace(house.finder, authority=OTHER_AUTHORITY)
    assert await refusal(stranger.open(party)) == "OFFICER_ROLE_REQUIRED"
    consumer = replace(house.finder, system="consumer", authority=OTHER_AUTHORITY)
    assert await refusal(consumer.open(party)) == "ROLE_REQUIRED"
    case = await house.notified()
    house.pass_window(case)
    assert await refusal(house.hearer.decide(case)) == "OFFICER_ROLE_REQUIRED"


async def test_who_proposed_does_not_decide_even_with_the_decider_s_role(house: ListHouse) -> None:
    case = await house.notified()
    house.pass_window(case)
    both = replace(house.decider, subject=FINDER, roles=("case_officer", "decider"))
    assert await refusal(both.decide(case)) == "SAME_OFFICIAL"
    assert await refusal(both.decide(case, to_list=False)) == "SAME_OFFICIAL"


async def test_another_authority_s_case_is_answered_as_if_it_did_not_exist(house: ListHouse) -> None:
    case = await house.decided()
    other = replace(house.finder, system="other-lists", authority=OTHER_AUTHORITY)
    unknown = pb.Case(case_id=str(uuid.uuid4()))
    for asked in (case, unknown, pb.Case(case_id="no id")):
        assert await refusal(other.get(asked)) == "NOT_FOUND"
        assert await refusal(other.match(asked)) == "NOT_FOUND"
        assert await refusal(other.document(asked)) == "NOT_FOUND"
    assert await refusal(other.listing(str(uuid.uuid4()))) == "NOT_FOUND"


async def test_a_case_is_opened_once_for_a_key(house: ListHouse) -> None:
    party, key = house.company(), uuid.uuid4().hex
    cases = await asyncio.gather(*(house.finder.open(party, key=key) for _ in range(4)))
    assert len({case.case_id for case in cases}) == 1
    assert await refusal(house.finder.open(house.company(), key=key)) == "IDEMPOTENCY_KEY_REUSED"
    assert await refusal(house.finder.open(party, key=key, cause="另一事由。")) == "IDEMPOTENCY_KEY_REUSED"
    other = replace(house.finder, system="other-lists", authority=OTHER_AUTHORITY)
    assert (await other.open(party, key=key)).case_id != cases[0].case_id, "keys belong to an authority"


async def test_a_case_needs_a_scheme_in_force(house: ListHouse) -> None:
    assert await refusal(house.finder.open(house.company(), scheme="gossip")) == "SCHEME_NOT_IN_FORCE"


async def test_steps_out_of_order_are_refused_and_change_nothing(house: ListHouse) -> None:
    case = await house.finder.open(house.company())
    assert await refusal(house.finder.match(case)) == "EVIDENCE_MISSING"
    for attempt in (
        house.finder.find(case),
        house.hearer.hold_panel(case),
        house.hearer.notify(case),
        house.hearer.state(case),
        house.hearer.answer(case),
        house.decider.decide(case),
        house.decider.decide(case, to_list=False),
        house.hearer.serve(case),
    ):
        assert await refusal(attempt) == "STEP_OUT_OF_ORDER"
    assert len((await house.finder.get(case)).steps) == 1
    assert await refusal(house.finder.document(case)) == "NO_DECISION_YET"


async def test_nothing_is_decided_while_the_window_is_open_or_a_statement_waits(house: ListHouse) -> None:
    case = await house.notified()
    assert await refusal(house.decider.decide(case)) == "WINDOW_OPEN"
    house.pass_days((date.fromisoformat(case.window_ends_before) - house.today()).days - 1)
    assert await refusal(house.decider.decide(case)) == "WINDOW_OPEN", "the last day belongs to the party"
    house.pass_days(1)
    await house.hearer.state(case)
    assert await refusal(house.decider.decide(case)) == "STATEMENT_UNANSWERED"
    await house.hearer.answer(case)
    assert (await house.decider.decide(case)).state == pb.CASE_STATE_DECIDED


async def test_an_upheld_statement_and_a_slight_case_are_not_listed(house: ListHouse) -> None:
    upheld = await house.hearer.answer(await house.hearer.state(await house.notified()), upheld=True)
    slight = await house.notified(slight=True)
    house.pass_window(slight)
    assert await refusal(house.decider.decide(upheld)) == "STATEMENT_UPHELD"
    assert await refusal(house.decider.decide(slight)) == "SLIGHT_NOT_LISTED"
    assert (await house.decider.decide(upheld, to_list=False)).state == pb.CASE_STATE_DROPPED


async def test_findings_are_held_against_the_standard_the_document_and_the_measures_list(house: ListHouse) -> None:
    case = await house.finder.open(house.company())
    await house.finder.upload(case)
    assert await refusal(house.finder.match(case, "W1")) == "CRITERION_UNKNOWN"
    await house.finder.match(case)
    tomorrow = (house.today() + timedelta(days=1)).isoformat()
    for attempt, reason in (
        (house.finder.find(case, measures=("flogging",)), "MEASURE_NOT_IN_FORCE"),
        (house.finder.find(case, measures=("tender_limit",)), "MEASURE_NOT_FOR_AREA"),
        (house.finder.find(case, measures=()), "VALUE_REQUIRED"),
        (house.finder.find(case, effective_on=tomorrow), "BASIS_NOT_EFFECTIVE"),
        (house.finder.find(case, kind=common_pb2.DOCUMENT_KIND_LISTING_DECISION), "BASIS_NOT_ALLOWED"),
        (house.finder.find(case, kind=common_pb2.DOCUMENT_KIND_UNSPECIFIED), "VALUE_REQUIRED"),
        (house.finder.find(case, authority="1"), "IDENTIFIER_LENGTH"),
        (house.finder.find(case, under_age=True), "LENIENCY_CONTRADICTED"),
        (house.finder.find(case, facts="\x07"), "VALUE_INVALID"),
    ):
        assert await refusal(attempt) == reason
    assert await refusal(house.finder.find(case, facts="很" * 8001)) == "VALUE_INVALID"
    await house.finder.find(case)
    assert await refusal(house.hearer.hold_panel(case, "1", "2", "1")) == "PANEL_TOO_SMALL"
    await house.hearer.hold_panel(case)
    assert await refusal(house.hearer.notify(case, "pigeon")) == "VALUE_INVALID"


async def test_a_person_under_fourteen_is_not_listed(house: ListHouse) -> None:
    child = house.person(house.today() - timedelta(days=13 * 365))
    case = await house.notified(child, scheme="wages", under_age=True)
    house.pass_window(case)
    assert await refusal(house.decider.decide(case)) == "UNDER_FOURTEEN"
    assert (await house.decider.decide(case, to_list=False)).state == pb.CASE_STATE_DROPPED


async def test_a_decision_cites_what_was_proposed_and_has_a_number_of_its_own(house: ListHouse) -> None:
    case, other = await house.notified(), await house.notified()
    house.pass_window(other)
    beyond = (*MEASURES, "public_funds_limit")
    assert await refusal(house.decider.decide(case, measures=beyond)) == "MEASURE_NOT_PROPOSED"
    await house.decider.decide(case, measures=MEASURES[:1], number="样例列〔2026〕双号")
    attempt = house.decider.decide(other, number="样例列〔2026〕双号")
    assert await refusal(attempt) == "DECISION_NUMBER_TAKEN"
    assert (await house.hearer.get(other)).state == pb.CASE_STATE_NOTIFIED


async def test_two_deciders_at_once_make_one_decision(house: ListHouse) -> None:
    case = await house.notified()
    house.pass_window(case)
    ends = await asyncio.gather(*(house.decider.decide(case) for _ in range(3)), return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["Case", "RefusedByOffice", "RefusedByOffice"]


async def test_evidence_is_what_it_claims_to_be_and_not_too_large(house: ListHouse) -> None:
    case = await house.finder.open(house.company())
    assert await refusal(house.finder.upload(case, b"MZ\x90", media_type="application/pdf")) == "EVIDENCE_TYPE"
    assert await refusal(house.finder.upload(case, b"")) == "EVIDENCE_OUT_OF_ORDER"
    assert await refusal(house.finder.send([pb.UploadEvidenceRequest(content=b"x")])) == "EVIDENCE_OUT_OF_ORDER"
    large = b"%PDF-" + bytes(20 * 1024 * 1024)
    assert await refusal(house.finder.upload(case, large)) == "EVIDENCE_TOO_LARGE"
    stored = await house.finder.upload(case, large[: 20 * 1024 * 1024])
    assert stored.size == 20 * 1024 * 1024
    notified = await house.notified()
    assert await refusal(house.finder.upload(notified)) == "STEP_OUT_OF_ORDER"
    await house.hearer.state(notified)
    assert (await house.hearer.upload(notified)).sha256


async def test_refusals_tell_nothing_about_the_party(house: ListHouse) -> None:
    party = house.company("不可外泄有限公司")
    case = await house.notified(party)
    with pytest.raises(RefusedByOffice) as refused:
        await house.decider.decide(case)
    assert refused.value.code is grpc.StatusCode.FAILED_PRECONDITION
    assert party.name not in refused.value.text
    assert party.identifier.value not in refused.value.text


async def test_deadlines_stand_in_the_list_next_one_first(house: ListHouse) -> None:
    voice = replace(house.finder, system="other-lists", authority=OTHER_AUTHORITY)
    asked = pb.ListCasesRequest(state=pb.CASE_STATE_INVESTIGATING)
    before = len((await voice.ask("ListCases", asked)).cases)
    late = await voice.open(house.company())
    house.pass_days(91)
    early = await voice.open(house.company())
    answer = await voice.ask("ListCases", asked)
    listed = {case.case_id: case for case in answer.cases}
    assert len(answer.cases) == before + 2
    assert listed[late.case_id].overdue
    assert not listed[early.case_id].overdue
    assert listed[early.case_id].due_on == (house.today() + timedelta(days=90)).isoformat()
    dues = [case.due_on for case in answer.cases]
    assert dues == sorted(dues)
    assert not any(case.HasField("party") for case in answer.cases)
    assert answer.receipt.entry_id
    assert {case.state for case in answer.cases} == {pb.CASE_STATE_INVESTIGATING}
    everything = (await voice.ask("ListCases", pb.ListCasesRequest())).cases
    assert listed.keys() <= {case.case_id for case in everything}


async def test_every_enrolled_system_reads_the_schemes(house: ListHouse) -> None:
    reader = replace(house.repair, system="consumer")
    schemes = (await reader.ask("ListSchemes", pb.ListSchemesRequest(), service="Scheme")).schemes
    assert {"market_regulation", "wages"} <= {scheme.code for scheme in schemes}
    asked = await reader.ask("GetScheme", pb.GetSchemeRequest(code="wages"), service="Scheme")
    assert asked.scheme in list(schemes)
    assert await refusal(reader.ask("GetScheme", pb.GetSchemeRequest(code="x"), service="Scheme")) == (
        "SCHEME_NOT_IN_FORCE"
    )

"""The same rules below the office: the login role writes SQL by hand, and no step can be skipped or hurried."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio

from chengxin.blacklist.v1 import blacklist_pb2 as pb
from services.blacklist.domain.steps import LEGAL, State, Step
from tests.services.blacklist.direct import SOMEBODY, insert, number, official, refused, refused_step
from tests.services.blacklist.house import ListHouse, RefusedByOffice
from tests.services.blacklist.processes import AUTHORITY

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def standing(house: ListHouse) -> dict[State, str]:
    """A case at every state, by its id."""
    dropped = await house.notified()
    house.pass_window(dropped)
    await house.decider.decide(dropped, to_list=False)
    closed = await house.listed()
    await house.hearer.close(listing_id=closed.listing_id)
    listed, decided = await house.listed(), await house.decided()
    await house.offices["catalog"].stop()
    served = await house.hearer.serve(await house.decided())
    opened = [await house.finder.open(house.company()) for _ in range(4)]
    for case in opened[1:]:
        await house.finder.upload(case)
        await house.finder.match(case)
    for case in opened[2:]:
        await house.finder.find(case)
    await house.hearer.hold_panel(opened[3])
    notified = await house.notified()
    pending = await house.hearer.state(await house.notified())
    cases = {
        State.INVESTIGATING: opened[0],
        State.MATCHED: opened[1],
        State.FACTS_FOUND: opened[2],
        State.PANEL_HELD: opened[3],
        State.NOTIFIED: notified,
        State.STATEMENT_PENDING: pending,
        State.DECIDED: decided,
        State.SERVED: served,
        State.LISTED: listed,
        State.DROPPED: dropped,
        State.CLOSED: closed,
    }
    for state, case in cases.items():
        assert (await house.hearer.get(case)).state == pb.CaseState.Value(f"CASE_STATE_{state.name}")
    return {state: case.case_id for state, case in cases.items()}


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def catalog_comes_back(house: ListHouse, standing: dict[State, str]) -> Any:
    yield
    await house.offices["catalog"].start()


def test_the_database_and_the_domain_know_the_same_steps(house: ListHouse) -> None:
    rows = house.sql("SELECT from_state, step, to_state FROM legal_step")
    assert set(rows) == {
        (before.value if before else "", step.value, after.value) for (before, step), after in LEGAL.items()
    }


@pytest.mark.parametrize("state", list(State))
def test_no_step_is_taken_out_of_its_order(house: ListHouse, standing: dict[State, str], state: State) -> None:
    for step in Step:
        if (state, step) not in LEGAL:
            said = refused_step(house, standing[state], step)
            assert said == "the step does not follow on the last one"


@pytest.mark.parametrize(("state", "step"), [key for key in LEGAL if key[0] is not None])
def test_no_step_is_taken_without_its_artefact_its_digest_its_official_or_what_it_needs(
    house: ListHouse, standing: dict[State, str], state: State, step: Step
) -> None:
    case_id = standing[state]
    with_officer = step not in {Step.ACKNOWLEDGE_LISTING, Step.CLOSE_LISTING}
    for missing in ({"artefact": None}, {"artefact_digest": None}, {"officer_tag": None}):
        with pytest.raises(psycopg.Error):
            insert(house, case_id, step, **missing)
    for wrong in (
        {"artefact_digest": bytes(31)},
        {"officer_tag": b""},
        *([{"officer": None, "officer_tag": None}] if with_officer else []),
    ):
        with pytest.raises(psycopg.Error):
            insert(house, case_id, step, **wrong)


def test_there_is_no_standard_without_evidence(house: ListHouse, standing: dict[State, str]) -> None:
    assert refused_step(house, standing[State.INVESTIGATING], Step.MATCH_STANDARD) == "no evidence"


@pytest.mark.parametrize("members", [[1, 2], [1, 2, 2], [1, 2, None], []])
def test_there_is_no_panel_of_fewer_than_three(
    house: ListHouse, standing: dict[State, str], members: list[int | None]
) -> None:
    tags = [b"" if member is None else bytes([member]) * 16 for member in members]
    said = refused_step(house, standing[State.FACTS_FOUND], Step.HOLD_PANEL, member_tags=tags)
    assert said == "a panel has three members"


@pytest.mark.parametrize("decision", [Step.DECIDE_TO_LIST, Step.DECIDE_TO_DROP])
def test_nothing_is_decided_while_the_window_is_open_whatever_times_are_supplied(
    house: ListHouse, standing: dict[State, str], decision: Step
) -> None:
    later = datetime(2040, 1, 1, tzinfo=UTC)
    for supplied in (
        {},
        {"at": later},
        {"at": LONG_AGO},
        {"at": later, "due_on": date(2040, 1, 1), "due_provisional": False},
    ):
        said = refused_step(house, standing[State.NOTIFIED], decision, **supplied)
        assert said == "the window for statement and defence is open"


def test_supplied_times_states_and_windows_count_for_nothing(house: ListHouse, standing: dict[State, str]) -> None:
    lie = {"at": LONG_AGO, "state": "decided", "window_ends_before": date(2020, 1, 2), "window_provisional": True}
    insert(house, standing[State.PANEL_HELD], Step.NOTIFY_PARTY, **lie)
    at, state, ends_before = house.sql(
        "SELECT at, state, window_ends_before FROM case_step WHERE case_id = %s ORDER BY seq DESC LIMIT 1",
        standing[State.PANEL_HELD],
    )[0]
    assert state == "notified"
    assert at - LONG_AGO > timedelta(days=365)
    (due,) = house.sql("SELECT last_day + 1 FROM window_of(house_today())")[0]
    assert ends_before == due
    assert refused_step(house, standing[State.PANEL_HELD], Step.DECIDE_TO_LIST)
    insert(house, standing[State.PANEL_HELD], Step.SUBMIT_STATEMENT, **lie)
    insert(house, standing[State.PANEL_HELD], Step.ANSWER_STATEMENT, **lie)
    (resumed,) = house.sql(
        "SELECT window_ends_before FROM case_step WHERE case_id = %s ORDER BY seq DESC LIMIT 1",
        standing[State.PANEL_HELD],
    )[0]
    assert resumed == ends_before


def test_forged_steps_on_the_search_path_do_not_end_a_window(house: ListHouse, standing: dict[State, str]) -> None:
    """A temporary table of the same name comes first on an unguarded search path."""
    case_id = standing[State.NOTIFIED]
    number(house, case_id, AUTHORITY)
    with psycopg.connect(house.database.dsn("blacklist_app"), options="-c search_path=blacklist") as connection:
        connection.execute("CREATE TEMP TABLE case_step AS SELECT * FROM case_step WHERE case_id = %s", (case_id,))
        connection.execute("UPDATE pg_temp.case_step SET window_ends_before = '2020-01-01' WHERE step = 'notify_party'")
        with pytest.raises(psycopg.Error) as error:
            connection.execute(
                "INSERT INTO blacklist.case_step"
                " (bucket, case_id, seq, step, officer, officer_tag, artefact, artefact_digest)"
                " SELECT bucket, case_id, max(seq) + 1, 'decide_to_drop', 'x', %s, 'x', %s FROM pg_temp.case_step"
                " GROUP BY bucket, case_id",
                (SOMEBODY, bytes(32)),
            )
    assert error.value.diag.message_primary == "the window for statement and defence is open"


async def test_forged_law_on_the_search_path_does_not_shorten_a_window(house: ListHouse) -> None:
    case = await house.finder.open(house.company())
    await house.finder.upload(case)
    await house.finder.match(case)
    await house.finder.find(case)
    await house.hearer.hold_panel(case)
    with psycopg.connect(house.database.dsn("blacklist_app"), options="-c search_path=blacklist") as connection:
        connection.execute(
            "CREATE TEMP TABLE policy_number AS SELECT name, 1 AS value, in_force_from, in_force_until, confirmed"
            " FROM policy_number"
        )
        connection.execute(
            "CREATE TEMP TABLE working_day AS SELECT house_today() - 30 + n AS day, false AS provisional"
            " FROM generate_series(0, 60) n"
        )
        (ends_before,) = connection.execute(
            "INSERT INTO blacklist.case_step"
            " (bucket, case_id, seq, step, officer, officer_tag, artefact, artefact_digest)"
            " SELECT bucket, case_id, max(seq) + 1, 'notify_party', 'x', %s, 'x', %s FROM blacklist.case_step"
            " WHERE case_id = %s GROUP BY bucket, case_id RETURNING window_ends_before",
            (SOMEBODY, bytes(32), case.case_id),
        ).fetchone() or (None,)
    assert ends_before == house.sql("SELECT last_day + 1 FROM window_of(house_today())")[0][0]


@pytest.mark.parametrize("decision", [Step.DECIDE_TO_LIST, Step.DECIDE_TO_DROP])
async def test_one_official_does_not_propose_and_decide(house: ListHouse, decision: Step) -> None:
    case = await house.notified()
    house.pass_window(case)
    number(house, case.case_id, AUTHORITY)
    for proposing in (Step.OPEN, Step.MATCH_STANDARD, Step.FIND_FACTS):
        proposer = official(house, case.case_id, proposing)
        said = refused_step(house, case.case_id, decision, officer_tag=proposer)
        assert said == "who proposed does not decide"
    insert(house, case.case_id, decision)


async def test_an_official_has_one_tag_in_every_case_and_no_text_in_clear(house: ListHouse) -> None:
    one, other = await house.notified(), await house.notified()
    assert official(house, one.case_id, Step.OPEN) == official(house, other.case_id, Step.FIND_FACTS)
    assert official(house, one.case_id, Step.OPEN) != official(house, one.case_id, Step.HOLD_PANEL)
    sealed = "SELECT officer FROM case_step WHERE case_id = ANY (%s::uuid[])"
    texts = [bytes(officer) for (officer,) in house.sql(sealed, [one.case_id, other.case_id])]
    assert len(set(texts)) == len(texts)
    (panel,) = house.sql("SELECT member_tags FROM case_step WHERE member_tags IS NOT NULL LIMIT 1")[0]
    assert {len(tag) for tag in panel} == {16}


async def test_an_authority_gives_a_decision_number_once(house: ListHouse) -> None:
    first, second = [await house.notified() for _ in range(2)]
    for case in (first, second):
        house.pass_window(case)
    await house.decider.decide(first, number="样例列〔2026〕唯一号")
    with pytest.raises(RefusedByOffice) as taken:
        await house.decider.decide(second, number="样例列〔2026〕唯一号")
    assert taken.value.reason == "DECISION_NUMBER_TAKEN"
    again = "INSERT INTO decision_number SELECT bucket, authority, tag, %s FROM decision_number WHERE case_id = %s"
    assert refused(house, again, UUID(second.case_id), first.case_id, state="23505")


async def test_a_decision_is_held_to_the_notice_the_findings_and_its_number(house: ListHouse) -> None:
    case = await house.notified()
    house.pass_window(case)
    assert refused_step(house, case.case_id, Step.DECIDE_TO_LIST) == "the decision has no number"
    number(house, case.case_id, AUTHORITY)
    more = {"measures": ["procurement_bar", "tender_limit"]}
    said = refused_step(house, case.case_id, Step.DECIDE_TO_LIST, **more)
    assert said == "a measure was not proposed to the party"
    assert refused_step(house, case.case_id, Step.DECIDE_TO_LIST, state="23514", measures=[])
    slight = await house.notified(slight=True)
    minor = await house.notified(house.person(house.today() - timedelta(days=16 * 365)), under_age=True)
    upheld = await house.hearer.answer(await house.hearer.state(await house.notified()), upheld=True)
    house.pass_window(upheld)
    for other, said in (
        (slight, "a slight case is not listed"),
        (minor, "a person under age is not published"),
        (upheld, "a statement was upheld"),
    ):
        number(house, other.case_id, AUTHORITY)
        assert refused_step(house, other.case_id, Step.DECIDE_TO_LIST) == said


def test_a_listing_needs_a_decision_and_a_record_a_listing(house: ListHouse, standing: dict[State, str]) -> None:
    for state in set(State) - {State.DECIDED}:
        case_id = UUID(standing[state])
        listing_id = UUID(bytes=case_id.bytes[:1] + bytes(15))
        statement = "INSERT INTO listing (bucket, listing_id, case_id) VALUES (%s, %s, %s)"
        assert refused(house, statement, case_id.bytes[0], listing_id, case_id, state="CX001")
    said = refused_step(house, standing[State.SERVED], Step.ACKNOWLEDGE_LISTING, officer=None, officer_tag=None)
    assert said == "the record belongs to no listing of this case"
    assert refused_step(house, standing[State.DECIDED], Step.SERVE_DECISION) == "the listing has no id"


def test_evidence_is_not_slipped_in_later(house: ListHouse, standing: dict[State, str]) -> None:
    for state in set(State) - {State.INVESTIGATING, State.STATEMENT_PENDING}:
        case_id = UUID(standing[state])
        statement = (
            "INSERT INTO evidence (bucket, case_id, evidence_id, officer, media_type, size, header, content)"
            " VALUES (%s, %s, gen_random_uuid(), 'x', 'text/plain', 1, 'x', 'x')"
        )
        assert refused(house, statement, case_id.bytes[0], case_id, state="CX001") == "evidence is not taken now"


def test_two_at_once_do_not_take_two_steps(house: ListHouse, standing: dict[State, str]) -> None:
    case_id = standing[State.STATEMENT_PENDING]
    taken = house.sql("SELECT max(seq) FROM case_step WHERE case_id = %s", case_id)[0][0]
    assert refused_step(house, case_id, Step.ANSWER_STATEMENT, seq=taken) == "the case has moved on"
    assert refused_step(house, case_id, Step.ANSWER_STATEMENT, seq=taken + 2) == "the case has moved on"


OWN_TABLES = ("case_file", "case_request", "evidence", "decision_number", "listing", "listing_record", "case_step")


@pytest.mark.parametrize("table", OWN_TABLES)
def test_what_was_done_cannot_be_undone(house: ListHouse, standing: dict[State, str], table: str) -> None:
    assert refused(house, f"UPDATE {table} SET bucket = bucket")
    assert refused(house, f"DELETE FROM {table}")
    assert refused(house, f"TRUNCATE {table}")
    for statement in (f"UPDATE {table} SET bucket = bucket", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with pytest.raises(psycopg.Error) as error:
            house.sql(statement, role="admin")
        assert error.value.sqlstate == "CX001"


@pytest.mark.parametrize("table", ["working_day", "policy_number", "legal_step"])
def test_the_law_is_written_by_the_owner_alone(house: ListHouse, table: str) -> None:
    assert refused(house, f"INSERT INTO {table} SELECT * FROM {table}")
    assert refused(house, f"DELETE FROM {table}")
    assert refused(house, f"ALTER TABLE {table} DISABLE TRIGGER ALL")


def test_the_login_role_moves_no_clock_and_owns_nothing(house: ListHouse) -> None:
    assert refused(house, "UPDATE clock_offset SET ahead = ahead + interval '30 days'")
    assert refused(house, "UPDATE clock_floor SET floor = floor + interval '30 days'")
    assert refused(house, "ALTER TABLE case_step DISABLE TRIGGER case_step_guard")
    assert refused(house, "SET session_replication_role = replica")
    assert refused(house, "CREATE OR REPLACE FUNCTION house_now() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'")
    assert refused(house, "SET ROLE blacklist_owner")
    owned = house.sql(
        "SELECT relname FROM pg_class WHERE relowner = 'blacklist_app'::regrole AND relnamespace ="
        " 'blacklist'::regnamespace"
    )
    assert owned == []


@pytest.mark.parametrize("days", [0, 3, 9])
async def test_the_window_of_a_stopped_clock_is_the_same_by_hand(house: ListHouse, days: int) -> None:
    """The office refuses a step whose window the database computes otherwise; here it agrees each time."""
    case = await house.notified()
    house.pass_days(days)
    case = await house.hearer.state(case)
    house.pass_days(days)
    case = await house.hearer.answer(case)
    assert date.fromisoformat(case.window_ends_before) > house.today() or days == 9

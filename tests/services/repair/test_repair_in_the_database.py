"""The rules once more, in the database: tried by SQL as the office's own login role."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from services.repair.domain.application import BY_OFFICER, OPEN, STEPS, TAKES_EVIDENCE, State
from tests.services.repair.parties import AUTHORITY, OTHER_AUTHORITY
from tests.support.databases import SchemaDatabase

DAY = timedelta(days=1)
PATHS: dict[State, tuple[State, ...]] = {
    State.SUBMITTED: (),
    State.ACCEPTED: (State.ACCEPTED,),
    State.EXTENDED: (State.ACCEPTED, State.EXTENDED),
    State.NOT_ACCEPTED: (State.NOT_ACCEPTED,),
    State.GRANTED: (State.ACCEPTED, State.GRANTED),
    State.CARRIED_OUT: (State.ACCEPTED, State.GRANTED, State.CARRIED_OUT),
    State.REFUSED: (State.ACCEPTED, State.REFUSED),
    State.WITHDRAWN: (State.WITHDRAWN,),
}
"""The steps that lead from a submitted application to each state."""

Application = tuple[int, uuid.UUID]


class Attacker:
    """SQL as repair_app, against the rules."""

    def __init__(self, database: SchemaDatabase) -> None:
        self.database = database
        self.today: date = self.sql("SELECT house_today()")[0][0]

    def sql(self, statement: str, *values: object, role: str = "repair_app") -> list[Any]:
        dsn = self.database.admin_dsn if role == "admin" else self.database.dsn(role)
        with psycopg.connect(dsn, options="-c search_path=repair") as connection:
            cursor = connection.execute(statement, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def application(self, record_id: str = "", **changes: object) -> Application:
        drawn = uuid.uuid4()
        row: dict[str, object] = {
            "bucket": drawn.bytes[0],
            "application_id": drawn,
            "request_tag": os.urandom(16),
            "record_id": record_id or str(uuid.uuid4()),
            "determining_authority": AUTHORITY,
            "repairable_from": self.today,
            "commitment": True,
            "wrap": b"w",
            "subject": b"s",
            "correction": b"c",
        } | changes
        self.insert("application", row)
        return drawn.bytes[0], drawn

    def submitted(self, record_id: str = "") -> Application:
        application = self.application(record_id)
        self.step(application, State.SUBMITTED)
        return application

    def brought_to(self, state: State) -> Application:
        application = self.submitted()
        for step in PATHS[state]:
            self.step(application, step)
        return application

    def step(self, application: Application, state: State, **changes: object) -> None:
        officer = state in BY_OFFICER
        decides = state in (State.GRANTED, State.REFUSED)
        days = 4 if state is State.EXTENDED else 3
        self.insert(
            "application_step",
            {
                "bucket": application[0],
                "application_id": application[1],
                "state": state.value,
                "day": self.today,
                "officer": b"n-1" if officer else None,
                "authority": AUTHORITY if officer else "",
                "due_on": self.today + days * DAY if state in TAKES_EVIDENCE else None,
                "due_provisional": False,
                "missing": b"m" if state is State.NOT_ACCEPTED else None,
                "reasons": b"r" if decides or state is State.EXTENDED else None,
                "verification": b"v" if decides else None,
            }
            | changes,
        )

    def evidence(self, application: Application, **changes: object) -> None:
        self.insert(
            "evidence",
            {
                "bucket": application[0],
                "application_id": application[1],
                "evidence_id": uuid.uuid4(),
                "evidence_no": 1,
                "content_tag": os.urandom(16),
                "size": 1,
                "header": b"h",
                "content": b"c",
            }
            | changes,
        )

    def insert(self, table: str, row: dict[str, object]) -> None:
        names, places = ", ".join(row), ", ".join(["%s"] * len(row))
        self.sql(f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())


@pytest.fixture(scope="module")
def attacker(schema_db: Callable[..., SchemaDatabase]) -> Attacker:
    return Attacker(schema_db("repair", sample=True))


def refused_by_rule() -> Any:
    return pytest.raises(psycopg.Error, check=lambda error: error.sqlstate == "CX001")


def test_domain_and_database_hold_the_same_steps(attacker: Attacker) -> None:
    rows = attacker.sql("SELECT from_state, to_state, actor FROM step_rule")
    assert set(rows) == {
        (before.value if before else "", to.value, actor.value) for (before, to), actor in STEPS.items()
    }


@pytest.mark.parametrize("before", State)
def test_the_database_takes_every_legal_step_and_no_other(attacker: Attacker, before: State) -> None:
    for to in State:
        application = attacker.brought_to(before)
        if (before, to) in STEPS:
            attacker.step(application, to)
        else:
            with refused_by_rule():
                attacker.step(application, to)


@pytest.mark.parametrize("state", [state for state in State if state is not State.SUBMITTED])
def test_no_application_begins_anywhere_but_submitted(attacker: Attacker, state: State) -> None:
    with refused_by_rule():
        attacker.step(attacker.application(), state)


def test_the_time_of_a_step_is_the_houses_whatever_is_supplied(attacker: Attacker) -> None:
    application = attacker.application()
    attacker.step(application, State.SUBMITTED, at="2020-01-01T00:00:00Z", step_no=9)
    ((step_no, fresh),) = attacker.sql(
        "SELECT step_no, at BETWEEN house_now() - interval '1 minute' AND house_now() FROM application_step"
        " WHERE application_id = %s",
        application[1],
    )
    assert (step_no, fresh) == (1, True)


def test_a_deadline_cannot_be_counted_from_another_day(attacker: Attacker) -> None:
    for day in (attacker.today - DAY, attacker.today + DAY):
        with pytest.raises(psycopg.errors.SerializationFailure):
            attacker.step(attacker.application(), State.SUBMITTED, day=day, due_on=day + 3 * DAY)


def test_a_step_that_must_have_a_deadline_has_one(attacker: Attacker) -> None:
    for due in (None, attacker.today):
        with pytest.raises(psycopg.errors.CheckViolation):
            attacker.step(attacker.application(), State.SUBMITTED, due_on=due)


@pytest.mark.parametrize("column", ["reasons", "verification"])
@pytest.mark.parametrize("state", [State.GRANTED, State.REFUSED])
def test_a_decision_without_reasons_or_verification_cannot_be_stored(
    attacker: Attacker, state: State, column: str
) -> None:
    application = attacker.brought_to(State.ACCEPTED)
    with pytest.raises(psycopg.errors.CheckViolation):
        attacker.step(application, state, **{column: None})


def test_a_last_day_is_put_off_to_a_later_one_with_reasons(attacker: Attacker) -> None:
    application = attacker.brought_to(State.ACCEPTED)
    with refused_by_rule():
        attacker.step(application, State.EXTENDED, due_on=attacker.today + 3 * DAY)
    with pytest.raises(psycopg.errors.CheckViolation):
        attacker.step(application, State.EXTENDED, reasons=None)
    attacker.step(application, State.EXTENDED)


def test_a_last_day_that_is_over_is_not_put_off(attacker: Attacker) -> None:
    application = attacker.brought_to(State.ACCEPTED)
    over = "UPDATE standing SET due_on = house_today() - 1 WHERE application_id = %s"
    attacker.sql(over, application[1], role="admin")
    with refused_by_rule():
        attacker.step(application, State.EXTENDED)


@pytest.mark.parametrize("state", sorted(BY_OFFICER, key=lambda state: state.value))
def test_an_officers_step_needs_an_officer_of_the_determining_authority(attacker: Attacker, state: State) -> None:
    before = State.ACCEPTED if state in (State.EXTENDED, State.GRANTED, State.REFUSED) else State.SUBMITTED
    for who in (
        {"officer": None},
        {"authority": OTHER_AUTHORITY},
        {"authority": ""},
        {"officer": None, "authority": ""},
    ):
        with refused_by_rule():
            attacker.step(attacker.brought_to(before), state, **who)


def test_a_partys_step_is_taken_by_no_officer(attacker: Attacker) -> None:
    with refused_by_rule():
        attacker.step(attacker.brought_to(State.SUBMITTED), State.WITHDRAWN, officer=b"n-1", authority=AUTHORITY)


def test_nothing_is_handed_in_before_the_minimum_publicity_is_over(attacker: Attacker) -> None:
    with refused_by_rule():
        attacker.application(repairable_from=attacker.today + DAY)


def test_nothing_is_handed_in_without_the_commitment(attacker: Attacker) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        attacker.application(commitment=False)


def test_an_id_leads_to_its_bucket(attacker: Attacker) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        attacker.application(bucket=(attacker.application()[0] + 1) % 256)


def test_missing_items_are_named_once_for_a_record(attacker: Attacker) -> None:
    first = attacker.submitted()
    attacker.step(first, State.NOT_ACCEPTED)
    ((record_id,),) = attacker.sql("SELECT record_id FROM application WHERE application_id = %s", first[1])
    second = uuid.UUID(bytes=bytes([first[0]]) + os.urandom(15))
    attacker.application(record_id, application_id=second, bucket=first[0])
    attacker.step((first[0], second), State.SUBMITTED)
    with refused_by_rule():
        attacker.step((first[0], second), State.NOT_ACCEPTED)
    attacker.step((first[0], second), State.ACCEPTED)


def test_one_application_about_a_record_is_open_at_a_time(attacker: Attacker) -> None:
    first = attacker.submitted()
    ((record_id,),) = attacker.sql("SELECT record_id FROM application WHERE application_id = %s", first[1])
    second = uuid.UUID(bytes=bytes([first[0]]) + os.urandom(15))
    attacker.application(record_id, application_id=second, bucket=first[0])
    with pytest.raises(psycopg.errors.UniqueViolation):
        attacker.step((first[0], second), State.SUBMITTED)


@pytest.mark.parametrize("state", State)
def test_evidence_comes_in_only_before_the_decision(attacker: Attacker, state: State) -> None:
    application = attacker.brought_to(state)
    if state in TAKES_EVIDENCE:
        attacker.evidence(application)
    else:
        with refused_by_rule():
            attacker.evidence(application)


@pytest.mark.parametrize(
    "changes", [{"evidence_no": 0}, {"evidence_no": 21}, {"size": 0}, {"size": 20 * 1024 * 1024 + 1}]
)
def test_evidence_is_bounded(attacker: Attacker, changes: dict[str, object]) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        attacker.evidence(attacker.brought_to(State.SUBMITTED), **changes)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE application SET record_id = 'x'",
        "DELETE FROM application",
        "TRUNCATE application CASCADE",
        "UPDATE application_step SET at = now()",
        "DELETE FROM application_step",
        "UPDATE evidence SET size = 2",
        "DELETE FROM evidence",
        "UPDATE evidence SET content = 'x'",
        "UPDATE standing SET state = 'granted'",
        "INSERT INTO standing SELECT * FROM standing",
        "DELETE FROM standing",
        "INSERT INTO step_rule VALUES ('submitted', 'granted', 'officer')",
        "DELETE FROM step_rule",
        "UPDATE journal SET kind = ''",
        "ALTER TABLE application_step DISABLE TRIGGER ALL",
        "SELECT * FROM standing FOR UPDATE",
    ],
)
def test_the_office_has_no_right_to_change_history(attacker: Attacker, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        attacker.sql(statement)


@pytest.mark.parametrize("table", ["application", "application_step", "evidence"])
def test_not_even_the_owner_changes_history_by_mistake(attacker: Attacker, table: str) -> None:
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET bucket = 0", f"TRUNCATE {table} CASCADE"):
        with refused_by_rule():
            attacker.sql(statement, role="admin")


def test_open_states_are_the_same_in_domain_and_index(attacker: Attacker) -> None:
    ((definition,),) = attacker.sql("SELECT indexdef FROM pg_indexes WHERE indexname = 'standing_one_open'")
    assert {state for state in State if f"'{state.value}'" in definition} == OPEN

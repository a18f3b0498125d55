"""The owner's tables of days and numbers: loaded from `law/`, the same as the domain's, never rewritten backwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from foundation.calendar import Deadline, WorkingCalendar, calendar_of, load_calendar
from foundation.policy import Policy, PolicyNumber, load_policy
from foundation.refusal import Refused
from foundation.settings import LAW
from services.blacklist.domain.deadlines import Terms
from services.blacklist.law import LawRewritesPast, Loaded, load_law
from tests.support.databases import SchemaDatabase

POLICY, CALENDAR = load_policy(LAW), load_calendar(LAW)
DAY = timedelta(days=1)
NUMBER = POLICY.number("listing.statement_window", on=date(2026, 1, 5))
HEARING = POLICY.number("listing.hearing_request", on=date(2026, 1, 5))


class Law:
    """A freshly migrated database into which a test loads law."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self.today: date = self.ask("SELECT house_today()")[0][0]

    def load(self, *numbers: PolicyNumber, calendar: WorkingCalendar = CALENDAR) -> Loaded:
        """Load, the whole law by default."""
        policy = Policy(numbers) if numbers else POLICY
        return load_law(self._connection, policy=policy, calendar=calendar)

    def ask(self, statement: str, *values: object) -> list[Any]:
        """Ask the database."""
        self._connection.execute("SET search_path = blacklist")
        return self._connection.execute(statement, values).fetchall()  # type: ignore[arg-type]

    def versions(self) -> list[Any]:
        """The versions of the window's number."""
        return self.ask(
            "SELECT value, in_force_from, in_force_until FROM policy_number WHERE name = %s ORDER BY 2", NUMBER.name
        )


@pytest.fixture
def law(schema_db: Callable[..., SchemaDatabase]) -> Iterator[Law]:
    database = schema_db("blacklist", sample=True)
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        yield Law(connection)


def overriding(days: Mapping[date, bool]) -> WorkingCalendar:
    """The calendar of the law with other days."""
    return calendar_of(CALENDAR.noticed, {**CALENDAR.overrides, **days})


def test_loading_twice_brings_nothing_new(law: Law) -> None:
    assert law.load().numbers == 2
    assert law.load() == Loaded(working_days=0, numbers=0)


def test_database_and_domain_count_the_same_windows(law: Law) -> None:
    law.load()
    terms = Terms(policy=POLICY, calendar=CALENDAR)
    first = law.today - 60 * DAY
    for served in (first + n * DAY for n in range(0, 700, 3)):
        window = terms.window(served_on=served)
        assert law.ask("SELECT * FROM window_of(%s)", served) == [(window.on, window.provisional)]


def test_database_and_domain_resume_windows_alike(law: Law) -> None:
    law.load()
    terms = Terms(policy=POLICY, calendar=CALENDAR)
    for served in (law.today + n * DAY for n in range(0, 120, 7)):
        window = terms.window(served_on=served)
        for spoke in (served + n * DAY for n in range(0, 12, 2)):
            for answered in (spoke + n * DAY for n in (0, 1, 2, 5, 9)):
                resumed = terms.resumed(window, stopped_on=spoke, answered_on=answered)
                rows = law.ask(
                    "SELECT * FROM window_resumed(%s, %s, %s, %s)", window.on, window.provisional, spoke, answered
                )
                assert rows == [(resumed.on, resumed.provisional)]


def test_a_settled_day_of_the_past_is_not_rewritten(law: Law) -> None:
    law.load()
    past = next(d for d in (law.today - n * DAY for n in range(3, 20)) if CALENDAR.is_working_day(d))
    with pytest.raises(LawRewritesPast):
        law.load(calendar=overriding({past: False}))
    weekend = next(d for d in (law.today - n * DAY for n in range(3, 20)) if not CALENDAR.is_working_day(d))
    with pytest.raises(LawRewritesPast):
        law.load(calendar=overriding({weekend: True}))
    assert law.ask("SELECT count(*) FROM working_day WHERE day = ANY(%s)", [past, weekend]) == [(1,)]


def test_a_day_that_lies_ahead_may_become_another(law: Law) -> None:
    law.load()
    ahead = next(d for d in (law.today + n * DAY for n in range(3, 20)) if CALENDAR.is_working_day(d))
    law.load(calendar=overriding({ahead: False}))
    assert law.ask("SELECT count(*) FROM working_day WHERE day = %s", ahead) == [(0,)]


def test_a_year_that_was_provisional_is_settled_by_its_notice_even_when_that_comes_late(law: Law) -> None:
    unnoticed = calendar_of(CALENDAR.noticed - {law.today.year}, CALENDAR.overrides)
    law.load(calendar=unnoticed)
    past = next(d for d in (law.today - n * DAY for n in range(3, 20)) if CALENDAR.is_working_day(d))
    assert law.ask("SELECT provisional FROM working_day WHERE day = %s", past) == [(True,)]
    law.load()
    assert law.ask("SELECT provisional FROM working_day WHERE day = %s", past) == [(False,)]


def test_a_number_gets_a_new_version_and_keeps_the_old(law: Law) -> None:
    law.load(NUMBER, HEARING)
    change = law.today + 10 * DAY
    ended = replace(NUMBER, in_force_until=change)
    law.load(ended, replace(NUMBER, value=8, in_force_from=change), HEARING)
    assert law.versions() == [(5, NUMBER.in_force_from, change), (8, change, None)]
    later = change + 10 * DAY
    law.load(replace(NUMBER, in_force_until=later), replace(NUMBER, value=9, in_force_from=later), HEARING)
    assert law.versions() == [(5, NUMBER.in_force_from, later), (9, later, None)], "announced anew"


@pytest.mark.parametrize("shape", ["other value", "backdated", "ended in the past"])
def test_a_number_that_came_into_force_is_not_rewritten(law: Law, shape: str) -> None:
    law.load(NUMBER, HEARING)
    past = law.today - 30 * DAY
    newer = replace(NUMBER, value=1, in_force_from=past)
    changed = {
        "other value": [replace(NUMBER, value=1)],
        "backdated": [replace(NUMBER, in_force_until=past), newer],
        "ended in the past": [replace(NUMBER, in_force_until=past), replace(newer, in_force_from=past)],
    }[shape]
    with pytest.raises(LawRewritesPast):
        law.load(*changed, HEARING)
    assert law.versions() == [(5, NUMBER.in_force_from, None)]


def test_the_owner_cannot_rewrite_a_number_by_hand(law: Law) -> None:
    law.load()
    for statement in (
        "UPDATE policy_number SET value = 1",
        "UPDATE policy_number SET in_force_from = in_force_from - 1",
        "DELETE FROM policy_number",
    ):
        with pytest.raises(psycopg.Error) as error:
            law.ask(f"{statement} RETURNING name")
        assert error.value.sqlstate == "CX001"


def test_a_law_without_the_numbers_is_not_loaded(law: Law) -> None:
    with pytest.raises(Refused) as refused:
        law.load(NUMBER)
    assert refused.value.reason.code == "NO_POLICY_IN_FORCE"
    assert law.versions() == []


def test_a_window_beyond_the_loaded_days_is_refused_and_not_guessed(law: Law) -> None:
    law.load()
    for served in (date(2060, 1, 1), date(2001, 1, 1)):
        with pytest.raises(psycopg.Error) as error:
            law.ask("SELECT * FROM window_of(%s)", served)
        assert error.value.sqlstate == "CX001"
    assert law.ask("SELECT * FROM window_of(%s)", law.today)
    assert Deadline(law.today, provisional=False).on == law.today

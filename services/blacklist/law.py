"""Loads working days and policy numbers into the tables by which the database computes a party's window.

Run with the owner's rights at setup and after each change of `law/`. It adds, and never rewrites what a window
may have been computed by: a settled working day that is past, or the value of a number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import psycopg

from foundation.calendar import WorkingCalendar
from foundation.db.database import HOUSE_RULE
from foundation.policy import Policy, PolicyNumber
from foundation.refusal import Refused

WINDOW_NUMBERS = ("listing.statement_window", "listing.hearing_request")
"""The numbers that bound the statement-and-defence window."""

YEARS_AHEAD = 3
_DAY = timedelta(days=1)


class LawRewritesPast(Exception):
    """What is to be loaded contradicts what the house went by in the past. `what` names it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: the law data differs from what the house went by; the past is not rewritten")
        self.what = what


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load brought: rows that were not there before."""

    working_days: int
    numbers: int


def load_law(connection: psycopg.Connection[Any], *, policy: Policy, calendar: WorkingCalendar) -> Loaded:
    """Load in one transaction, as the schema's owner; safe to repeat.

    Raises LawRewritesPast, and Refused(NO_POLICY_IN_FORCE) where a number has no version in force today.
    """
    with connection.transaction():
        connection.execute("SET LOCAL ROLE blacklist_owner; SET LOCAL search_path = blacklist")
        connection.execute("LOCK TABLE working_day, policy_number IN SHARE ROW EXCLUSIVE MODE")
        row = connection.execute("SELECT house_today()").fetchone()
        assert row is not None
        today: date = row[0]
        # What was announced for a day still to come may be announced anew.
        connection.execute("DELETE FROM policy_number WHERE in_force_from > %s", (today,))
        loaded = Loaded(
            working_days=_load_days(connection, calendar, today=today),
            numbers=sum(
                _load_number(connection, number)
                for name in WINDOW_NUMBERS
                for number in _versions(policy, name, today=today)
            ),
        )
        connection.execute("RESET ROLE; RESET search_path")
        return loaded


def _load_days(connection: psycopg.Connection[Any], calendar: WorkingCalendar, *, today: date) -> int:
    """Replace what is not settled yet or lies ahead; what is settled and past must be the same."""
    held = {day: provisional for day, provisional in connection.execute("SELECT day, provisional FROM working_day")}
    first = min(held, default=date(today.year - 1, 1, 1))
    last = date(today.year + YEARS_AHEAD, 12, 31)
    wanted = dict(_working_days(calendar, first, last))
    unsettled = min((day for day, provisional in held.items() if provisional), default=date.max)
    frozen_before = min(unsettled, today + _DAY, max(held) + _DAY) if held else first
    if {d for d in held if d < frozen_before} != {d for d in wanted if d < frozen_before}:
        raise LawRewritesPast("working days")
    connection.execute("DELETE FROM working_day WHERE day >= %s", (frozen_before,))
    with connection.cursor().copy("COPY working_day (day, provisional) FROM STDIN") as copy:
        for day, provisional in wanted.items():
            if day >= frozen_before:
                copy.write_row((day, provisional))
    return len(wanted.keys() - held.keys())


def _working_days(calendar: WorkingCalendar, first: date, last: date) -> Iterable[tuple[date, bool]]:
    day = first
    while day <= last:
        if calendar.is_working_day(day):
            yield day, calendar.add_working_days(day - _DAY, 1).provisional
        day += _DAY


def _versions(policy: Policy, name: str, *, today: date) -> Iterable[PolicyNumber]:
    """The version in force today and those that follow on it."""
    number = policy.number(name, on=today)
    yield number
    while number.in_force_until is not None:
        try:
            number = policy.number(name, on=number.in_force_until)
        except Refused:
            return
        yield number


def _load_number(connection: psycopg.Connection[Any], number: PolicyNumber) -> int:
    """Add a version, or bring its end and confirmation up to date; 1 when it is new. The table guards the past."""
    try:
        row = connection.execute(
            "INSERT INTO policy_number (name, value, in_force_from, in_force_until, confirmed)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (name, in_force_from) DO UPDATE SET value = EXCLUDED.value,"
            " in_force_until = EXCLUDED.in_force_until, confirmed = EXCLUDED.confirmed RETURNING xmax = 0",
            (number.name, number.value, number.in_force_from, number.in_force_until, number.confirmed),
        ).fetchone()
    except psycopg.Error as error:
        raise (LawRewritesPast(number.name) if error.sqlstate == HOUSE_RULE else error) from error
    assert row is not None
    return int(row[0])

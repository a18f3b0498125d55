"""The party's window and the authority's deadlines, on the real working calendar."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.calendar import Deadline, WorkingCalendar
from foundation.policy import Policy, PolicyNumber
from foundation.refusal import Refused
from services.blacklist.domain import reasons
from services.blacklist.domain.deadlines import Terms
from services.blacklist.domain.steps import State
from tests.unit.blacklist.blacklist_cases import (
    ANNA,
    CALENDAR,
    OPENED,
    POLICY,
    TERMS,
    at,
    first_free_day,
    notified,
    opened,
    replied,
    stated,
    taken,
    to_list,
)

DAY = timedelta(days=1)
days = st.dates(date(2026, 1, 1), date(2026, 11, 30))


def test_the_window_is_five_working_days_after_the_day_of_service() -> None:
    # 1 June 2026 is a Monday without holidays in its week.
    assert TERMS.window(served_on=date(2026, 6, 1)) == Deadline(date(2026, 6, 8), provisional=False)


def test_the_national_day_holiday_prolongs_the_window() -> None:
    assert TERMS.window(served_on=date(2026, 9, 30)).on > date(2026, 10, 8)


def test_a_window_in_a_year_without_notice_is_provisional() -> None:
    assert TERMS.window(served_on=date(2026, 12, 29)).provisional


def test_the_window_is_never_shorter_than_the_time_to_ask_for_a_hearing() -> None:
    short = [_number("listing.statement_window", 3), _number("listing.hearing_request", 7)]
    terms = Terms(policy=Policy(short), calendar=CALENDAR)
    assert terms.window(served_on=OPENED) == CALENDAR.add_working_days(OPENED, 7)


@given(served=days)
def test_a_case_is_never_decided_on_a_day_of_its_window(served: date) -> None:
    case = notified(served)
    free = first_free_day(case)
    working = sum(CALENDAR.is_working_day(served + n * DAY) for n in range(1, (free - served).days))
    assert working == 5
    for day in (served, free - DAY):
        with pytest.raises(Refused) as refused:
            to_list(case, day)
        assert refused.value.reason is reasons.WINDOW_OPEN
    assert to_list(case, free).state is State.DECIDED


@given(served=days, spoke_after=st.integers(0, 12), answered_after=st.integers(0, 20), again=st.integers(0, 10))
def test_a_statement_never_costs_the_party_a_working_day_of_its_window(
    served: date, spoke_after: int, answered_after: int, again: int
) -> None:
    case = notified(served)
    window = case.window
    assert window is not None
    spoke, answered = served + spoke_after * DAY, served + (spoke_after + answered_after) * DAY
    case = replied(stated(case, spoke), answered)
    resumed = case.window
    assert resumed is not None
    assert resumed.on >= window.on
    if spoke <= window.on:
        left = sum(CALENDAR.is_working_day(spoke + n * DAY) for n in range(1, (window.on - spoke).days + 1))
        left_again = sum(
            CALENDAR.is_working_day(answered + n * DAY) for n in range(1, (resumed.on - answered).days + 1)
        )
        assert left_again >= left
    else:
        assert resumed == window
    more = replied(stated(case, answered + again * DAY), answered + again * DAY)
    assert more.window == resumed, "a statement answered on its day moves nothing"


def test_the_decision_is_due_ninety_days_after_opening() -> None:
    assert opened().due == Deadline(OPENED + timedelta(days=90), provisional=False)


def test_the_clock_of_the_decision_stands_while_a_statement_waits() -> None:
    case = stated(notified(), OPENED + timedelta(days=4))
    assert case.due == CALENDAR.add_working_days(OPENED + timedelta(days=4), 3), "the answer is due"
    case = replied(case, OPENED + timedelta(days=10))
    assert case.due == Deadline(OPENED + timedelta(days=96), provisional=False)
    case = replied(stated(case, OPENED + timedelta(days=12)), OPENED + timedelta(days=13))
    assert case.due == Deadline(OPENED + timedelta(days=97), provisional=False)


def test_service_is_due_seven_working_days_after_the_decision() -> None:
    case = notified()
    free = first_free_day(case)
    case = taken(case, to_list(case, free), free)
    assert case.due == CALENDAR.add_working_days(free, 7)
    served = taken(case, case.serve_decision(by=ANNA), free)
    assert served.due is None


def test_a_number_not_in_force_stops_the_step() -> None:
    terms = Terms(policy=Policy([_number("listing.decision", 90)]), calendar=CALENDAR)
    with pytest.raises(Refused) as refused:
        notified().submit_statement(by=ANNA, at=at(OPENED), terms=terms)
    assert refused.value.reason.code == "NO_POLICY_IN_FORCE"


def test_a_shorter_number_in_the_law_counts_from_its_day_on_only() -> None:
    old = _number("listing.statement_window", 10, until=date(2026, 7, 1))
    new = _number("listing.statement_window", 6, since=date(2026, 7, 1))
    terms = Terms(policy=Policy([old, new, _number("listing.hearing_request", 5)]), calendar=CALENDAR)
    assert terms.window(served_on=date(2026, 6, 30)) == CALENDAR.add_working_days(date(2026, 6, 30), 10)
    assert terms.window(served_on=date(2026, 7, 1)) == CALENDAR.add_working_days(date(2026, 7, 1), 6)


def _number(name: str, value: int, *, since: date = date(2021, 7, 15), until: date | None = None) -> PolicyNumber:
    return PolicyNumber(
        name=name,
        value=value,
        unit="working_days",
        source="sample",
        article="1",
        confirmed=False,
        in_force_from=since,
        in_force_until=until,
    )


def test_the_calendar_of_these_tests_is_the_one_of_the_law() -> None:
    assert isinstance(CALENDAR, WorkingCalendar)
    assert POLICY.number("listing.statement_window", on=OPENED).value == 5

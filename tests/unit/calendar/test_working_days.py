"""Working days follow the notices of the State Council; deadlines count from the day after the event."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.calendar import Deadline, WorkingCalendar, add_months, calendar_of, day_of, load_calendar, start_of
from foundation.lawfile import LawError

LAW = Path(__file__).parents[3] / "law"
CHINA = load_calendar(LAW)

days = st.dates(date(2021, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 1, 4),  # for 2 January
        date(2026, 2, 14),  # for 20 February
        date(2026, 2, 28),  # for 23 February
        date(2026, 5, 9),
        date(2026, 9, 20),
        date(2026, 10, 10),
        date(2021, 2, 7),
        date(2024, 2, 4),
    ],
)
def test_a_make_up_day_at_the_weekend_is_a_working_day(day: date):
    assert day.weekday() >= 5
    assert CHINA.is_working_day(day)


def test_the_spring_festival_of_2026_runs_from_15_to_23_february():
    off = [day for day in (date(2026, 2, n) for n in range(10, 28)) if not CHINA.is_working_day(day)]
    assert off == [date(2026, 2, n) for n in range(15, 24)]


def test_five_working_days_over_the_spring_festival_of_2026():
    assert CHINA.add_working_days(date(2026, 2, 13), 5) == Deadline(date(2026, 2, 27), provisional=False)


def test_years_with_a_notice_are_settled_and_the_next_ones_provisional():
    assert [year for year in range(2021, 2031) if not CHINA.is_provisional(year)] == list(range(2021, 2027))


def test_a_deadline_in_or_over_a_year_without_notice_is_provisional():
    assert CHINA.add_working_days(date(2026, 12, 20), 3).provisional is False
    assert CHINA.add_working_days(date(2026, 12, 28), 10).provisional is True
    assert CHINA.add_working_days(date(2028, 6, 1), 3).provisional is True


def test_the_last_days_of_a_year_wait_for_the_notice_of_the_next():
    assert CHINA.add_working_days(date(2026, 12, 24), 1).provisional is True
    assert CHINA.add_working_days(date(2025, 12, 24), 1).provisional is False


@settings(max_examples=60)
@given(days, st.integers(1, 40))
def test_a_deadline_is_a_working_day_with_n_working_days_up_to_it(start: date, n: int):
    end = CHINA.add_working_days(start, n).on
    between = (start + timedelta(days=k) for k in range(1, (end - start).days + 1))
    assert CHINA.is_working_day(end)
    assert sum(CHINA.is_working_day(day) for day in between) == n


@settings(max_examples=60)
@given(days, days, st.integers(1, 30), st.integers(0, 10))
def test_a_later_event_or_a_longer_span_never_ends_earlier(one: date, other: date, n: int, more: int):
    first, second = sorted((one, other))
    assert CHINA.add_working_days(first, n).on <= CHINA.add_working_days(second, n).on
    assert CHINA.add_working_days(first, n).on <= CHINA.add_working_days(first, n + more).on
    assert CHINA.add_working_days(first, n).on > first


@settings(max_examples=60)
@given(days, st.integers(1, 30))
def test_a_deadline_is_a_working_day_with_as_many_working_days_after_the_event(start: date, n: int):
    end = CHINA.add_working_days(start, n).on
    after = [start + timedelta(days=one) for one in range(1, (end - start).days + 1)]
    assert CHINA.is_working_day(end)
    assert sum(map(CHINA.is_working_day, after)) == n


@pytest.mark.parametrize("n", [0, -1])
def test_no_span_is_shorter_than_one_working_day(n: int):
    with pytest.raises(ValueError):
        CHINA.add_working_days(date(2026, 3, 2), n)


def test_a_day_beyond_the_calendar_is_an_error_and_no_guess():
    with pytest.raises(ValueError):
        CHINA.is_working_day(date(2061, 1, 3))
    with pytest.raises(ValueError):
        CHINA.is_working_day(date(2000, 12, 29))


def law_with(tmp_path: Path, text: str) -> Path:
    (tmp_path / "holidays").mkdir()
    (tmp_path / "holidays" / "2027.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_notice_in_data_replaces_the_librarys_days_and_settles_the_year(tmp_path: Path):
    law = law_with(
        tmp_path,
        "notices: [{year: 2027, number: sample, confirmed: true,"
        " days_off: [2027-01-01, 2027-02-11], make_up_days: [2026-12-27, 2027-02-13]}]",
    )
    noticed = load_calendar(law)
    assert noticed.is_provisional(2027) is False
    assert noticed.is_working_day(date(2027, 2, 11)) is False
    assert noticed.is_working_day(date(2027, 2, 13)) is True
    assert noticed.is_working_day(date(2026, 12, 27)) is True
    assert noticed.is_working_day(date(2027, 10, 1)) is True
    assert noticed.is_working_day(date(2027, 12, 26)) is False


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("notices: [{year: 2027, number: a, confirmed: true, day_off: []}]", "day_off"),
        ("notices: [{year: 2027, number: a}]", "confirmed"),
        ("notices: [{year: 2027, number: a, confirmed: true, confirmed: false}]", "twice"),
        ("notices: [{year: 2027, number: a, confirmed: true}, {year: 2027, number: b, confirmed: true}]", "second"),
        ("notices: [", "while parsing"),
    ],
)
def test_a_notice_that_is_not_understood_is_refused(tmp_path: Path, text: str, fault: str):
    with pytest.raises(LawError, match=fault):
        load_calendar(law_with(tmp_path, text))


def test_no_notices_at_all_is_an_error(tmp_path: Path):
    with pytest.raises(LawError):
        load_calendar(tmp_path)


def test_a_single_day_can_be_decided_by_data():
    decided: WorkingCalendar = calendar_of([2026], {date(2026, 9, 3): False})
    assert decided.is_working_day(date(2026, 9, 3)) is False
    assert CHINA.is_working_day(date(2026, 9, 3)) is True


@given(st.datetimes(datetime(2021, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))
def test_a_day_begins_at_midnight_in_shanghai(instant: datetime):
    day = day_of(instant)
    assert start_of(day) <= instant < start_of(day + timedelta(days=1))
    assert day == (instant + timedelta(hours=8)).date()


def test_an_instant_without_a_zone_falls_on_no_day():
    with pytest.raises(ValueError):
        day_of(datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 3, 31), 0, date(2026, 3, 31)),
    ],
)
def test_a_day_that_the_month_lacks_becomes_its_last(day: date, months: int, expected: date):
    assert add_months(day, months) == expected


@given(days, days, st.integers(0, 60))
def test_adding_months_keeps_the_order_of_days(one: date, other: date, months: int):
    first, second = sorted((one, other))
    assert add_months(first, months) <= add_months(second, months)

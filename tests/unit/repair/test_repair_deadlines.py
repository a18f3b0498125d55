"""Deadlines of acceptance and decision, in working days."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from foundation.calendar import Deadline, load_calendar
from foundation.policy import Policy, PolicyNumber, load_policy
from foundation.settings import LAW
from services.repair.domain.deadlines import Deadlines

IN_FORCE = Deadlines(load_policy(Path(LAW)), load_calendar(Path(LAW)))


def number(name: str, value: int, unit: str = "working_days") -> PolicyNumber:
    return PolicyNumber(
        name=name,
        value=value,
        unit=unit,  # type: ignore[arg-type]
        source="test",
        article="1",
        confirmed=False,
        in_force_from=date(2025, 1, 1),
    )


EARLIER = Deadlines(Policy([number("repair.acceptance", 3), number("repair.decision", 10)]), load_calendar(Path(LAW)))
"""The same numbers, in force for the Spring Festival of 2026 already."""


@pytest.mark.parametrize(
    ("handed_in_on", "acceptance_due"),
    [
        # The festival lasts from 15 to 23 February 2026; Saturdays 14 and 28 February are worked.
        (date(2026, 2, 12), date(2026, 2, 24)),  # Fri 13, make-up Sat 14, Tue 24
        (date(2026, 2, 14), date(2026, 2, 26)),
        (date(2026, 2, 16), date(2026, 2, 26)),  # handed in on the festival's first holiday
        (date(2026, 2, 26), date(2026, 3, 2)),  # Fri 27, make-up Sat 28, Mon 2 March
    ],
)
def test_acceptance_over_the_spring_festival_counts_make_up_days(handed_in_on: date, acceptance_due: date) -> None:
    assert EARLIER.acceptance(handed_in_on) == Deadline(acceptance_due, provisional=False)


def test_a_decision_over_the_spring_festival() -> None:
    # 13, 14 (make-up), 24, 25, 26, 27, 28 February (make-up), 2, 3, 4 March
    assert EARLIER.decision(date(2026, 2, 12)) == Deadline(date(2026, 3, 4), provisional=False)


def test_a_decision_over_national_day_by_the_numbers_in_force() -> None:
    # Holidays 1 to 7 October 2026; Sunday 20 September and Saturday 10 October are worked.
    # 29, 30 September, 8, 9, 10 (make-up), 12, 13, 14, 15, 16 October
    assert IN_FORCE.decision(date(2026, 9, 28)) == Deadline(date(2026, 10, 16), provisional=False)


def test_a_deadline_in_a_year_without_a_notice_is_provisional() -> None:
    assert IN_FORCE.decision(date(2026, 12, 28)).provisional
    assert not IN_FORCE.acceptance(date(2026, 6, 1)).provisional


def test_the_numbers_must_be_working_days() -> None:
    other = Deadlines(Policy([number("repair.acceptance", 3, "days")]), load_calendar(Path(LAW)))
    with pytest.raises(ValueError, match="working days"):
        other.acceptance(date(2026, 6, 1))

"""Working days of mainland China, with make-up working days, and deadlines counted in them.

The days come from the `holidays` library; `law/holidays/` says for which years the State Council's notice is
out, and overrides single days. Source: Administrative Penalty Law art. 85.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import holidays

FIRST_YEAR = 2001
"""First year whose make-up working days the library knows."""
LAST_YEAR = 2060

_DAY = timedelta(days=1)
# A notice for the next year may move the last days of this one (as in December 2018).
_TURN_OF_YEAR = (12, 25)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day of a period. `provisional`: a notice of the State Council may still move it."""

    on: date
    provisional: bool


@dataclass(frozen=True, eq=False)
class WorkingCalendar:
    """Which days are working days.

    `noticed`: years whose notice is out; `overrides`: days that data decides (True: working day).
    """

    noticed: frozenset[int]
    overrides: Mapping[date, bool]

    @cached_property
    def _china(self) -> holidays.HolidayBase:
        # All years at once: a notice can make the last days of the year before into working days.
        return holidays.country_holidays("CN", years=range(FIRST_YEAR, LAST_YEAR + 1), expand=False)

    def is_working_day(self, day: date) -> bool:
        """Say whether `day` is a working day. Requires FIRST_YEAR <= year <= LAST_YEAR."""
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValueError(f"the calendar knows {FIRST_YEAR} to {LAST_YEAR}")
        decided = self.overrides.get(day)
        return self._china.is_working_day(day) if decided is None else decided

    def is_provisional(self, year: int) -> bool:
        """Say whether the year's holidays are computed only, because no notice is known."""
        return year not in self.noticed

    def add_working_days(self, start: date, n: int) -> Deadline:
        """Return the `n`-th working day after `start`, the day of the event, which does not count.

        Requires n >= 1. Source: Administrative Penalty Law arts. 64, 85.
        """
        if n < 1:
            raise ValueError("count one working day at least")
        day, provisional = start, False
        while n:
            day += _DAY
            provisional = provisional or not self._is_settled(day)
            n -= self.is_working_day(day)
        return Deadline(day, provisional)

    def _is_settled(self, day: date) -> bool:
        if self.is_provisional(day.year):
            return False
        return (day.month, day.day) < _TURN_OF_YEAR or not self.is_provisional(day.year + 1)


def calendar_of(noticed: Iterable[int], overrides: Mapping[date, bool]) -> WorkingCalendar:
    """Return the calendar with these noticed years and overriding days (True: working day)."""
    return WorkingCalendar(frozenset(noticed), dict(overrides))

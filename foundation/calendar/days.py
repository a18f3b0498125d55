"""Days and months in Asia/Shanghai. Nothing here reads a clock."""

from __future__ import annotations

import calendar
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""Statutory days are days here."""


def day_of(instant: datetime) -> date:
    """Return the day in Asia/Shanghai on which `instant` falls. Requires an aware datetime."""
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone falls on no day")
    return instant.astimezone(SHANGHAI).date()


@lru_cache(maxsize=4096)
def start_of(day: date) -> datetime:
    """Return the first instant of `day` in Asia/Shanghai, aware."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)


@lru_cache(maxsize=4096)
def add_months(day: date, months: int) -> date:
    """Return the day `months` calendar months later (negative: earlier).

    A day that the target month lacks becomes its last day.
    """
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month0 + 1)[1]
    return date(year, month0 + 1, min(day.day, last))

"""Statutory days: Asia/Shanghai, calendar months, and working days with make-up working days."""

from foundation.calendar.days import SHANGHAI, add_months, day_of, start_of
from foundation.calendar.notices import load_calendar
from foundation.calendar.working_days import Deadline, WorkingCalendar, calendar_of

__all__ = [
    "SHANGHAI",
    "Deadline",
    "WorkingCalendar",
    "add_months",
    "calendar_of",
    "day_of",
    "load_calendar",
    "start_of",
]

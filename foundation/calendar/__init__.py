"""Statutory days: Asia/Shanghai, calendar months, and working days with make-up working days."""

from foundation.calendar.days import SHANGHAI as SHANGHAI
from foundation.calendar.days import add_months as add_months
from foundation.calendar.days import day_of as day_of
from foundation.calendar.days import start_of as start_of
from foundation.calendar.notices import load_calendar as load_calendar
from foundation.calendar.working_days import Deadline as Deadline
from foundation.calendar.working_days import WorkingCalendar as WorkingCalendar
from foundation.calendar.working_days import calendar_of as calendar_of

"""Loads the working calendar from `law/holidays/`: the State Council's notices, one entry a year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from foundation.calendar.working_days import WorkingCalendar, calendar_of
from foundation.lawfile import Entry, LawError, law_files, read_law


@dataclass(frozen=True, kw_only=True)
class Notice(Entry):
    """One year's notice (国务院办公厅关于…年部分节假日安排的通知).

    Where it lists `days_off`, these and the weekends, less `make_up_days`, are the year's only days off;
    otherwise the library's days stand.
    """

    year: int
    number: str
    confirmed: bool
    days_off: tuple[date, ...] = ()
    make_up_days: tuple[date, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _NoticeFile(Entry):
    notices: tuple[Notice, ...]


def load_calendar(law: Path) -> WorkingCalendar:
    """Return the working calendar that `law` (the directory `law/`) gives.

    Raises LawError for a file that is not understood or a year with two notices.
    """
    years: set[int] = set()
    overrides: dict[date, bool] = {}
    make_up_days: set[date] = set()
    for path in law_files(law / "holidays"):
        for notice in read_law(path, _NoticeFile).notices:
            if notice.year in years:
                raise LawError(str(path), f"a second notice for {notice.year}")
            years.add(notice.year)
            make_up_days.update(notice.make_up_days)
            if notice.days_off:
                overrides |= _days_of(notice)
    # Last, because a notice may turn a day of the year before into a working day.
    return calendar_of(years, overrides | dict.fromkeys(make_up_days, True))


def _days_of(notice: Notice) -> dict[date, bool]:
    first = date(notice.year, 1, 1)
    days = (first + timedelta(n) for n in range(366))
    return {day: day.weekday() < 5 and day not in notice.days_off for day in days if day.year == notice.year}

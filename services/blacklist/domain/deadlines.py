"""When the party's window ends and by when the authority must act. Days are days in Asia/Shanghai.

The window is computed a second time by the database, from its own tables; the two must agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from foundation.calendar import Deadline, WorkingCalendar
from foundation.policy import Policy

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The numbers and days that the law gives: effective-dated policy and the working calendar."""

    policy: Policy
    calendar: WorkingCalendar

    def window(self, *, served_on: date) -> Deadline:
        """The last day of the statement-and-defence window that opens with a notice served on `served_on`.

        Never shorter than the time to ask for a hearing. Source: Administrative Penalty Law arts. 44, 45, 64.
        """
        days = max(
            self.policy.number("listing.statement_window", on=served_on).value,
            self.policy.number("listing.hearing_request", on=served_on).value,
        )
        return self.calendar.add_working_days(served_on, days)

    def resumed(self, window: Deadline, *, stopped_on: date, answered_on: date) -> Deadline:
        """The last day of a window whose clock stood from a statement to its answer.

        The working days that were left when the statement came are left again after the answer.
        A window that was over stays over.
        """
        if stopped_on > window.on or answered_on == stopped_on:
            return window
        left = sum(self.calendar.is_working_day(day) for day in _days_after(stopped_on, window.on))
        if not left:
            return Deadline(max(window.on, answered_on), window.provisional)
        again = self.calendar.add_working_days(answered_on, left)
        return again if again.on > window.on else window

    def decision(self, *, opened_on: date, stood: int) -> Deadline:
        """The last day to decide a case; `stood`: days during which a statement waited for its answer.

        Source: Administrative Penalty Law art. 60.
        """
        last = self.policy.number("listing.decision", on=opened_on).after(opened_on)
        return Deadline(last + stood * _DAY, provisional=False)

    def answer(self, *, submitted_on: date) -> Deadline:
        """The last day to answer a statement, as to answer an objection. Source: 54号 clause 8 (规定时限内核实并反馈)."""
        days = self.policy.number("objection.holder_decides", on=submitted_on).value
        return self.calendar.add_working_days(submitted_on, days)

    def service(self, *, decided_on: date) -> Deadline:
        """The last day to serve a decision. Source: Administrative Penalty Law arts. 61, 85."""
        days = self.policy.number("listing.service", on=decided_on).value
        return self.calendar.add_working_days(decided_on, days)


def _days_after(start: date, last: date) -> list[date]:
    return [start + n * _DAY for n in range(1, (last - start).days + 1)]

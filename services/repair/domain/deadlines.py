"""By when the determining authority must act. Source: `law/policy`, repair.acceptance, .decision and .extension."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from foundation.calendar import Deadline, WorkingCalendar
from foundation.policy import Policy


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Statutory deadlines by the policy in force on the day of the event; that day does not count."""

    policy: Policy
    calendar: WorkingCalendar

    def acceptance(self, submitted_on: date) -> Deadline:
        """Last day for accepting an application that was handed in on `submitted_on`."""
        return self._after(submitted_on, "repair.acceptance")

    def decision(self, accepted_on: date) -> Deadline:
        """Last day for deciding an application that was accepted on `accepted_on`."""
        return self._after(accepted_on, "repair.decision")

    def extended(self, due: Deadline, on: date) -> Deadline:
        """Last day instead of `due` for a decision that is put off on `on`."""
        later = self._after(due.on, "repair.extension", by=on)
        return replace(later, provisional=later.provisional or due.provisional)

    def _after(self, day: date, name: str, *, by: date | None = None) -> Deadline:
        number = self.policy.number(name, on=by or day)
        if number.unit != "working_days":
            raise ValueError(f"policy number {name} must be in working days")
        return self.calendar.add_working_days(day, number.value)

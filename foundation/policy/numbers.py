"""The statutory numbers, effective-dated, each with its source; read from `law/policy/`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from foundation.calendar.days import add_months
from foundation.lawfile import Entry, LawError, law_files, read_law
from foundation.policy.in_force import InForce
from foundation.policy.reasons import NO_POLICY_IN_FORCE
from foundation.refusal import Refused

Unit = Literal["working_days", "days", "months", "years"]


@dataclass(frozen=True, kw_only=True)
class _Number(Entry):
    """A number as a file of `law/policy/` has it."""

    name: str
    value: int
    unit: Unit
    article: str
    confirmed: bool
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class _PolicyFile(InForce):
    """One instrument's numbers."""

    source: str
    numbers: tuple[_Number, ...]


@dataclass(frozen=True, kw_only=True)
class PolicyNumber(_Number, InForce):
    """One version of a statutory number, in force in [in_force_from, in_force_until).

    `confirmed` is True when somebody has compared the value with the text of the source.
    """

    source: str

    def after(self, day: date) -> date:
        """Return the day that lies this span after `day`. Working days need the calendar instead."""
        match self.unit:
            case "days":
                return day + timedelta(days=self.value)
            case "months":
                return add_months(day, self.value)
            case "years":
                return add_months(day, 12 * self.value)
            case "working_days":
                raise ValueError(f"{self.name} counts working days; ask the calendar")


class Policy:
    """All numbers. The decisive day of a case selects the version."""

    def __init__(self, numbers: Iterable[PolicyNumber]) -> None:
        """Keep the numbers. Raises ValueError where two versions of one are in force on the same day."""
        self._versions: dict[str, list[PolicyNumber]] = {}
        for number in sorted(numbers, key=lambda n: (n.name, n.in_force_from)):
            versions = self._versions.setdefault(number.name, [])
            if versions and versions[-1].is_in_force(number.in_force_from):
                raise ValueError(f"two versions of {number.name} are in force on {number.in_force_from}")
            versions.append(number)

    def number(self, name: str, *, on: date) -> PolicyNumber:
        """Return the version in force on the decisive day. Raises Refused(NO_POLICY_IN_FORCE)."""
        for version in self._versions.get(name, []):
            if version.is_in_force(on):
                return version
        raise Refused(NO_POLICY_IN_FORCE, detail=f"{name} on {on.isoformat()}")

    def governing(self, name: str, *, on: date) -> PolicyNumber:
        """Return the version in force on `on`, or, for a day before the first, the first one.

        For rules that apply to what was determined before them and still runs (`publicity_period`).
        Raises Refused(NO_POLICY_IN_FORCE).
        """
        versions = self._versions.get(name, [])
        return versions[0] if versions and on < versions[0].in_force_from else self.number(name, on=on)

    def all(self, on: date) -> list[PolicyNumber]:
        """Return the numbers in force on a day, by name."""
        return [v for versions in self._versions.values() for v in versions if v.is_in_force(on)]

    def unconfirmed(self, on: date) -> list[PolicyNumber]:
        """Return those in force on a day that nobody has compared with the text, by name."""
        return [number for number in self.all(on) if not number.confirmed]

    def names(self) -> frozenset[str]:
        """Return the names of all numbers, in force or not."""
        return frozenset(self._versions)


def load_policy(law: Path) -> Policy:
    """Return the numbers of `law/policy/`, one file for each instrument.

    Raises LawError for a file that is not understood, a negative number, a number without source or
    article, or two versions in force on one day.
    """
    numbers: list[PolicyNumber] = []
    for path in law_files(law / "policy"):
        file = read_law(path, _PolicyFile)
        for entry in file.numbers:
            if entry.value < 0 or not entry.article or not file.source:
                raise LawError(str(path), f"{entry.name}: needs a source, an article and no negative value")
            since, until = file.in_force_from, file.in_force_until
            number = PolicyNumber(**vars(entry), source=file.source, in_force_from=since, in_force_until=until)
            numbers.append(number)
    try:
        return Policy(numbers)
    except ValueError as fault:
        raise LawError(str(law / "policy"), str(fault)) from None

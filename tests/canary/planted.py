"""The values that are planted: made anew for each run, marked as samples, and like nothing else in the house."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from foundation.identity import resident_check_digit, uscc_check_character
from standalone.sample import DIVISION, MARK

_RARE = "彧翀赟旻昶喆骉飍龘靐齉麤爨灪籱鱻"


@dataclass(frozen=True)
class Planted:
    """Values by name. Each call of a method makes one and keeps it under that name."""

    seed: int
    values: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_chance", random.Random(self.seed))

    @property
    def chance(self) -> random.Random:
        """Where all randomness of a run comes from."""
        return self._chance  # type: ignore[attr-defined]

    def text(self, name: str) -> str:
        """A text that occurs nowhere else."""
        rare = "".join(self.chance.choices(_RARE, k=6))
        return self._keep(name, f"{MARK}{rare}{self.chance.randrange(10**6):06d}")

    def word(self, name: str) -> str:
        """The same in ASCII, for what must be a code or an id."""
        return self._keep(name, f"canary-{self.chance.getrandbits(64):016x}")

    def enterprise(self, name: str) -> str:
        """A credit code that names nobody."""
        first17 = f"91{DIVISION}{self.chance.randrange(10**9):09d}"
        return self._keep(name, first17 + uscc_check_character(first17))

    def resident(self, name: str) -> str:
        """The ID number of an adult who does not exist."""
        born = date(1950, 1, 1) + timedelta(days=self.chance.randrange(15_000))
        first17 = f"{DIVISION}{born:%Y%m%d}{self.chance.randrange(1000):03d}"
        return self._keep(name, first17 + resident_check_digit(first17))

    def passport(self, name: str) -> str:
        """A passport number of no country."""
        return self._keep(name, f"XQ{self.chance.randrange(10**9):09d}")

    def __getitem__(self, name: str) -> str:
        """A value made before."""
        return self.values[name]

    def _keep(self, name: str, value: str) -> str:
        assert name not in self.values
        self.values[name] = value
        return value


def plant(seed: int) -> Planted:
    """All values of a run. Those whose unkeyed hash gives them away begin with `id` or `name`."""
    planted = Planted(seed)
    for which in ("listed", "repaired", "refused", "asked"):
        planted.enterprise(f"id of the {which} enterprise")
        planted.text(f"name of the {which} enterprise")
    for which in ("recorded", "refused", "asked"):
        planted.resident(f"id of the {which} person")
        planted.text(f"name of the {which} person")
    planted.passport("id: a passport")
    for name in _TEXTS:
        planted.text(name)
    for name in _MISPLACED:
        planted.resident(f"id misplaced as {name}")
    return planted


_TEXTS = (
    "document number",
    "record number",
    "facts of a record",
    "content of a penalty",
    "officer of a question",
    "matter of a question",
    "matter of a withdrawal",
    "officer of a case",
    "decider of a case",
    "officer of a repair",
    "head of a repair",
    "extension of a repair",
    "custodian of a key",
    "justification of a grant",
    "cause of a case",
    "evidence of a case",
    "evidence file name",
    "evidence description",
    "reasoning of a case",
    "facts of a case",
    "leniency of a case",
    "minutes of a panel",
    "member of a panel",
    "proof of service",
    "statement of a party",
    "answer to a statement",
    "reasons of a decision",
    "decision number",
    "correction of a repair",
    "evidence of a repair",
    "evidence file name of a repair",
    "evidence description of a repair",
    "reasons of a repair",
    "verification of a repair",
    "basis of a search",
    "report of a misuse",
    "note on a misuse",
    "reasons on a misuse",
    "answer on a misuse",
    "number of an opening",
    "reason of an opening",
    "text in a wrong place",
)
_MISPLACED = (
    "purpose",
    "item code",
    "record id",
    "query id",
    "cursor",
    "page token",
    "case id",
    "measure",
    "field name",
    "role",
    "path",
    "query string",
    "header",
    "idempotency key",
)

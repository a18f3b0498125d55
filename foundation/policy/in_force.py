"""What all entries of `law/` have in common: nothing unknown in them, and days on which they are in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from pydantic import ConfigDict


class Entry:
    """What a file of `law/` holds: a key that it has no field for is refused."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


@dataclass(frozen=True, kw_only=True)
class InForce(Entry):
    """In force in [in_force_from, in_force_until); open where there is no end."""

    in_force_from: date
    in_force_until: date | None = None

    def is_in_force(self, on: date) -> bool:
        """Say whether this version is in force on a day."""
        return self.in_force_from <= on and (self.in_force_until is None or on < self.in_force_until)

"""What most entries of `law/` have in common: days on which they are in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from foundation.lawfile import Entry


@dataclass(frozen=True, kw_only=True)
class InForce(Entry):
    """In force in [in_force_from, in_force_until); open where there is no end."""

    in_force_from: date
    in_force_until: date | None = None

    def is_in_force(self, on: date) -> bool:
        """Say whether this version is in force on a day."""
        return self.in_force_from <= on and (self.in_force_until is None or on < self.in_force_until)

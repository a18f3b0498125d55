"""How long a finding of dishonesty may be shown, by its severity. Source: 信用修复管理办法 (2026)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from foundation.policy.numbers import Policy, PolicyNumber
from foundation.policy.reasons import PUBLICITY_ENDS_BEFORE_IT_STARTS, SLIGHT_NOT_PUBLISHED
from foundation.refusal import Refused


class Severity(enum.Enum):
    """How grave a finding of dishonesty is. Source: 信用修复管理办法 (2026), classification."""

    SLIGHT = "slight"
    ORDINARY = "ordinary"
    SERIOUS = "serious"

    def at_least(self, other: Severity) -> bool:
        """Say whether this grade is as grave as `other` or graver."""
        order = list(Severity)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicityPeriod:
    """The days on which a finding may be shown, half-open: [starts_on, ends_before)."""

    starts_on: date
    earliest_repair_on: date
    ends_before: date

    def is_open(self, today: date) -> bool:
        """Say whether the finding may be shown on a day."""
        return self.starts_on <= today < self.ends_before


@lru_cache(maxsize=4096)  # a batch's documents are of few days
def publicity_period(
    severity: Severity, determined_on: date, policy: Policy, *, shortened_to: date | None = None
) -> PublicityPeriod:
    """Return the publicity period of a finding determined on `determined_on`.

    `shortened_to` is the day before which the determining authority ends it; a later one than the maximum
    has no effect. Periods run from the day of determination; months are calendar months, and a day that the
    target month lacks becomes its last day. A finding older than the first rule in `policy` follows that
    rule, which governs what is still shown when it comes into force.

    Raises Refused(SLIGHT_NOT_PUBLISHED) where slight findings are not shown at all, and
    Refused(PUBLICITY_ENDS_BEFORE_IT_STARTS).
    """
    minimum = policy.governing(f"publicity.{severity.value}.minimum", on=determined_on)
    maximum = policy.governing(f"publicity.{severity.value}.maximum", on=determined_on)
    if severity is Severity.SLIGHT and maximum.value == 0:
        raise Refused(SLIGHT_NOT_PUBLISHED)
    return _period(determined_on, minimum, maximum, shortened_to)


def listing_period(
    earliest_removal: str, period: str, decided_on: date, policy: Policy, *, shortened_to: date | None = None
) -> PublicityPeriod:
    """Return the period of a listing by the numbers that its scheme names.

    The sector's rule governs its list. Raises Refused like `publicity_period`.
    """
    minimum = policy.governing(earliest_removal, on=decided_on)
    maximum = policy.governing(period, on=decided_on)
    return _period(decided_on, minimum, maximum, shortened_to)


def _period(start: date, minimum: PolicyNumber, maximum: PolicyNumber, shortened_to: date | None) -> PublicityPeriod:
    end = maximum.after(start)
    if shortened_to is not None:
        end = min(end, shortened_to)
    if end <= start:
        raise Refused(PUBLICITY_ENDS_BEFORE_IT_STARTS, field="publicity_until")
    return PublicityPeriod(starts_on=start, earliest_repair_on=min(minimum.after(start), end), ends_before=end)

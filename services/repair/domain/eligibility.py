"""Whether and from when a record can be repaired, answered at once.

Source: 54号 clause 11; 信用修复管理办法 (NDRC Order 36 of 2025, in force 2026-04-01), conditions of repair.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from foundation.policy import Severity
from foundation.refusal import Reason
from services.repair.domain import reasons

REQUIREMENTS = (
    "纠正失信行为、履行全部义务的说明（an account of the correction and of the duties performed）",
    "证明材料：PDF、PNG、JPEG 或纯文本（evidence: PDF, PNG, JPEG or plain text）",
    "信用承诺（the public credit commitment）",
)
"""What every application needs; whether it is true is verified after acceptance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the catalog says of a record that its party asks about.

    `severity` is None where the record is no negative finding; `ends_before` is the day before which it is
    shared, None while that is open; `ended` is True once sharing was ended by decision.
    """

    record_id: str
    version: int
    determining_authority: str
    severity: Severity | None
    determined_on: date
    earliest_repair_on: date | None
    ends_before: date | None
    ended: bool
    unrepairable: bool

    def __post_init__(self) -> None:
        if self.severity in (Severity.ORDINARY, Severity.SERIOUS) and self.earliest_repair_on is None:
            raise ValueError("a finding above slight has a minimum publicity")

    @property
    def repairable_from(self) -> date:
        """First day of repair: a slight finding as soon as the duty is performed, any other after its minimum."""
        if self.severity is Severity.SLIGHT or self.earliest_repair_on is None:
            return self.determined_on
        return self.earliest_repair_on

    def is_over(self, today: date) -> bool:
        """Whether it is shared no more: ended by decision, or its period has run out."""
        return self.ended or (self.ends_before is not None and self.ends_before <= today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """The answer: nothing stands in the way, or these reasons do.

    `earliest_on` is the first day on which the minimum publicity allows an application, None when the record
    can never be repaired or ends by itself before that day.
    """

    obstacles: tuple[Reason, ...]
    earliest_on: date | None

    @property
    def eligible(self) -> bool:
        """True when the party may apply today."""
        return not self.obstacles


def eligibility(finding: Finding, *, today: date, application_open: bool) -> Eligibility:
    """Judge a finding on a day (Asia/Shanghai). All reasons are named together."""
    never = tuple(
        reason
        for stands, reason in (
            (finding.is_over(today), reasons.RECORD_ENDED),
            (finding.severity is None, reasons.NOT_A_NEGATIVE_FINDING),
            (finding.unrepairable, reasons.UNREPAIRABLE_BY_LAW),
        )
        if stands
    )
    if never:
        return Eligibility(obstacles=never, earliest_on=None)
    earliest = finding.repairable_from
    now = tuple(
        reason
        for stands, reason in (
            (today < earliest, reasons.MINIMUM_PUBLICITY_NOT_REACHED),
            (application_open, reasons.APPLICATION_ALREADY_OPEN),
        )
        if stands
    )
    comes = finding.ends_before is None or earliest < finding.ends_before
    return Eligibility(obstacles=now, earliest_on=earliest if comes else None)

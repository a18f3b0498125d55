"""Eligibility: exact dates for each severity, and every reason."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.policy import Severity, load_policy, publicity_period
from foundation.refusal import Reason
from foundation.settings import LAW
from services.repair.domain.eligibility import Eligibility, Finding, eligibility
from services.repair.domain.reasons import (
    APPLICATION_ALREADY_OPEN,
    MINIMUM_PUBLICITY_NOT_REACHED,
    NOT_A_NEGATIVE_FINDING,
    RECORD_ENDED,
    UNREPAIRABLE_BY_LAW,
)

POLICY = load_policy(Path(LAW))
DAY = timedelta(days=1)


def finding(
    severity: Severity | None,
    determined_on: date,
    *,
    shortened_to: date | None = None,
    ended: bool = False,
    unrepairable: bool = False,
) -> Finding:
    """A record as the catalog gives it, its period by the policy in force."""
    period = severity and publicity_period(severity, determined_on, POLICY, shortened_to=shortened_to)
    return Finding(
        record_id="r",
        version=1,
        determining_authority="a",
        severity=severity,
        determined_on=determined_on,
        earliest_repair_on=period.earliest_repair_on if period else None,
        ends_before=period.ends_before if period else None,
        ended=ended,
        unrepairable=unrepairable,
    )


def judged(one: Finding, today: date, *, application_open: bool = False) -> Eligibility:
    return eligibility(one, today=today, application_open=application_open)


@pytest.mark.parametrize(
    ("severity", "determined_on", "earliest_on", "last_day"),
    [
        (Severity.SLIGHT, date(2026, 5, 20), date(2026, 5, 20), date(2026, 8, 19)),
        (Severity.ORDINARY, date(2026, 5, 20), date(2026, 8, 20), date(2027, 5, 19)),
        (Severity.ORDINARY, date(2026, 11, 30), date(2027, 2, 28), date(2027, 11, 29)),
        (Severity.SERIOUS, date(2026, 5, 20), date(2027, 5, 20), date(2029, 5, 19)),
        (Severity.SERIOUS, date(2028, 2, 29), date(2029, 2, 28), date(2031, 2, 27)),
    ],
)
def test_repair_is_open_from_the_minimum_to_the_end_of_publicity(
    severity: Severity, determined_on: date, earliest_on: date, last_day: date
) -> None:
    one = finding(severity, determined_on)
    assert judged(one, earliest_on) == Eligibility(obstacles=(), earliest_on=earliest_on)
    assert judged(one, last_day).eligible
    assert judged(one, last_day + DAY).obstacles == (RECORD_ENDED,)
    if severity is not Severity.SLIGHT:
        early = judged(one, earliest_on - DAY)
        assert early.obstacles == (MINIMUM_PUBLICITY_NOT_REACHED,)
        assert early.earliest_on == earliest_on


def test_a_slight_finding_has_no_minimum_even_where_the_catalog_names_one() -> None:
    one = Finding(
        record_id="r",
        version=1,
        determining_authority="a",
        severity=Severity.SLIGHT,
        determined_on=date(2026, 5, 20),
        earliest_repair_on=date(2026, 8, 20),
        ends_before=date(2026, 8, 20),
        ended=False,
        unrepairable=False,
    )
    assert judged(one, date(2026, 5, 20)).eligible


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (finding(Severity.ORDINARY, date(2026, 5, 20), ended=True), RECORD_ENDED),
        (finding(Severity.SERIOUS, date(2026, 5, 20), unrepairable=True), UNREPAIRABLE_BY_LAW),
        (finding(None, date(2026, 5, 20)), NOT_A_NEGATIVE_FINDING),
    ],
)
def test_what_can_never_be_repaired_has_no_earliest_day(one: Finding, reason: Reason) -> None:
    assert judged(one, date(2026, 9, 1)) == Eligibility(obstacles=(reason,), earliest_on=None)


def test_all_reasons_are_named_together() -> None:
    one = finding(Severity.ORDINARY, date(2026, 5, 20))
    assert judged(one, date(2026, 6, 1), application_open=True).obstacles == (
        MINIMUM_PUBLICITY_NOT_REACHED,
        APPLICATION_ALREADY_OPEN,
    )
    gone = finding(Severity.SERIOUS, date(2026, 5, 20), ended=True, unrepairable=True)
    assert judged(gone, date(2026, 6, 1)).obstacles == (RECORD_ENDED, UNREPAIRABLE_BY_LAW)


def test_an_open_application_stands_in_the_way_of_another() -> None:
    one = finding(Severity.SLIGHT, date(2026, 5, 20))
    assert judged(one, date(2026, 6, 1), application_open=True).obstacles == (APPLICATION_ALREADY_OPEN,)


def test_a_record_that_ends_by_itself_before_its_minimum_has_no_earliest_day() -> None:
    one = finding(Severity.ORDINARY, date(2026, 5, 20), shortened_to=date(2026, 7, 1))
    assert judged(one, date(2026, 6, 1)) == Eligibility(obstacles=(MINIMUM_PUBLICITY_NOT_REACHED,), earliest_on=None)


def test_a_finding_above_slight_without_a_minimum_is_not_believed() -> None:
    with pytest.raises(ValueError, match="minimum publicity"):
        Finding(
            record_id="r",
            version=1,
            determining_authority="a",
            severity=Severity.SERIOUS,
            determined_on=date(2026, 5, 20),
            earliest_repair_on=None,
            ends_before=None,
            ended=False,
            unrepairable=False,
        )


@given(
    severity=st.sampled_from(Severity),
    determined_on=st.dates(date(2026, 4, 1), date(2030, 12, 31)),
    after=st.integers(0, 1200),
)
def test_the_earliest_day_named_is_the_first_eligible_one(severity: Severity, determined_on: date, after: int) -> None:
    one, today = finding(severity, determined_on), determined_on + timedelta(days=after)
    answer = judged(one, today)
    assert one.ends_before is not None
    assert one.earliest_repair_on is not None
    assert answer.eligible == (one.repairable_from <= today < one.ends_before)
    if not answer.eligible and answer.earliest_on is not None:
        assert not judged(one, answer.earliest_on - DAY).eligible
        assert judged(one, answer.earliest_on).eligible

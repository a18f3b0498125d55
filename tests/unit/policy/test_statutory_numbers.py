"""Statutory numbers are data with a source; the decisive day selects the version."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.calendar import add_months
from foundation.lawfile import LawError
from foundation.policy import Policy, PolicyNumber, Severity, listing_period, load_policy, publicity_period, reasons
from foundation.refusal import Refused

LAW = Path(__file__).parents[3] / "law"
POLICY = load_policy(LAW)
TODAY = date(2026, 11, 24)

days = st.dates(date(2021, 1, 1), date(2030, 12, 31))


def number(**changes: object) -> PolicyNumber:
    given_ = {
        "name": "sample.span",
        "value": 3,
        "unit": "months",
        "source": "sample",
        "article": "1",
        "confirmed": True,
        "in_force_from": date(2026, 1, 1),
    }
    return PolicyNumber(**(given_ | changes))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("name", "value", "unit", "confirmed"),
    [
        ("consultation.local_standard", 30, "days", True),
        ("publicity.slight.maximum", 3, "months", True),
        ("publicity.ordinary.minimum", 3, "months", True),
        ("publicity.ordinary.maximum", 1, "years", True),
        ("publicity.serious.minimum", 1, "years", True),
        ("publicity.serious.maximum", 3, "years", True),
        ("repair.acceptance", 3, "working_days", False),
        ("repair.decision", 10, "working_days", False),
        ("listing.market_regulation.period", 3, "years", False),
        ("listing.market_regulation.earliest_removal", 1, "years", False),
        ("listing.hearing_request", 5, "working_days", True),
        ("listing.hearing_invitation", 7, "working_days", True),
        ("listing.statement_window", 5, "working_days", False),
        ("listing.decision", 90, "days", True),
        ("listing.service", 7, "working_days", True),
        ("penalty.none_below_age", 14, "years", True),
        ("objection.holder_decides", 3, "working_days", True),
        ("objection.others_verify", 7, "working_days", True),
        ("document.revocation_report", 3, "working_days", True),
        ("disclosure.upper_bound", 5, "years", True),
        ("intake.check", 5, "working_days", True),
        ("journal.retention", 5, "years", True),
        ("impact_assessment.retention", 3, "years", True),
        ("network_log.retention", 6, "months", True),
        ("grant.maximum", 1, "years", False),
    ],
)
def test_the_numbers_are_those_of_the_table(name: str, value: int, unit: str, confirmed: bool):
    found = POLICY.number(name, on=TODAY)
    assert (found.value, found.unit, found.confirmed) == (value, unit, confirmed)
    assert found.source
    assert found.article


def test_unconfirmed_numbers_are_listed():
    unconfirmed = {n.name for n in POLICY.unconfirmed(TODAY)}
    assert {"repair.acceptance", "listing.statement_window"} <= unconfirmed
    assert "publicity.serious.maximum" not in unconfirmed
    assert len(POLICY.all(TODAY)) > len(unconfirmed)


def test_the_window_to_be_heard_is_not_shorter_than_the_time_to_ask_for_a_hearing():
    window = POLICY.number("listing.statement_window", on=TODAY)
    assert window.value >= POLICY.number("listing.hearing_request", on=TODAY).value


def test_a_number_without_a_version_on_the_day_is_refused():
    with pytest.raises(Refused) as caught:
        POLICY.number("repair.decision", on=date(2026, 3, 31))
    assert caught.value.reason is reasons.NO_POLICY_IN_FORCE
    assert POLICY.number("repair.decision", on=date(2026, 4, 1)).value == 10
    with pytest.raises(Refused):
        POLICY.number("no.such_number", on=TODAY)
    with pytest.raises(Refused):
        POLICY.governing("no.such_number", on=TODAY)


def test_the_decisive_day_selects_the_version():
    policy = Policy([number(in_force_until=date(2026, 7, 1)), number(value=6, in_force_from=date(2026, 7, 1))])
    assert policy.number("sample.span", on=date(2026, 6, 30)).value == 3
    assert policy.number("sample.span", on=date(2026, 7, 1)).value == 6
    assert policy.governing("sample.span", on=date(2020, 1, 1)).value == 3


def test_two_versions_on_one_day_are_refused():
    with pytest.raises(ValueError, match="two versions"):
        Policy([number(), number(value=6, in_force_from=date(2026, 7, 1))])


def test_spans_are_calendar_spans_and_working_days_need_the_calendar():
    assert number().after(date(2026, 11, 30)) == date(2027, 2, 28)
    assert number(unit="years").after(date(2028, 2, 29)) == date(2031, 2, 28)
    assert number(unit="days", value=30).after(date(2026, 1, 1)) == date(2026, 1, 31)
    with pytest.raises(ValueError):
        number(unit="working_days").after(TODAY)


@pytest.mark.parametrize(
    ("severity", "earliest", "end"),
    [
        (Severity.SLIGHT, date(2026, 5, 31), date(2026, 8, 31)),
        (Severity.ORDINARY, date(2026, 8, 31), date(2027, 5, 31)),
        (Severity.SERIOUS, date(2027, 5, 31), date(2029, 5, 31)),
    ],
)
def test_publicity_runs_from_the_day_of_determination(severity: Severity, earliest: date, end: date):
    period = publicity_period(severity, date(2026, 5, 31), POLICY)
    assert (period.starts_on, period.earliest_repair_on, period.ends_before) == (date(2026, 5, 31), earliest, end)
    assert period.is_open(period.starts_on)
    assert not period.is_open(period.ends_before)


def test_an_older_finding_follows_the_rule_that_is_there():
    period = publicity_period(Severity.ORDINARY, date(2025, 12, 1), POLICY)
    assert period.ends_before == date(2026, 12, 1)


def test_where_slight_findings_have_no_period_they_are_refused():
    policy = Policy(
        [number(name="publicity.slight.minimum", value=0), number(name="publicity.slight.maximum", value=0)]
    )
    with pytest.raises(Refused) as caught:
        publicity_period(Severity.SLIGHT, TODAY, policy)
    assert caught.value.reason is reasons.SLIGHT_NOT_PUBLISHED


@settings(max_examples=60)
@given(st.sampled_from(Severity), days, st.one_of(st.none(), days))
def test_the_determining_authority_can_shorten_a_period_and_never_lengthen_it(
    severity: Severity, determined_on: date, shortened_to: date | None
):
    full = publicity_period(severity, determined_on, POLICY)
    if shortened_to is not None and shortened_to <= determined_on:
        with pytest.raises(Refused) as caught:
            publicity_period(severity, determined_on, POLICY, shortened_to=shortened_to)
        assert caught.value.reason is reasons.PUBLICITY_ENDS_BEFORE_IT_STARTS
        return
    period = publicity_period(severity, determined_on, POLICY, shortened_to=shortened_to)
    assert period.starts_on <= period.earliest_repair_on <= period.ends_before <= full.ends_before
    if shortened_to is not None:
        assert period.ends_before <= shortened_to
    assert period.ends_before <= add_months(determined_on, 36)


@pytest.mark.parametrize(("one", "other"), [(a, b) for a in Severity for b in Severity])
def test_grades_are_ordered(one: Severity, other: Severity):
    order = [Severity.SLIGHT, Severity.ORDINARY, Severity.SERIOUS]
    assert one.at_least(other) == (order.index(one) >= order.index(other))


def test_a_listing_follows_the_numbers_of_its_scheme():
    period = listing_period("listing.wages.earliest_removal", "listing.wages.period", date(2026, 6, 1), POLICY)
    assert period.earliest_repair_on == date(2026, 12, 1)
    assert period.ends_before == date(2029, 6, 1)


@pytest.mark.parametrize(
    ("file", "entry", "fault"),
    [
        ({}, {"unit": "weeks"}, "unit"),
        ({}, {"value": -1}, "negative"),
        ({}, {"article": ""}, "article"),
        ({}, {"confirmed": None}, "confirmed"),
        ({}, {"amount": 1}, "amount"),
        ({"source": ""}, {}, "source"),
        ({"in_force_from": None}, {}, "in_force_from"),
    ],
)
def test_a_number_without_source_or_sense_is_refused(
    tmp_path: Path, file: dict[str, object], entry: dict[str, object], fault: str
):
    sample = {"name": "a", "value": 1, "unit": "days", "article": "1", "confirmed": True} | entry
    content = {"source": "sample", "in_force_from": date(2026, 1, 1), "numbers": [sample]} | file
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "sample.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(LawError, match=fault):
        load_policy(tmp_path)

"""How long a record is shared, and whether the public sees it: what follows from the law for a lawful draft."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chengxin.catalog.v1.record_pb2 import RecordDraft
from chengxin.common.v1 import common_pb2 as common
from foundation.calendar import add_months
from foundation.refusal import Refused
from services.catalog.domain import reasons
from services.catalog.domain.admission import Admitted, admit
from services.catalog.rpc.drafts import draft_from
from tests.services.catalog.drafts import (
    LICENCE,
    PROVIDER,
    TODAY,
    WAGES,
    Change,
    about_a_person,
    both,
    lawful,
    resident,
    setting,
)
from tests.support.catalog_house import LAWBOOK, POLICY, uscc


def admitted(message: RecordDraft, *, today: date = TODAY, on_behalf: bool = False) -> Admitted:
    """What follows for a draft that keeps every rule."""
    draft = draft_from(message, today=today)
    return admit(draft, lawbook=LAWBOOK, policy=POLICY, provider=PROVIDER, on_behalf=on_behalf, today=today)


def test_the_authority_of_a_document_is_kept_in_its_canonical_form() -> None:
    for written in (PROVIDER.lower(), f" {PROVIDER} ", "'" + PROVIDER):
        assert admitted(lawful(setting("document.authority", written))).draft.authority == PROVIDER
    other = uscc(5)
    assert admitted(lawful(setting("document.authority", other)), on_behalf=True).draft.authority == other


BY_LAW = setting("person_publicity_basis", "express_law")
EIGHTEEN_YEARS_AGO = date(TODAY.year - 18, TODAY.month, 28 if (TODAY.month, TODAY.day) == (2, 29) else TODAY.day)


def born(day: date) -> Change:
    """Make the party a resident born on a day."""
    return lambda draft: about_a_person(draft, number=resident(7, day))


@pytest.mark.parametrize(
    ("message", "public"),
    [
        (lawful(), True),
        (lawful(setting("severity", common.SEVERITY_SERIOUS)), True),
        (lawful(setting("severity", common.SEVERITY_SLIGHT)), False),
        (lawful(item=LICENCE), True),
        (lawful(about_a_person), False),
        (lawful(about_a_person, item=LICENCE), False),
        (lawful(about_a_person, item=WAGES), False),
        (lawful(both(about_a_person, BY_LAW), item=WAGES), True),
        (lawful(both(born(EIGHTEEN_YEARS_AGO - timedelta(days=1)), BY_LAW), item=WAGES), True),
        (lawful(both(born(EIGHTEEN_YEARS_AGO), BY_LAW), item=WAGES), False),
        (lawful(both(born(TODAY - timedelta(days=16 * 365)), BY_LAW), item=WAGES), False),
        (
            lawful(
                both(
                    lambda draft: about_a_person(draft, number="E12345678", kind=common.IDENTIFIER_KIND_PASSPORT),
                    BY_LAW,
                ),
                item=WAGES,
            ),
            False,
        ),
        (lawful(both(about_a_person, BY_LAW, setting("severity", common.SEVERITY_SLIGHT)), item=WAGES), False),
    ],
    ids=[
        "enterprise",
        "serious",
        "slight",
        "licence",
        "person",
        "licence of a person",
        "person, no basis named",
        "person by express law",
        "since yesterday of age",
        "on the eighteenth birthday",
        "under age",
        "age unknown",
        "slight finding about a person",
    ],
)
def test_what_is_public_of_whom(message: RecordDraft, public: bool) -> None:
    """54号 clauses 4 and 10; 信用修复管理办法 (2026): a slight finding is not published."""
    assert admitted(message).public is public


def on(day: date, change: Change | None = None, *, item: str = "cn.penalty") -> RecordDraft:
    """A lawful draft determined on a day."""
    dates = both(setting("document.determined_on", day.isoformat()), setting("document.effective_on", day.isoformat()))
    return lawful(both(dates, *([change] if change else [])), item=item)


@pytest.mark.parametrize(
    ("severity", "least", "most"),
    [(common.SEVERITY_ORDINARY, 3, 12), (common.SEVERITY_SERIOUS, 12, 36), (common.SEVERITY_SLIGHT, 0, 3)],
)
def test_a_finding_is_shared_as_long_as_its_severity_says(severity: int, least: int, most: int) -> None:
    day = TODAY - timedelta(days=30)
    result = admitted(on(day, setting("severity", severity)))
    assert result.earliest_repair_on == add_months(day, least)
    assert result.ends_before == add_months(day, most)
    assert result.warnings == ()


def test_a_listing_is_shared_as_long_as_its_scheme_says() -> None:
    scheme = LAWBOOK.scheme_of_item(WAGES, on=TODAY)
    assert scheme is not None
    day = TODAY - timedelta(days=30)
    result = admitted(on(day, item=WAGES))
    assert result.earliest_repair_on == POLICY.number(scheme.earliest_removal, on=day).after(day)
    assert result.ends_before == POLICY.number(scheme.period, on=day).after(day)


def test_what_is_no_finding_is_shared_as_long_as_its_item_says() -> None:
    item = LAWBOOK.item(LICENCE, on=TODAY)
    assert item is not None
    result = admitted(on(TODAY, item=LICENCE))
    assert (result.earliest_repair_on, result.ends_before) == (None, add_months(TODAY, item.retention_months))


def test_the_last_day_of_a_period_is_still_shared_and_the_next_is_not() -> None:
    days = (TODAY - timedelta(days=n) for n in range(340, 380))
    over = next(day for day in days if add_months(day, 12) <= TODAY)
    assert admitted(on(over + timedelta(days=1))).ends_before == TODAY + timedelta(days=1)
    with pytest.raises(Refused) as refused:
        admitted(on(over))
    assert refused.value.reason is reasons.RETENTION_PASSED


@pytest.mark.parametrize("item", ["cn.penalty", LICENCE, WAGES])
@given(days=st.integers(min_value=1, max_value=9000))
@settings(max_examples=25, deadline=None)
def test_what_the_authority_states_may_shorten_a_period_and_never_lengthen_it(item: str, days: int) -> None:
    """54号 clause 5."""
    plain = admitted(on(TODAY, item=item))
    stated = TODAY + timedelta(days=days)
    result = admitted(on(TODAY, setting("publicity_until", stated.isoformat()), item=item))
    assert result.ends_before == min(stated, plain.ends_before)
    assert ("PUBLICITY_CAPPED" in result.warnings) is (stated > plain.ends_before)
    if plain.earliest_repair_on is not None:
        assert result.earliest_repair_on == min(plain.earliest_repair_on, result.ends_before)

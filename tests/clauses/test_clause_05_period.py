"""54号 clause 5: content and period are those of the determining department: one period, one truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from foundation.calendar import add_months, day_of
from foundation.policy import Severity
from foundation.policy.reasons import PUBLICITY_ENDS_BEFORE_IT_STARTS
from services.catalog.domain import reasons
from services.catalog.domain.admission import Admitted, Draft, admit
from tests.support.catalog_house import LAWBOOK, POLICY, CatalogHouse

TODAY = day_of(datetime.now(UTC))


def _admitted(catalog: CatalogHouse, draft: Draft) -> Admitted:
    return admit(
        draft, lawbook=LAWBOOK, policy=POLICY, provider=catalog.provider.authority, on_behalf=False, today=TODAY
    )


@pytest.mark.parametrize(
    ("severity", "earliest_repair", "end"),
    [(Severity.SLIGHT, 0, 3), (Severity.ORDINARY, 3, 12), (Severity.SERIOUS, 12, 36)],
)
async def test_the_period_runs_from_the_determination_by_the_findings_severity(
    catalog: CatalogHouse, severity: Severity, earliest_repair: int, end: int
) -> None:
    draft = catalog.draft(severity=severity)
    admitted = _admitted(catalog, draft)
    assert admitted.earliest_repair_on == add_months(draft.determined_on, earliest_repair)
    assert admitted.ends_before == add_months(draft.determined_on, end)


async def test_the_determining_authority_may_shorten_the_period_and_never_lengthen_it(catalog: CatalogHouse) -> None:
    lawful = catalog.draft()
    shorter = replace(lawful, publicity_until=TODAY + timedelta(days=30))
    longer = replace(lawful, publicity_until=TODAY + timedelta(days=3650))
    assert _admitted(catalog, shorter).ends_before == TODAY + timedelta(days=30)
    capped = _admitted(catalog, longer)
    assert capped.ends_before == add_months(lawful.determined_on, 12)
    assert "PUBLICITY_CAPPED" in capped.warnings


async def test_a_period_cannot_end_before_it_starts(catalog: CatalogHouse) -> None:
    lawful = catalog.draft()
    draft = replace(lawful, publicity_until=lawful.determined_on)
    assert (await catalog.refusal_of(draft))[0] is PUBLICITY_ENDS_BEFORE_IT_STARTS


async def test_what_is_over_already_is_not_recorded(catalog: CatalogHouse) -> None:
    long_ago = date(TODAY.year - 3, 1, 5)
    draft = catalog.draft(determined_on=long_ago, effective_on=long_ago)
    assert (await catalog.refusal_of(draft))[0] is reasons.RETENTION_PASSED


async def test_a_negative_finding_is_graded_and_nothing_else_is(catalog: CatalogHouse) -> None:
    assert (await catalog.refusal_of(catalog.draft(severity=None)))[0] is reasons.SEVERITY_REQUIRED
    praise = next(i for i in LAWBOOK.items_in_force(TODAY) if not i.negative and "enterprise" in i.subject_types)
    values = {"date": TODAY.isoformat(), "amount": "1.00"}
    draft = catalog.draft(
        item_code=praise.code,
        document_kind=praise.document_kinds[0],
        fields=tuple((f.name, values.get(f.kind, "样例")) for f in praise.fields if f.required),
    )
    assert (await catalog.refusal_of(draft))[0] is reasons.SEVERITY_NOT_APPLICABLE


async def test_answers_and_the_public_list_show_it_until_the_last_day_and_neither_longer(catalog: CatalogHouse) -> None:
    party = catalog.party()
    until = TODAY + timedelta(days=10)
    await catalog.hand_in(catalog.draft(party, publicity_until=until))

    async def shown() -> tuple[bool, int]:
        listed = await catalog.reading.published(item_code="", before=None, after=None, most=10)
        return (await catalog.check(party)).found, len(listed)

    catalog.advance(days=9)
    assert await shown() == (True, 1)
    catalog.advance(days=1)
    assert await shown() == (False, 0)


async def test_the_public_list_shows_what_the_document_says(catalog: CatalogHouse) -> None:
    draft = catalog.draft(party_name="样例食品有限公司")
    await catalog.hand_in(draft)
    (shown,) = await catalog.reading.published(item_code=catalog.item, before=None, after=None, most=10)
    assert shown.fields["party_name"].reveal() == draft.party_name
    assert shown.fields["party_identifier"].reveal() == draft.party.value.reveal()
    assert shown.fields["document_number"].reveal() == draft.document_number
    assert shown.row["determined_on"] == draft.determined_on
    assert shown.row["determining_authority"] == draft.authority


async def test_a_slight_finding_is_not_published(catalog: CatalogHouse) -> None:
    await catalog.hand_in(catalog.draft(severity=Severity.SLIGHT))
    assert await catalog.reading.published(item_code="", before=None, after=None, most=10) == []

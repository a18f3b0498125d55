"""54号 clause 2: a finding rests only on a legally effective document, and is recorded as it says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from chengxin.catalog.v1 import record_pb2
from chengxin.common.v1 import common_pb2
from foundation.calendar import day_of
from foundation.refusal import Refused
from services.catalog.domain import reasons
from services.catalog.rpc.drafts import draft_from
from tests.support.catalog_house import LAWBOOK, CatalogHouse, catalog_house, uscc
from tests.support.databases import SchemaDatabase

TODAY = day_of(datetime.now(UTC))


def _message() -> record_pb2.RecordDraft:
    return record_pb2.RecordDraft(
        record_number="R-1",
        item_code="cn.penalty",
        party=common_pb2.Party(
            identifier=common_pb2.Identifier(kind=common_pb2.IDENTIFIER_KIND_USCC, value=uscc(1)), name="样例企业"
        ),
        document=common_pb2.Document(
            kind=common_pb2.DOCUMENT_KIND_PENALTY_DECISION,
            number="样例罚〔2026〕1号",
            authority=uscc(2),
            determined_on="2026-01-05",
            effective_on="2026-01-05",
        ),
        severity=common_pb2.SEVERITY_ORDINARY,
    )


@pytest.mark.parametrize("part", ["kind", "number", "authority", "determined_on", "effective_on"])
def test_a_document_without_one_of_its_parts_is_no_document(part: str) -> None:
    assert draft_from(_message(), today=TODAY)
    message = _message()
    message.document.ClearField(part)  # type: ignore[arg-type]
    with pytest.raises(Refused) as refusal:
        draft_from(message, today=TODAY)
    assert (refusal.value.reason, refusal.value.field) == (reasons.DOCUMENT_MISSING, f"document.{part}")


def test_a_document_kind_that_the_contract_does_not_know_is_no_kind() -> None:
    message = _message()
    message.document.kind = 99  # type: ignore[assignment]
    with pytest.raises(Refused) as refusal:
        draft_from(message, today=TODAY)
    assert refusal.value.reason is reasons.DOCUMENT_MISSING


async def test_only_the_kinds_of_document_that_the_item_names_are_a_basis(catalog: CatalogHouse) -> None:
    item = LAWBOOK.item(catalog.item, on=TODAY)
    assert item
    for kind in {"judgment", "arbitral_award", "other_by_law"} - set(item.document_kinds):
        assert await catalog.refusal_of(catalog.draft(document_kind=kind)) == (
            reasons.DOCUMENT_KIND_NOT_ALLOWED,
            "document.kind",
        )


@pytest.mark.parametrize(
    ("determined", "effective", "reason"),
    [(-1, 1, reasons.DOCUMENT_NOT_EFFECTIVE), (1, 1, reasons.DATE_IN_FUTURE), (-1, -2, reasons.DATES_CONTRADICT)],
    ids=["not yet effective", "not yet made", "effective before it was made"],
)
async def test_a_document_counts_from_the_day_on_which_it_takes_effect(
    catalog: CatalogHouse, determined: int, effective: int, reason: object
) -> None:
    draft = catalog.draft(
        determined_on=TODAY + timedelta(days=determined), effective_on=TODAY + timedelta(days=effective)
    )
    assert (await catalog.refusal_of(draft))[0] is reason


async def test_the_documents_authority_is_named_by_its_code(catalog: CatalogHouse) -> None:
    draft = catalog.draft(authority="样例市场监督管理局")
    assert await catalog.refusal_of(draft) == (reasons.AUTHORITY_INVALID, "document.authority")


async def test_a_revoked_document_ends_the_sharing_of_all_that_rests_on_it(catalog: CatalogHouse) -> None:
    number = "样例罚〔2026〕777号"
    resting, standing = [catalog.party() for _ in range(3)], catalog.party()
    await catalog.hand_in(*[catalog.draft(party, document_number=number) for party in resting], catalog.draft(standing))
    ended, _ = await catalog.records.revoke_document(catalog.provider, document_number=number, reason="复议撤销")
    assert len(ended) == 3
    for party in resting:
        assert not (await catalog.check(party)).found
    assert (await catalog.check(standing)).found
    assert catalog.sql("SELECT DISTINCT end_reason FROM catalog.record WHERE ended_at IS NOT NULL") == [
        ("document_revoked",)
    ]


async def test_nobody_revokes_another_authoritys_document(catalog: CatalogHouse) -> None:
    number, party = "样例罚〔2026〕778号", catalog.party()
    await catalog.hand_in(catalog.draft(party, document_number=number))
    other = catalog.enrol(uscc(9000777), "provider")
    assert (await catalog.records.revoke_document(other, document_number=number, reason="x"))[0] == []
    assert (await catalog.check(party)).found


async def test_what_the_document_says_is_recorded_faithfully_and_shared_at_once(catalog: CatalogHouse) -> None:
    draft = catalog.draft(catalog.party(), party_name="样例（长沙）食品有限公司")
    names = [name for name, _ in draft.fields]
    await catalog.grant(catalog.consumer, catalog.purpose, [catalog.item], [*names, "party_name", "document_number"])
    await catalog.hand_in(draft)
    (shown,) = await catalog.report(draft.party)
    assert {name: text.reveal() for name, text in shown.fields.items()} == {
        **dict(draft.fields),
        "party_name": draft.party_name,
        "document_number": draft.document_number,
    }
    assert shown.row["determining_authority"] == draft.authority
    assert date.fromisoformat(shown.row["determined_on"]) == draft.determined_on


async def test_a_house_with_real_data_takes_no_generated_findings(
    schema_db: Callable[..., SchemaDatabase], tmp_path: Path
) -> None:
    async with catalog_house(schema_db, tmp_path, sample=False) as real:
        draft = real.draft(sample=True, record_number=f"S-{uuid4()}")
        assert await real.refusal_of(draft) == (reasons.SAMPLE_IN_REAL_HOUSE, "sample")

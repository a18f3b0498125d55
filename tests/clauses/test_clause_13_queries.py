"""54号 clause 13: who may ask is reviewed; every query is registered, the refused ones too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from chengxin.catalog.v1 import record_pb2, sharing_pb2
from chengxin.common.v1 import common_pb2
from foundation.access import Caller, Officer
from foundation.reasons import NOT_ENROLLED, NOT_FOUND, ROLE_REQUIRED, VALUE_INVALID, VALUE_REQUIRED
from foundation.refusal import Reason, Refused
from foundation.rpc.call import CURRENT, Call
from services.catalog.domain import reasons
from services.catalog.rpc.records import RecordServicer
from services.catalog.rpc.sharing import SharingServicer
from services.catalog.wakeups import Wakeups
from tests.support.catalog_house import LAWBOOK, CatalogHouse, uscc


def _servicer(catalog: CatalogHouse, caller: Caller, method: str) -> SharingServicer:
    CURRENT.set(Call(caller=caller, method=f"SharingService.{method}"))
    return SharingServicer(catalog.sharing, catalog.reading, LAWBOOK, Wakeups(catalog.database.dsn("catalog_answer")))


def _context(catalog: CatalogHouse, **changes: str) -> sharing_pb2.QueryContext:
    named = {"purpose": catalog.purpose, "matter": "样例-13", "officer": "样例", **changes}
    return sharing_pb2.QueryContext(**named)


async def _one(message: Any) -> AsyncIterator[Any]:
    yield message


def _official(authority: str, subject: str, role: str) -> Officer:
    return Officer(subject=subject, authority=authority, roles=frozenset({role}))


async def _refused(catalog: CatalogHouse, **changes: object) -> Reason:
    with pytest.raises(Refused) as refusal:
        await catalog.check(catalog.party(), **changes)
    return refusal.value.reason


async def test_a_query_without_a_known_purpose_a_grant_or_the_role_is_refused_and_registered(
    catalog: CatalogHouse,
) -> None:
    provider = catalog.provider.fingerprint
    ungranted = next(p.code for p in LAWBOOK.purposes if p.code != catalog.purpose)
    assert await _refused(catalog, purpose="curiosity") is reasons.PURPOSE_UNKNOWN
    assert await _refused(catalog, purpose=ungranted) is reasons.NOT_GRANTED
    assert await _refused(catalog, fingerprint=provider) is ROLE_REQUIRED
    rows = catalog.sql(
        "SELECT reason FROM catalog.journal WHERE decision = 'refused' AND kind = 'SharingService.CheckSubject'"
        " ORDER BY entry_id"
    )
    assert [reason for (reason,) in rows] == ["PURPOSE_UNKNOWN", "NOT_GRANTED", "ROLE_REQUIRED"]


async def test_a_certificate_that_is_not_enrolled_is_nobody(catalog: CatalogHouse) -> None:
    assert await _refused(catalog, fingerprint=bytes(32)) is NOT_ENROLLED


async def test_a_revoked_certificate_is_nobody_from_that_commit_on(catalog: CatalogHouse) -> None:
    await catalog.check(catalog.party())
    catalog.sql("UPDATE catalog.enrolment SET revoked_at = now() WHERE fingerprint = %s", catalog.consumer.fingerprint)
    assert await _refused(catalog) is NOT_ENROLLED


@pytest.mark.parametrize("part", ["purpose", "matter", "officer"])
async def test_a_query_names_its_purpose_its_matter_and_who_asks(catalog: CatalogHouse, part: str) -> None:
    servicer = _servicer(catalog, catalog.consumer, "CheckSubject")
    request = sharing_pb2.CheckSubjectRequest(
        context=_context(catalog, **{part: " "}),
        subject=common_pb2.Identifier(kind=common_pb2.IDENTIFIER_KIND_USCC, value=catalog.party().value.reveal()),
    )
    with pytest.raises(Refused) as refusal:
        await servicer.CheckSubject(request, None)
    assert (refusal.value.reason, refusal.value.field) == (VALUE_REQUIRED, f"context.{part}")


async def test_the_entry_says_who_asked_for_what_and_seals_what_it_says_about_persons(catalog: CatalogHouse) -> None:
    checked = await catalog.check(catalog.party(), matter="样例事项-8841", officer="样例经办人")
    ((authority, purpose, granted, as_of, sealed),) = catalog.sql(
        "SELECT j.authority, j.purpose, j.grant_id IS NOT NULL, j.as_of, p.sealed FROM catalog.journal j"
        " JOIN catalog.journal_private p USING (bucket, entry_id) WHERE j.entry_id = %s",
        checked.entry_id,
    )
    assert (authority, purpose, granted) == (catalog.consumer.authority, catalog.purpose, True)
    assert as_of == checked.as_of
    for text in ("样例事项-8841", "样例经办人"):
        assert text.encode() not in bytes(sealed)


async def test_who_applies_for_a_grant_cannot_approve_it(catalog: CatalogHouse) -> None:
    both = _official(catalog.steward.authority, "both", "steward")
    asked = await catalog.access.request(
        catalog.consumer,
        both,
        purpose=catalog.purpose,
        item_codes=[catalog.item],
        field_names=[],
        days=1,
        justification="样例",
    )
    with pytest.raises(Refused) as refusal:
        await catalog.access.approve(catalog.steward, both, asked.row.grant_id)
    assert refusal.value.reason is reasons.SAME_OFFICIAL


async def test_a_grant_is_approved_once_and_revoked_once(catalog: CatalogHouse) -> None:
    (grant,) = await catalog.access.list(catalog.consumer)
    other = _official(catalog.steward.authority, "c", "steward")
    with pytest.raises(Refused) as refusal:
        await catalog.access.approve(catalog.steward, other, grant.row.grant_id)
    assert refusal.value.reason is reasons.GRANT_STATE
    await catalog.access.revoke(catalog.steward, other, grant.row.grant_id, reason="样例")
    with pytest.raises(Refused) as refusal:
        await catalog.access.revoke(catalog.steward, other, grant.row.grant_id, reason="样例")
    assert refusal.value.reason is reasons.GRANT_STATE


async def test_a_grant_ends_by_itself(catalog: CatalogHouse) -> None:
    catalog.advance(days=31)
    assert await _refused(catalog) is reasons.NOT_GRANTED


async def test_a_grant_covers_items_and_fields_of_the_catalog_only(catalog: CatalogHouse) -> None:
    for items, fields, reason in (
        (["cn.no_such_item"], [], reasons.ITEM_UNKNOWN),
        ([catalog.item], ["shoe_size"], reasons.FIELD_UNKNOWN),
    ):
        with pytest.raises(Refused) as refusal:
            await catalog.grant(catalog.consumer, catalog.purpose, items, fields)
        assert refusal.value.reason is reason


async def test_an_authority_sees_and_revokes_its_own_grants_only(catalog: CatalogHouse) -> None:
    (grant,) = await catalog.access.list(catalog.consumer)
    stranger = catalog.enrol(uscc(9000131), "consumer")
    assert await catalog.access.list(stranger) == []
    with pytest.raises(Refused) as refusal:
        await catalog.access.revoke(
            stranger, _official(stranger.authority, "d", "case_officer"), grant.row.grant_id, reason="样例"
        )
    assert refusal.value.reason is NOT_FOUND


async def test_no_answering_role_can_read_without_the_door_that_registers(catalog: CatalogHouse) -> None:
    await catalog.hand_in(catalog.draft())
    for statement in (
        "SELECT * FROM catalog.record",
        "SELECT * FROM catalog.record_text",
        "SELECT catalog.end_now('{}', '{}', 'repaired')",
        "INSERT INTO catalog.journal (kind) VALUES ('SharingService.CheckSubject')",
    ):
        with (
            psycopg.connect(catalog.database.dsn("catalog_answer")) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)


async def test_a_message_holds_at_most_a_thousand_members(catalog: CatalogHouse) -> None:
    asking = _servicer(catalog, catalog.consumer, "CheckSubjects")
    subjects = [common_pb2.Identifier()] * 1001
    question = sharing_pb2.CheckSubjectsRequest(context=_context(catalog), subjects=subjects)
    CURRENT.set(Call(caller=catalog.provider, method="RecordService.SubmitRecords"))
    handing_in = RecordServicer(catalog.records, catalog.sharing, LAWBOOK)
    batch = record_pb2.SubmitRecordsRequest(records=[record_pb2.RecordDraft()] * 1001)
    for answers in (asking.CheckSubjects(_one(question), None), handing_in.SubmitRecords(_one(batch), None)):
        with pytest.raises(Refused) as refusal:
            await anext(answers)
        assert refusal.value.reason is reasons.BATCH_TOO_LARGE


@pytest.mark.parametrize("cursor", ["x", "W10=", "WyIwIiwgMSwgMV0="])
async def test_the_feed_goes_on_from_a_cursor_of_this_house_only(catalog: CatalogHouse, cursor: str) -> None:
    servicer = _servicer(catalog, catalog.consumer, "WatchChanges")
    request = sharing_pb2.WatchChangesRequest(context=_context(catalog), cursor=cursor)
    with pytest.raises(Refused) as refusal:
        await anext(servicer.WatchChanges(request, None))
    assert refusal.value.reason is reasons.CURSOR_INVALID


async def test_a_query_id_is_a_uuid_and_names_the_query_in_the_journal(catalog: CatalogHouse) -> None:
    servicer = _servicer(catalog, catalog.consumer, "CheckSubject")
    subject = common_pb2.Identifier(kind=common_pb2.IDENTIFIER_KIND_USCC, value=catalog.party().value.reveal())
    malformed = sharing_pb2.CheckSubjectRequest(context=_context(catalog, query_id="1"), subject=subject)
    with pytest.raises(Refused) as refusal:
        await servicer.CheckSubject(malformed, None)
    assert refusal.value.reason is VALUE_INVALID
    own = "b8f5a1ce-7a53-4f0e-9b57-3d2a4d1c9d10"
    request = sharing_pb2.CheckSubjectRequest(context=_context(catalog, query_id=own), subject=subject)
    response = await servicer.CheckSubject(request, None)
    assert catalog.sql("SELECT query_id FROM catalog.journal WHERE entry_id = %s", response.receipt.entry_id) == [
        (UUID(own),)
    ]

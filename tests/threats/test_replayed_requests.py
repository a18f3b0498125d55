"""A request sent again changes nothing a second time, and a key or an answer of another's opens nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import grpc.aio
import pytest

from chengxin.catalog.v1 import access_pb2, record_pb2, sharing_pb2, sharing_pb2_grpc
from foundation.refusal import Refused
from tests.services.catalog.drafts import PENALTY, lawful
from tests.services.catalog.office import PURPOSE, SHOWN, YES_NO, CatalogOffice, context, identifier
from tests.services.catalog.requests import changed
from tests.support.catalog_house import CatalogHouse, uscc
from tests.support.identities import RefusedByOffice

SUBSIDY = "subsidy.review"


async def test_a_query_id_sent_again_asks_anew_and_leaves_another_entry(office: CatalogOffice) -> None:
    party, query_id = identifier(uscc(7_300_001)), str(uuid4())
    first = await office.check(party, query_id=query_id)
    (record_id,) = await office.record(lawful(party=party.value))
    again = await office.check(party, query_id=query_id)
    assert (first.found, again.found) == (False, True)
    assert again.receipt.entry_id != first.receipt.entry_id
    assert again.receipt.digest != first.receipt.digest
    written = office.sql("SELECT entry_id, decision FROM journal WHERE query_id = %s ORDER BY 1", query_id)
    assert [row[0] for row in written] == [first.receipt.entry_id, again.receipt.entry_id]
    await _withdrawn(office, record_id)
    assert not (await office.check(party, query_id=query_id)).found


async def test_a_query_id_of_another_authority_shows_nothing_of_its_answer(office: CatalogOffice) -> None:
    party, query_id = identifier(uscc(7_300_002)), str(uuid4())
    await office.record(lawful(party=party.value))
    assert (await office.check(party, query_id=query_id)).found
    with pytest.raises(RefusedByOffice) as refused:
        await office.check(party, by="other-consumer", query_id=query_id)
    assert refused.value.reason == "NOT_GRANTED"


async def _withdrawn(office: CatalogOffice, record_id: str, *, by: str = "provider") -> Any:
    request = record_pb2.WithdrawRecordRequest(
        record_id=record_id, reason=record_pb2.END_REASON_REPAIRED, matter="样例"
    )
    return await office.ask(by, "WithdrawRecord", request)


async def test_a_record_handed_in_again_after_its_withdrawal_stays_withdrawn(office: CatalogOffice) -> None:
    party = identifier(uscc(7_300_003))
    draft = lawful(party=party.value)
    (record_id,) = await office.record(draft)
    assert (await office.check(party)).found
    await _withdrawn(office, record_id)
    for _ in range(2):
        (result,) = await office.submit(draft)
        assert result.record_id in ("", record_id)
        assert not (await office.check(party)).found
    assert office.sql("SELECT count(*), count(share_wrap) FROM record WHERE record_id = %s", record_id) == [(1, 0)]


async def test_a_withdrawal_replayed_ends_nothing_else_and_moves_no_time(office: CatalogOffice) -> None:
    party = identifier(uscc(7_300_004))
    (record_id,) = await office.record(lawful(party=party.value))
    ended = "SELECT ended_at, end_reason FROM record WHERE record_id = %s"
    await _withdrawn(office, record_id)
    first = office.sql(ended, record_id)
    await office.record(lawful(party=party.value))
    await _withdrawn(office, record_id)
    assert office.sql(ended, record_id) == first
    assert (await office.check(party)).found


async def test_a_record_number_of_another_provider_names_nothing(office: CatalogOffice) -> None:
    draft = lawful()
    (record_id,) = await office.record(draft)
    request = record_pb2.WithdrawRecordRequest(
        record_number=draft.record_number, reason=record_pb2.END_REASON_REPAIRED, matter="样例"
    )
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("other-provider", "WithdrawRecord", request)
    assert refused.value.reason == "NOT_FOUND"
    assert office.sql("SELECT ended_at FROM record WHERE record_id = %s", record_id) == [(None,)]


class Grants:
    """Grants of the other consumer."""

    def __init__(self, office: CatalogOffice) -> None:
        self._office = office

    async def give(self, purpose: str = SUBSIDY, **changes: Any) -> str:
        request = access_pb2.RequestGrantRequest(
            **{
                "purpose": purpose,
                "item_codes": [PENALTY],
                "field_names": SHOWN,
                "days": 30,
                "justification": "样例",
                **changes,
            }
        )
        token = self._office.identities.officer("a", "case_officer", by="other-consumer")
        asked = await self._office.ask("other-consumer", "RequestGrant", request, assertion=token)
        await self._office.ask(
            "steward",
            "ApproveGrant",
            access_pb2.ApproveGrantRequest(grant_id=asked.grant.grant_id),
            assertion=self._office.identities.officer("b", "steward", by="steward"),
        )
        return asked.grant.grant_id

    async def revoke(self, grant_id: str) -> None:
        await self._office.ask(
            "steward",
            "RevokeGrant",
            access_pb2.RevokeGrantRequest(grant_id=grant_id, reason="样例"),
            assertion=self._office.identities.officer("c", "steward", by="steward"),
        )


async def test_a_revoked_grant_ends_a_stream_of_questions_under_way(office: CatalogOffice) -> None:
    grants = Grants(office)
    grant_id = await grants.give()
    party = identifier(uscc(7_300_010))
    await office.record(lawful(party=party.value))
    questions: asyncio.Queue[sharing_pb2.CheckSubjectsRequest | None] = asyncio.Queue()

    async def put() -> AsyncIterator[sharing_pb2.CheckSubjectsRequest]:
        while (one := await questions.get()) is not None:
            yield one

    ask = sharing_pb2.CheckSubjectsRequest(context=context(purpose=SUBSIDY), subjects=[party])
    async with office.identities.channel("other-consumer", office.process.address) as channel:
        batches: Any = sharing_pb2_grpc.SharingServiceStub(channel).CheckSubjects(put())
        await questions.put(ask)
        assert (await batches.read()).answers[0].found
        await grants.revoke(grant_id)
        await questions.put(ask)
        (answer,) = (await batches.read()).answers
        assert (answer.found, list(answer.items)) == (False, [])
        assert answer.refusal.reason == "NOT_GRANTED"
        await questions.put(None)
        assert await batches.read() is grpc.aio.EOF


async def test_a_revoked_grant_ends_a_feed_under_way_before_the_next_change(office: CatalogOffice) -> None:
    grants = Grants(office)
    grant_id = await grants.give()
    async with office.identities.channel("other-consumer", office.process.address) as channel:
        feed: Any = sharing_pb2_grpc.SharingServiceStub(channel).WatchChanges(
            sharing_pb2.WatchChangesRequest(context=context(purpose=SUBSIDY))
        )
        (seen,) = await office.record(lawful())
        while seen not in {change.record_id for change in (await feed.read()).changes}:
            pass
        await grants.revoke(grant_id)
        (after,) = await office.record(lawful())
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await _read_without(feed, after)
        assert RefusedByOffice(refused.value).reason == "NOT_GRANTED"
    authority = office.identities.enrolments["other-consumer"].authority
    assert office.sql("SELECT count(*) FROM disclosure WHERE record_id = %s AND authority = %s", after, authority) == [
        (0,)
    ]


async def _read_without(feed: Any, record_id: str) -> None:
    """Read a feed to its end, which never brings the record."""
    while (batch := await feed.read()) is not grpc.aio.EOF:
        assert record_id not in {change.record_id for change in batch.changes}


async def test_neither_fields_beyond_the_grant_nor_items_beyond_it_come_out(office: CatalogOffice) -> None:
    grants = Grants(office)
    grant_id = await grants.give("copy.platform", field_names=["facts"])
    party = identifier(uscc(7_300_011))
    await office.record(lawful(party=party.value))
    request = sharing_pb2.GetCreditReportRequest(context=context(purpose="copy.platform"), subject=party)
    report = await office.ask("other-consumer", "GetCreditReport", request)
    assert {field.name for record in report.records for field in record.fields} == {"facts"}
    assert party.value not in str(report)
    with pytest.raises(RefusedByOffice) as refused:
        await office.check(party, by="other-consumer", purpose=PURPOSE)
    assert refused.value.reason == "NOT_GRANTED"
    await grants.revoke(grant_id)
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("other-consumer", "GetCreditReport", request)
    assert refused.value.reason == "NOT_GRANTED"


async def test_a_purpose_that_needs_yes_or_no_never_gives_a_report(office: CatalogOffice) -> None:
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("consumer", "GetCreditReport", changed("GetCreditReport", context__purpose=YES_NO))
    assert refused.value.reason == "PURPOSE_IS_YES_NO"


async def test_a_grant_that_is_over_answers_nothing(house: CatalogHouse) -> None:
    party = house.party()
    await house.hand_in(house.draft(party))
    assert (await house.check(party)).found
    house.advance(days=30)
    before = house.sql("SELECT coalesce(max(entry_id), 0) FROM catalog.journal")[0][0]
    with pytest.raises(Refused) as refused:
        await house.check(party)
    assert refused.value.reason.code == "NOT_GRANTED"
    assert house.sql("SELECT decision, reason FROM catalog.journal WHERE entry_id > %s", before) == [
        ("refused", "NOT_GRANTED")
    ]

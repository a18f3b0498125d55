"""RecordService over the wire: hand-in, revocation, withdrawal, what a provider reads; and the public list."""

from __future__ import annotations

import grpc.aio
import pytest

from chengxin.catalog.v1 import record_pb2, sharing_pb2
from chengxin.catalog.v1.record_pb2 import RecordDraft
from foundation.identity import IdentifierKind, canonicalise, mask_identifier, mask_name
from tests.services.catalog.drafts import LICENCE, PENALTY, PROVIDER, TODAY, WAGES, about_a_person, ago, field, lawful
from tests.services.catalog.office import CatalogOffice, identifier
from tests.support.catalog_house import uscc
from tests.support.identities import RefusedByOffice


def _twice_named(draft: RecordDraft) -> None:
    field(draft, "religion", "x")


async def test_results_come_one_for_each_record_in_the_order_of_the_stream(office: CatalogOffice) -> None:
    """Message by message, before the caller has sent the next one."""
    channel = office.identities.channel("provider", office.process.address)
    handing_in = channel.stream_stream(
        "/chengxin.catalog.v1.RecordService/SubmitRecords",
        request_serializer=record_pb2.SubmitRecordsRequest.SerializeToString,
        response_deserializer=record_pb2.SubmitRecordsResponse.FromString,
    )(timeout=30)
    for _ in range(3):
        drafts = [lawful(_twice_named if n % 3 == 1 else None) for n in range(7)]
        await handing_in.write(record_pb2.SubmitRecordsRequest(records=drafts))
        response = await handing_in.read()
        assert [one.record_number for one in response.results] == [draft.record_number for draft in drafts]
        assert [one.refusal.reason for one in response.results] == [
            "FIELD_PROHIBITED" if n % 3 == 1 else "" for n in range(7)
        ]
        assert all(bool(one.record_id) != bool(one.refusal.reason) for one in response.results)
        assert response.receipt.source == "catalog"
    await handing_in.done_writing()
    assert await handing_in.read() is grpc.aio.EOF
    await channel.close()


async def test_a_refused_record_is_told_its_field_and_what_to_do_without_its_values(office: CatalogOffice) -> None:
    (result,) = await office.submit(lawful(lambda draft: field(draft, "religion", "样例信仰")))
    refusal = result.refusal
    assert (refusal.reason, refusal.field) == ("FIELD_PROHIBITED", "fields.religion")
    assert refusal.remedy == "Leave it out, and do not keep it."
    assert "样例信仰" not in str(refusal)


async def test_a_batch_handed_in_again_after_a_lost_answer_is_held(office: CatalogOffice) -> None:
    one, two, three = (lawful() for _ in range(3))
    first = await office.submit(one, two, three)
    again = await office.submit(two, lawful(), three, one)
    assert [result.already_held for result in first] == [False] * 3
    assert [result.already_held for result in again] == [True, False, True, True]
    ids = [result.record_id for result in first]
    assert [again[place].record_id for place in (3, 0, 2)] == ids


async def test_a_number_is_not_reused_for_other_content(office: CatalogOffice) -> None:
    draft = lawful()
    await office.record(draft)
    draft.party.name = "样例企业乙"
    (result,) = await office.submit(draft)
    assert (result.refusal.reason, result.refusal.field) == ("NUMBER_USED_FOR_OTHER_CONTENT", "record_number")


async def test_remarks_come_with_what_was_taken(office: CatalogOffice) -> None:
    (result,) = await office.submit(lawful(lambda draft: setattr(draft, "publicity_until", ago(-9000))))
    assert result.record_id
    assert list(result.warnings) == ["PUBLICITY_CAPPED"]


async def test_a_revoked_document_ends_all_that_rests_on_it_for_its_authority_alone(office: CatalogOffice) -> None:
    party = uscc(4_100_001)
    draft = lawful(party=party)
    (record_id,) = await office.record(draft)
    request = record_pb2.RevokeDocumentRequest(document_number=draft.document.number, reason="样例：复议撤销")
    other = await office.ask("other-provider", "RevokeDocument", request)
    assert list(other.record_ids) == []
    assert (await office.check(identifier(party))).found
    revoked = await office.ask("provider", "RevokeDocument", request)
    assert list(revoked.record_ids) == [record_id]
    assert not (await office.check(identifier(party))).found


async def test_a_record_is_withdrawn_by_the_number_that_its_provider_gave_it(office: CatalogOffice) -> None:
    draft = lawful()
    (record_id,) = await office.record(draft)
    request = record_pb2.WithdrawRecordRequest(
        record_number=draft.record_number, reason=record_pb2.END_REASON_LISTING_CLOSED, matter="样例"
    )
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("other-provider", "WithdrawRecord", request)
    assert refused.value.reason == "NOT_FOUND"
    first = await office.ask("provider", "WithdrawRecord", request)
    again = await office.ask("provider", "WithdrawRecord", request)
    assert (first.record_id, first.already_ended, again.already_ended) == (record_id, False, True)
    assert first.ended_at.ToDatetime() == again.ended_at.ToDatetime()


async def test_a_provider_reads_its_own_record_without_fields_and_nobody_elses(office: CatalogOffice) -> None:
    draft = lawful()
    (record_id,) = await office.record(draft)
    request = record_pb2.GetRecordRequest(record_id=record_id, matter="样例")
    record = (await office.ask("provider", "GetRecord", request)).record
    assert (record.record_id, record.item_code, record.provider) == (record_id, PENALTY, PROVIDER)
    assert (record.determined_on, record.version) == (draft.document.determined_on, 1)
    assert record.ends_before > TODAY.isoformat()
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("other-provider", "GetRecord", request)
    assert refused.value.reason == "NOT_FOUND"


async def test_an_office_reads_a_record_only_of_the_party_it_acts_for(office: CatalogOffice) -> None:
    party = uscc(4_100_002)
    (record_id,) = await office.record(lawful(party=party))
    request = record_pb2.GetRecordRequest(record_id=record_id, matter="样例", about=identifier(party))
    assert (await office.ask("repair", "GetRecord", request)).record.record_id == record_id
    request.about.value = uscc(4_100_003)
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("repair", "GetRecord", request)
    assert refused.value.reason == "NOT_FOUND"


async def _public(office: CatalogOffice, item: str, size: int) -> list[sharing_pb2.PublicRecord]:
    """All pages of the public list of an item."""
    found: list[sharing_pb2.PublicRecord] = []
    token = ""
    while True:
        request = sharing_pb2.ListPublicRecordsRequest(item_code=item, page_size=size, page_token=token)
        page = await office.ask("gateway", "ListPublicRecords", request)
        assert len(page.records) <= size
        found += page.records
        token = page.next_page_token
        if not token:
            return found
        assert len(page.records) == size


async def test_the_public_list_shows_persons_masked_and_only_those_that_a_law_publishes(office: CatalogOffice) -> None:
    def published(draft: RecordDraft) -> None:
        about_a_person(draft)
        draft.person_publicity_basis = "express_law"

    shown, hidden = lawful(published, item=WAGES), lawful(about_a_person, item=WAGES)
    await office.record(shown, hidden)
    ours = {shown.document.number, hidden.document.number}
    (entry,) = [one for one in await _public(office, WAGES, 10) if one.document_number in ours]
    party = canonicalise(IdentifierKind.RESIDENT_ID, shown.party.identifier.value, today=TODAY)
    assert (entry.name, entry.identifier) == (mask_name(shown.party.name), mask_identifier(party))
    assert entry.name != shown.party.name
    assert entry.identifier != shown.party.identifier.value
    assert entry.document_number == shown.document.number


async def test_the_public_list_comes_in_pages_newest_first_and_complete(office: CatalogOffice) -> None:
    def on(days: int) -> RecordDraft:
        draft = lawful(item=LICENCE)
        draft.document.determined_on = draft.document.effective_on = ago(days)
        return draft

    drafts = [on(days) for days in (5, 5, 5, 9, 2, 7, 7)]
    await office.record(*drafts)
    entries = await _public(office, LICENCE, 2)
    ours = {draft.document.number for draft in drafts}
    found = [entry for entry in entries if entry.document_number in ours]
    assert {entry.document_number for entry in found} == ours
    assert len(found) == len(drafts)
    days = [entry.determined_on for entry in entries]
    assert days == sorted(days, reverse=True)
    named = {draft.document.number: draft for draft in drafts}
    for entry in found:
        draft = named[entry.document_number]
        assert (entry.name, entry.identifier) == (draft.party.name, draft.party.identifier.value)


async def test_what_was_withdrawn_is_on_no_page(office: CatalogOffice) -> None:
    draft = lawful(item=LICENCE)
    (record_id,) = await office.record(draft)
    assert draft.document.number in {entry.document_number for entry in await _public(office, LICENCE, 100)}
    await office.ask(
        "repair",
        "WithdrawRecord",
        record_pb2.WithdrawRecordRequest(
            record_id=record_id, reason=record_pb2.END_REASON_OBJECTION_UPHELD, matter="样例"
        ),
    )
    assert draft.document.number not in {entry.document_number for entry in await _public(office, LICENCE, 100)}

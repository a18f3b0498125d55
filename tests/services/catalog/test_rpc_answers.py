"""SharingService over the wire: answers one by one, in bulk and at once; the feed; what a party sees of itself."""

from __future__ import annotations

import asyncio
import base64
import json
import statistics
import time
from typing import Any
from uuid import uuid4

import grpc.aio
import pytest

from chengxin.catalog.v1 import record_pb2, sharing_pb2
from chengxin.common.v1 import common_pb2 as common
from foundation.identity import Identifier, IdentifierKind
from tests.services.catalog.drafts import LICENCE, PENALTY, PROVIDER, lawful, resident
from tests.services.catalog.office import CONSUMER, HOUSE, SHOWN, YES_NO, CatalogOffice, context, identifier
from tests.support.catalog_house import uscc
from tests.support.identities import RefusedByOffice


async def _withdraw(office: CatalogOffice, record_id: str) -> record_pb2.WithdrawRecordResponse:
    request = record_pb2.WithdrawRecordRequest(
        record_id=record_id, reason=record_pb2.END_REASON_REPAIRED, matter="样例"
    )
    return await office.ask("repair", "WithdrawRecord", request)


async def test_a_check_says_for_which_items_and_names_its_entry(office: CatalogOffice) -> None:
    party = identifier(uscc(4_300_001))
    await office.record(lawful(party=party.value), lawful(party=party.value), lawful(party=party.value, item=LICENCE))
    answer = await office.check(party)
    assert answer.found
    assert [item.item_code for item in answer.items] == [LICENCE, PENALTY]
    assert office.sql("SELECT kind, decision, digest FROM journal WHERE entry_id = %s", answer.receipt.entry_id) == [
        ("SharingService.CheckSubject", "answered", answer.receipt.digest)
    ]


async def test_a_purpose_that_needs_yes_or_no_gets_no_items(office: CatalogOffice) -> None:
    party = identifier(uscc(4_300_002))
    await office.record(lawful(party=party.value))
    answer = await office.check(party, purpose=YES_NO)
    assert (answer.found, list(answer.items)) == (True, [])


async def test_a_number_written_in_full_width_names_the_same_party(office: CatalogOffice) -> None:
    party = uscc(4_300_003)
    await office.record(lawful(party=party))
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in party.lower())
    assert (await office.check(identifier(wide))).found


async def test_sixty_four_at_once_share_transactions_and_have_an_entry_each(office: CatalogOffice) -> None:
    parties = [identifier(uscc(4_310_000 + n)) for n in range(64)]
    await office.record(*(lawful(party=party.value) for party in parties[::2]))
    before = office.last_entry()
    answers = await asyncio.gather(*(office.check(party) for party in parties))
    assert [answer.found for answer in answers] == [n % 2 == 0 for n in range(64)]
    rows = office.sql("SELECT entry_id, digest, xid FROM journal WHERE entry_id > %s", before)
    assert {(entry_id, digest) for entry_id, digest, _ in rows} == {
        (answer.receipt.entry_id, answer.receipt.digest) for answer in answers
    }
    assert len(rows) == 64
    assert len({xid for _, _, xid in rows}) < 64


async def test_a_bad_member_of_a_batch_hurts_no_other_and_is_journalled(office: CatalogOffice) -> None:
    known, unknown = identifier(uscc(4_320_001)), identifier(uscc(4_320_002))
    await office.record(lawful(party=known.value))
    bad = identifier(known.value[:-1] + ("0" if known.value[-1] != "0" else "1"))
    query_id = str(uuid4())
    asked = sharing_pb2.CheckSubjectsRequest(
        context=context(query_id=query_id), subjects=[known, bad, unknown, common.Identifier(), known]
    )
    (response,) = await office.ask("consumer", "CheckSubjects", asked)
    assert [one.found for one in response.answers] == [True, False, False, False, True]
    assert [(one.refusal.reason, one.refusal.field) for one in response.answers] == [
        ("", ""),
        ("IDENTIFIER_CHECK_FAILED", "subjects.1.value"),
        ("", ""),
        ("VALUE_REQUIRED", "subjects.3.kind"),
        ("", ""),
    ]
    assert not any(one.HasField("receipt") for one in response.answers if one.HasField("refusal"))
    rows = office.sql(
        "SELECT authority, decision, reason FROM journal WHERE query_id = %s ORDER BY decision, reason", query_id
    )
    assert rows == [
        *[(CONSUMER, "answered", "")] * 3,
        (CONSUMER, "refused", "IDENTIFIER_CHECK_FAILED"),
        (CONSUMER, "refused", "VALUE_REQUIRED"),
    ]


async def test_batches_are_answered_in_their_order(office: CatalogOffice) -> None:
    parties = [identifier(uscc(4_330_000 + n)) for n in range(30)]
    await office.record(*(lawful(party=party.value) for party in parties[::3]))
    batches = [
        sharing_pb2.CheckSubjectsRequest(context=context(), subjects=parties[at : at + 10]) for at in (20, 0, 10)
    ]
    responses = await office.ask("consumer", "CheckSubjects", *batches)
    found = [[one.found for one in response.answers] for response in responses]
    assert found == [[n % 3 == 0 for n in range(at, at + 10)] for at in (20, 0, 10)]


async def test_a_batch_outside_the_grant_refuses_each_member_and_journals_each(office: CatalogOffice) -> None:
    before = office.last_entry()
    asked = sharing_pb2.CheckSubjectsRequest(
        context=context(purpose="bankruptcy.review"), subjects=[identifier(uscc(4_340_000 + n)) for n in range(3)]
    )
    (response,) = await office.ask("consumer", "CheckSubjects", asked)
    assert [one.refusal.reason for one in response.answers] == ["NOT_GRANTED"] * 3
    assert [entry[2:] for entry in office.entries_after(before)] == [("refused", "NOT_GRANTED")] * 3


async def test_a_report_shows_the_fields_of_the_grant_in_clear_and_no_others(office: CatalogOffice) -> None:
    party = identifier(uscc(4_350_001))
    draft = lawful(party=party.value)
    (record_id,) = await office.record(draft)
    request = sharing_pb2.GetCreditReportRequest(context=context(), subject=party)
    report = await office.ask("consumer", "GetCreditReport", request)
    (shown,) = report.records
    assert shown.record.record_id == record_id
    assert shown.record.severity == common.SEVERITY_ORDINARY
    assert {field.name: field.value for field in shown.fields} == {"party_name": "样例企业", "facts": "样例"}
    assert set(SHOWN) == {"party_name", "facts"}
    await _withdraw(office, record_id)
    assert list((await office.ask("consumer", "GetCreditReport", request)).records) == []


class Feed:
    """The change feed as the consumer reads it."""

    def __init__(self, office: CatalogOffice, cursor: str = "") -> None:
        self.office = office
        self.cursor = cursor

    async def catch_up(self) -> list[Any]:
        """Everything up to the present."""
        request = sharing_pb2.WatchChangesRequest(context=context(), cursor=self.cursor, until_caught_up=True)
        changes: list[Any] = []
        for response in await self.office.ask("consumer", "WatchChanges", request):
            changes += response.changes
            self.cursor = response.cursor
        return changes

    def watch(self) -> Any:
        """Follow the feed from here on."""
        request = sharing_pb2.WatchChangesRequest(context=context(), cursor=self.cursor)
        return self.office.call("consumer", "WatchChanges", request, timeout=60)


async def test_the_feed_begins_again_where_its_cursor_stands(office: CatalogOffice) -> None:
    feed = Feed(office)
    await feed.catch_up()
    (record_id,) = await office.record(lawful())
    (change,) = await feed.catch_up()
    assert (change.kind, change.record_id) == (sharing_pb2.CHANGE_KIND_RECORDED, record_id)
    assert await feed.catch_up() == []


async def test_who_watches_learns_of_a_withdrawal_at_once(office: CatalogOffice) -> None:
    """Faster than a feed that looks once a second could: in the median of seven."""
    feed = Feed(office)
    record_ids = await office.record(*(lawful() for _ in range(7)))
    await feed.catch_up()
    watching = feed.watch()
    late: list[float] = []
    for record_id in record_ids:
        reading = asyncio.ensure_future(watching.read())
        ended = await _withdraw(office, record_id)
        committed = time.monotonic()
        response = await asyncio.wait_for(reading, 5)
        late.append(time.monotonic() - committed)
        (change,) = response.changes
        assert (change.kind, change.record_id) == (sharing_pb2.CHANGE_KIND_WITHDRAWN, record_id)
        assert change.end_reason == record_pb2.END_REASON_REPAIRED
        assert change.at == ended.ended_at
        assert response.receipt.entry_id
    watching.cancel()
    assert statistics.median(late) < 0.3, late


async def test_a_batch_of_changes_is_a_disclosure_with_an_entry(office: CatalogOffice) -> None:
    feed = Feed(office)
    await feed.catch_up()
    await office.record(lawful(), lawful())
    before = office.last_entry()
    assert len(await feed.catch_up()) == 2
    assert await feed.catch_up() == []
    assert office.entries_after(before) == [("SharingService.WatchChanges", CONSUMER, "answered", "")]


def _cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


async def _epoch(office: CatalogOffice) -> str:
    return str(office.sql("SELECT epoch FROM house")[0][0])


@pytest.mark.parametrize(
    "parts",
    [
        (str(uuid4()), 1, 1),
        ("EPOCH", -1, 0),
        ("EPOCH", 2**70, 0),
        ("EPOCH", "1", 0),
        ("EPOCH", 1.5, 0),
        ("EPOCH", float("inf"), 0),
        ("EPOCH", 1),
        ("EPOCH", 1, 2, 3),
    ],
    ids=["of another epoch", "negative", "too large", "in words", "broken", "infinite", "too short", "too long"],
)
async def test_a_cursor_that_is_not_of_this_epoch_begins_nothing(
    office: CatalogOffice, parts: tuple[object, ...]
) -> None:
    epoch = await _epoch(office)
    cursor = _cursor(*(epoch if part == "EPOCH" else part for part in parts))
    with pytest.raises(RefusedByOffice) as refused:
        await Feed(office, cursor).catch_up()
    assert refused.value.reason == "CURSOR_INVALID"


@pytest.mark.parametrize("cursor", ["[", "é", base64.urlsafe_b64encode(b"[" * 90_000).decode()])
async def test_what_is_no_cursor_begins_nothing(office: CatalogOffice, cursor: str) -> None:
    with pytest.raises(RefusedByOffice) as refused:
        await Feed(office, cursor).catch_up()
    assert refused.value.reason == "CURSOR_INVALID"


async def test_a_party_sees_what_is_held_and_gets_the_certificate_of_its_end(office: CatalogOffice) -> None:
    number = resident(501)
    person = office.identities.person(Identifier(IdentifierKind.RESIDENT_ID, number))
    stranger = office.identities.person(Identifier(IdentifierKind.RESIDENT_ID, resident(502)))

    def about(draft: record_pb2.RecordDraft) -> None:
        draft.party.identifier.kind = common.IDENTIFIER_KIND_RESIDENT_ID
        draft.party.identifier.value = number

    (record_id,) = await office.record(lawful(about))
    await office.check(identifier(number, common.IDENTIFIER_KIND_RESIDENT_ID))
    asked = sharing_pb2.ListOwnRecordsRequest()
    (held,) = (await office.ask("gateway", "ListOwnRecords", asked, assertion=person)).records
    assert held.record.record_id == record_id
    shown = {field.name: field.value for field in held.fields}
    assert (shown["party_identifier"], shown["facts"]) == (number, "样例")
    assert list((await office.ask("gateway", "ListOwnRecords", asked, assertion=stranger)).records) == []

    proof = sharing_pb2.GetWithdrawalCertificateRequest(record_id=record_id)
    before = office.last_entry()
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("gateway", "GetWithdrawalCertificate", proof, assertion=person)
    assert refused.value.reason == "NOT_ENDED"
    assert [entry[2:] for entry in office.entries_after(before)] == [("refused", "NOT_ENDED")]

    await _withdraw(office, record_id)
    certificate = await office.ask("gateway", "GetWithdrawalCertificate", proof, assertion=person)
    assert [receiver.authority for receiver in certificate.receivers] == [CONSUMER]
    assert record_id in certificate.text
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("gateway", "GetWithdrawalCertificate", proof, assertion=stranger)
    assert refused.value.reason == "NOT_FOUND"
    (ended,) = (await office.ask("gateway", "ListOwnRecords", asked, assertion=person)).records
    assert list(ended.fields) == []

    acknowledged = await office.ask(
        "consumer", "AcknowledgeWithdrawal", sharing_pb2.AcknowledgeWithdrawalRequest(record_id=record_id)
    )
    certificate = await office.ask("gateway", "GetWithdrawalCertificate", proof, assertion=person)
    assert certificate.receivers[0].acknowledged_at == acknowledged.acknowledged_at


async def test_an_assertion_taken_from_the_gateway_shows_nothing_to_another_system(office: CatalogOffice) -> None:
    """Bound to the gateway's certificate; and an enrolled gateway is needed besides."""
    taken = office.identities.person(Identifier(IdentifierKind.RESIDENT_ID, resident(501)))
    own = office.identities.person(Identifier(IdentifierKind.RESIDENT_ID, resident(501)), by="consumer")
    for token, reason in ((taken, "ASSERTION_INVALID"), (own, "ROLE_REQUIRED")):
        with pytest.raises(RefusedByOffice) as refused:
            await office.ask("consumer", "ListOwnRecords", sharing_pb2.ListOwnRecordsRequest(), assertion=token)
        assert refused.value.reason == reason


async def test_a_stream_that_its_caller_leaves_is_forgotten(office: CatalogOffice) -> None:
    watching = Feed(office).watch()
    assert await asyncio.wait_for(watching.read(), 5) is not grpc.aio.EOF
    watching.cancel()
    assert (await office.check(identifier(uscc(4_360_001)))).receipt.entry_id


async def test_what_a_party_asks_at_a_desk_names_the_clerk_and_his_authority(office: CatalogOffice) -> None:
    party = Identifier(IdentifierKind.RESIDENT_ID, number := resident(503))

    def about(draft: record_pb2.RecordDraft) -> None:
        draft.party.identifier.kind = common.IDENTIFIER_KIND_RESIDENT_ID
        draft.party.identifier.value = number

    (record_id,) = await office.record(lawful(about))
    await _withdraw(office, record_id)
    clerk = {"sub": "clerk-1", "authority": CONSUMER, "matter": "A-17"}
    at_desk, alone = office.identities.person(party, assistant=clerk), office.identities.person(party)
    before = office.last_entry()
    for method, asked in (
        ("ListOwnRecords", sharing_pb2.ListOwnRecordsRequest()),
        ("GetWithdrawalCertificate", sharing_pb2.GetWithdrawalCertificateRequest(record_id=record_id)),
    ):
        for assertion in (at_desk, alone):
            await office.ask("gateway", method, asked, assertion=assertion)
    rows = office.sql(
        "SELECT j.kind, j.authority, p.officer_tag IS NOT NULL, j.purpose FROM journal j"
        " JOIN journal_private p USING (bucket, entry_id) WHERE j.entry_id > %s ORDER BY j.entry_id",
        before,
    )
    own, certificate = "SharingService.ListOwnRecords", "SharingService.GetWithdrawalCertificate"
    assert rows == [
        (own, CONSUMER, True, "own"),
        (own, HOUSE, False, "own"),
        (certificate, CONSUMER, True, "own"),
        (certificate, HOUSE, False, "own"),
    ]
    stranger = office.identities.person(party, assistant={**clerk, "authority": uscc(9_000_555)})
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("gateway", "ListOwnRecords", sharing_pb2.ListOwnRecordsRequest(), assertion=stranger)
    assert refused.value.reason == "OFFICER_ROLE_REQUIRED"


async def test_the_database_itself_knows_no_desk_that_is_not_enrolled_as_one(office: CatalogOffice) -> None:
    def whose(desk: str | None) -> str | None:
        ((authority,),) = office.sql("SELECT at_desk('the gateway', %s)", desk)
        return authority

    assert whose(None) == "the gateway"
    assert whose(CONSUMER) == CONSUMER
    assert whose(PROVIDER) is None
    assert whose("nobody") is None

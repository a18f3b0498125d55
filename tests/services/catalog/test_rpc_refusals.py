"""What a refusal of the catalog tells, and that every one of them is in the journal exactly once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import grpc.aio
import pytest

from chengxin.catalog.v1 import record_pb2
from chengxin.common.v1 import common_pb2 as common
from foundation import reasons as shared
from foundation.identity import reasons as identity
from foundation.refusal import Kind, Reason
from services.catalog.domain import reasons
from tests.services.catalog.drafts import resident
from tests.services.catalog.office import METHODS, YES_NO, CatalogOffice, identifier
from tests.services.catalog.requests import LAWFUL, PARTY, changed
from tests.support.catalog_house import uscc
from tests.support.identities import RefusedByOffice

BAD_NUMBER = uscc(4_000_001)[:-1] + ("0" if uscc(4_000_001)[-1] != "0" else "1")
HUGE = "x" * 300_000
Case = tuple[str, str, Any, Reason, str]
"""Caller, method, request, reason, field."""
BY_THE_OFFICE: dict[str, Case] = {
    "role": ("provider", "RequestGrant", LAWFUL["RequestGrant"](), shared.ROLE_REQUIRED, ""),
    "role to hand in": ("consumer", "SubmitRecords", LAWFUL["SubmitRecords"](), shared.ROLE_REQUIRED, ""),
    "role to withdraw": ("consumer", "WithdrawRecord", LAWFUL["WithdrawRecord"](), shared.ROLE_REQUIRED, ""),
    "role to revoke": ("consumer", "RevokeDocument", LAWFUL["RevokeDocument"](), shared.ROLE_REQUIRED, ""),
    "role to read": ("consumer", "GetRecord", LAWFUL["GetRecord"](), shared.ROLE_REQUIRED, ""),
    "role to certify": (
        "consumer",
        "GetWithdrawalCertificate",
        LAWFUL["GetWithdrawalCertificate"](),
        shared.ROLE_REQUIRED,
        "",
    ),
    "role to acknowledge": (
        "provider",
        "AcknowledgeWithdrawal",
        LAWFUL["AcknowledgeWithdrawal"](),
        shared.ROLE_REQUIRED,
        "",
    ),
    "role to watch": ("provider", "WatchChanges", LAWFUL["WatchChanges"](), shared.ROLE_REQUIRED, ""),
    "gateway": ("consumer", "ListOwnRecords", LAWFUL["ListOwnRecords"](), shared.ROLE_REQUIRED, ""),
    "no party": ("gateway", "ListOwnRecords", LAWFUL["ListOwnRecords"](), shared.ASSERTION_REQUIRED, ""),
    "no official": ("consumer", "RequestGrant", LAWFUL["RequestGrant"](), shared.ASSERTION_REQUIRED, ""),
    "size": ("consumer", "CheckSubject", changed("CheckSubject", context__matter=HUGE), shared.MESSAGE_TOO_LARGE, ""),
    "no purpose": (
        "consumer",
        "CheckSubject",
        changed("CheckSubject", context__purpose=""),
        shared.VALUE_REQUIRED,
        "context.purpose",
    ),
    "query id": (
        "consumer",
        "CheckSubject",
        changed("CheckSubject", context__query_id="1"),
        shared.VALUE_INVALID,
        "context.query_id",
    ),
    "identifier": (
        "consumer",
        "CheckSubject",
        changed("CheckSubject", subject__value=BAD_NUMBER),
        identity.IDENTIFIER_CHECK_FAILED,
        "subject.value",
    ),
    "kind of identifier": (
        "consumer",
        "GetCreditReport",
        changed("GetCreditReport", subject__kind=99),
        shared.VALUE_REQUIRED,
        "subject.kind",
    ),
    "batch": (
        "consumer",
        "CheckSubjects",
        changed("CheckSubjects", subjects=[PARTY] * 1001),
        reasons.BATCH_TOO_LARGE,
        "subjects",
    ),
    "batch of records": (
        "provider",
        "SubmitRecords",
        record_pb2.SubmitRecordsRequest(records=[record_pb2.RecordDraft()] * 1001),
        reasons.BATCH_TOO_LARGE,
        "records",
    ),
    "no cursor": ("consumer", "WatchChanges", changed("WatchChanges", cursor="x"), reasons.CURSOR_INVALID, "cursor"),
    "nothing received": (
        "consumer",
        "AcknowledgeWithdrawal",
        LAWFUL["AcknowledgeWithdrawal"](),
        shared.NOT_FOUND,
        "record_id",
    ),
    "no id": (
        "consumer",
        "AcknowledgeWithdrawal",
        changed("AcknowledgeWithdrawal", record_id="1"),
        shared.NOT_FOUND,
        "",
    ),
    "no record": ("provider", "GetRecord", LAWFUL["GetRecord"](), shared.NOT_FOUND, "record_id"),
    "nothing to withdraw": ("provider", "WithdrawRecord", LAWFUL["WithdrawRecord"](), shared.NOT_FOUND, "record_id"),
    "no record named": (
        "provider",
        "WithdrawRecord",
        record_pb2.WithdrawRecordRequest(reason=record_pb2.END_REASON_REPAIRED, matter="样例"),
        shared.VALUE_REQUIRED,
        "record_id",
    ),
    "end by itself": (
        "provider",
        "WithdrawRecord",
        changed("WithdrawRecord", reason=record_pb2.END_REASON_EXPIRED),
        reasons.END_REASON_NOT_ALLOWED,
        "reason",
    ),
    "end for no reason": (
        "provider",
        "WithdrawRecord",
        changed("WithdrawRecord", reason=0),
        reasons.END_REASON_NOT_ALLOWED,
        "reason",
    ),
    "end for an unknown reason": (
        "provider",
        "WithdrawRecord",
        changed("WithdrawRecord", reason=99),
        reasons.END_REASON_NOT_ALLOWED,
        "reason",
    ),
    "page too long": (
        "gateway",
        "ListPublicRecords",
        changed("ListPublicRecords", page_size=101),
        shared.VALUE_INVALID,
        "page_size",
    ),
    "no page": (
        "gateway",
        "ListPublicRecords",
        changed("ListPublicRecords", page_token="W10="),
        shared.VALUE_INVALID,
        "page_token",
    ),
    "an item that cannot be": (
        "gateway",
        "ListPublicRecords",
        changed("ListPublicRecords", item_code="a\x00"),
        shared.VALUE_INVALID,
        "item_code",
    ),
    "no item": ("provider", "GetCatalogItem", changed("GetCatalogItem", code="x"), reasons.ITEM_UNKNOWN, "code"),
    "a week for a day": (
        "provider",
        "ListMeasures",
        changed("ListMeasures", on="2026-W05-1"),
        shared.VALUE_INVALID,
        "on",
    ),
}
BY_THE_DOOR: dict[str, Case] = {
    "role": ("provider", "CheckSubject", LAWFUL["CheckSubject"](), shared.ROLE_REQUIRED, ""),
    "purpose": (
        "consumer",
        "CheckSubject",
        changed("CheckSubject", context__purpose="curiosity"),
        reasons.PURPOSE_UNKNOWN,
        "",
    ),
    "grant": (
        "consumer",
        "CheckSubject",
        changed("CheckSubject", context__purpose="subsidy.review"),
        reasons.NOT_GRANTED,
        "",
    ),
    "grant for a report": ("other-consumer", "GetCreditReport", LAWFUL["GetCreditReport"](), reasons.NOT_GRANTED, ""),
    "more than the purpose needs": (
        "consumer",
        "GetCreditReport",
        changed("GetCreditReport", context__purpose=YES_NO),
        reasons.PURPOSE_IS_YES_NO,
        "",
    ),
    "grant to watch": ("other-consumer", "WatchChanges", LAWFUL["WatchChanges"](), reasons.NOT_GRANTED, ""),
}
STATUS = {
    Kind.INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Kind.PRECONDITION: grpc.StatusCode.FAILED_PRECONDITION,
    Kind.DENIED: grpc.StatusCode.PERMISSION_DENIED,
    Kind.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
}
CASES = [*BY_THE_OFFICE.values(), *BY_THE_DOOR.values()]


@pytest.mark.parametrize("case", CASES, ids=[*BY_THE_OFFICE, *(f"door: {what}" for what in BY_THE_DOOR)])
async def test_a_refusal_says_why_and_what_to_do_and_is_journalled_exactly_once(
    office: CatalogOffice, case: Case
) -> None:
    caller, name, request, reason, place = case
    before = office.last_entry()
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask(caller, name, request)
    assert refused.value.code is STATUS[reason.kind]
    told = refused.value
    assert (told.reason, told.remedy, told.domain) == (reason.code, reason.remedy, "chengxin")
    violations = [(place, reason.code)] if place else []
    assert [(one.field, one.reason) for one in told.violations] == violations
    for text in (told.text, *(one.description for one in told.violations)):
        assert BAD_NUMBER not in text
        assert PARTY.value not in text
    kind = f"{METHODS[name].containing_service.name}.{name}"
    authority = office.identities.enrolments[caller].authority
    assert office.entries_after(before) == [(kind, authority, "refused", reason.code)]


@pytest.mark.parametrize("spoilt", ["stolen", "garbage", "of a party", "late"])
async def test_an_assertion_that_is_none_is_refused_and_journalled_once(office: CatalogOffice, spoilt: str) -> None:
    tokens = {
        "stolen": office.identities.officer("approver", "steward", by="steward"),
        "garbage": "x.y.z",
        "of a party": _party_as_official(office),
        "late": _issued_before(office, timedelta(seconds=121)),
    }
    before = office.last_entry()
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("consumer", "RequestGrant", LAWFUL["RequestGrant"](), assertion=tokens[spoilt])
    expected = shared.ASSERTION_REQUIRED if spoilt == "of a party" else shared.ASSERTION_INVALID
    assert refused.value.reason == expected.code
    assert [entry[2:] for entry in office.entries_after(before)] == [("refused", expected.code)]


def _party_as_official(office: CatalogOffice) -> str:
    claims = {
        "identifier_kind": "resident_id",
        "identifier": resident(1),
        "name": "样例",
        "sub": "approver",
        "authority": office.identities.enrolments["consumer"].authority,
        "roles": ["case_officer"],
    }
    return office.identities.assertion("person", claims, by="consumer")


def _issued_before(office: CatalogOffice, ago: timedelta) -> str:
    claims = {"sub": "applicant", "authority": office.identities.enrolments["consumer"].authority}
    return office.identities.assertion(
        "officer", claims | {"roles": ["case_officer"]}, by="consumer", now=datetime.now(UTC) - ago
    )


async def test_what_shows_nothing_about_a_party_leaves_no_entry(office: CatalogOffice) -> None:
    before = office.last_entry()
    for name in ("GetCatalogItem", "ListCatalogItems", "ListMeasures", "ListPublicRecords"):
        await office.ask("consumer", name, LAWFUL[name]())
    assert office.entries_after(before) == []


async def test_nothing_personal_stands_in_the_log_of_an_office_that_refused_all_this(office: CatalogOffice) -> None:
    person = identifier(resident(77), common.IDENTIFIER_KIND_RESIDENT_ID)
    await office.check(person)
    log = office.process.log
    assert '"event": "serving"' in log
    for value in (PARTY.value, BAD_NUMBER, person.value, "样例"):
        assert value not in log

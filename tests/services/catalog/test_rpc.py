"""The catalog's contract over real mutual TLS: who gets in, what a call must be like, what a refusal tells."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import grpc
import grpc.aio
import pytest

from chengxin.catalog.v1 import access_pb2, catalog_pb2, record_pb2, sharing_pb2
from chengxin.common.v1 import common_pb2 as common
from foundation import reasons as shared
from foundation.identity import reasons as identity
from foundation.refusal import Kind, Reason
from services.catalog.domain import reasons
from standalone.ca import DevelopmentCa, System
from standalone.enrol import write_identity
from tests.services.catalog.drafts import PENALTY, lawful, resident
from tests.services.catalog.office import (
    METHODS,
    PURPOSE,
    YES_NO,
    CatalogOffice,
    context,
    identifier,
)
from tests.support.catalog_house import uscc
from tests.support.identities import RefusedByOffice

PARTY = identifier(uscc(4_000_001))
NOBODY = str(uuid4())
UNARY = [name for name, method in METHODS.items() if not (method.client_streaming or method.server_streaming)]
LAWFUL: dict[str, Callable[[], Any]] = {
    "GetCatalogItem": lambda: catalog_pb2.GetCatalogItemRequest(code=PENALTY),
    "ListCatalogItems": catalog_pb2.ListCatalogItemsRequest,
    "ListMeasures": catalog_pb2.ListMeasuresRequest,
    "SubmitRecords": lambda: record_pb2.SubmitRecordsRequest(records=[lawful()]),
    "RevokeDocument": lambda: record_pb2.RevokeDocumentRequest(document_number="样例-无", reason="样例"),
    "WithdrawRecord": lambda: record_pb2.WithdrawRecordRequest(
        record_id=NOBODY, reason=record_pb2.END_REASON_REPAIRED, matter="样例"
    ),
    "GetRecord": lambda: record_pb2.GetRecordRequest(record_id=NOBODY, matter="样例"),
    "CheckSubject": lambda: sharing_pb2.CheckSubjectRequest(context=context(), subject=PARTY),
    "CheckSubjects": lambda: sharing_pb2.CheckSubjectsRequest(context=context(), subjects=[PARTY]),
    "GetCreditReport": lambda: sharing_pb2.GetCreditReportRequest(context=context(), subject=PARTY),
    "WatchChanges": lambda: sharing_pb2.WatchChangesRequest(context=context(), until_caught_up=True),
    "AcknowledgeWithdrawal": lambda: sharing_pb2.AcknowledgeWithdrawalRequest(record_id=NOBODY),
    "ListOwnRecords": sharing_pb2.ListOwnRecordsRequest,
    "GetWithdrawalCertificate": lambda: sharing_pb2.GetWithdrawalCertificateRequest(record_id=NOBODY),
    "ListPublicRecords": sharing_pb2.ListPublicRecordsRequest,
    "RequestGrant": lambda: access_pb2.RequestGrantRequest(
        purpose=PURPOSE, item_codes=[PENALTY], days=30, justification="样例"
    ),
    "ApproveGrant": lambda: access_pb2.ApproveGrantRequest(grant_id=NOBODY),
    "RevokeGrant": lambda: access_pb2.RevokeGrantRequest(grant_id=NOBODY, reason="样例"),
    "ListGrants": access_pb2.ListGrantsRequest,
}


def test_the_walk_covers_every_method_of_the_contract() -> None:
    assert set(LAWFUL) == set(METHODS)


@pytest.mark.parametrize("forged", [True, False], ids=["of another authority", "none"])
async def test_without_a_certificate_of_the_house_there_is_no_connection(
    office: CatalogOffice, forged: bool
) -> None:
    """Even one that copies an enrolled system's name to the letter."""
    folder = office.identities.folder / "forger"
    ca = DevelopmentCa(folder / "ca", trust_domain="catalog.test")
    ca.establish(now=datetime.now(UTC))
    consumer = office.identities.enrolments["consumer"]
    copied = System(authority=consumer.authority, name=consumer.system)
    write_identity(
        folder, copied, ca=ca, trust_domain="catalog.test", roles=(), days=2, now=datetime.now(UTC)
    )
    trusted = (office.identities.folder / "consumer" / "ca.pem").read_bytes()
    own = ((folder / "key.pem").read_bytes(), (folder / "cert.pem").read_bytes()) if forged else (None, None)
    before = office.last_entry()
    credentials = grpc.ssl_channel_credentials(trusted, *own)
    async with grpc.aio.secure_channel(office.process.address, credentials) as channel:
        ask = channel.unary_unary("/chengxin.catalog.v1.CatalogService/ListMeasures")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await ask(b"", timeout=5)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert office.entries_after(before) == []


@pytest.fixture(scope="module")
def strangers(office: CatalogOffice) -> dict[str, str]:
    """Systems with a good certificate that does not count, by why. All had every role."""
    roles = ("provider", "consumer", "steward", "gateway", "office", "auditor")
    names = {"never enrolled": "stranger", "revoked": "revoked", "ended": "ended"}
    made = {name: office.identities.issue(name, uscc(9_000_110), roles) for name in names.values()}
    office.identities.register.enter([made["revoked"], made["ended"]])
    office.identities.register.revoke(made["revoked"].fingerprint)
    office.sql(
        "UPDATE enrolment SET not_after = now() - interval '1 second' WHERE fingerprint = %s",
        made["ended"].fingerprint,
    )
    return names


@pytest.mark.parametrize("why", ["never enrolled", "revoked", "ended"])
@pytest.mark.parametrize("name", METHODS)
async def test_a_certificate_that_is_not_enrolled_is_nobody_in_every_method(
    office: CatalogOffice, strangers: dict[str, str], name: str, why: str
) -> None:
    before = office.last_entry()
    for requests in ([LAWFUL[name]()], [METHODS[name].input_type._concrete_class()]):
        with pytest.raises(RefusedByOffice) as refused:
            await office.ask(strangers[why], name, *requests)
        assert refused.value.code is grpc.StatusCode.UNAUTHENTICATED
        assert refused.value.reason == "NOT_ENROLLED"
    assert office.entries_after(before) == []


@pytest.mark.parametrize("name", ["SubmitRecords", "CheckSubjects"])
async def test_who_is_not_enrolled_is_told_so_before_it_has_sent_anything(
    office: CatalogOffice, strangers: dict[str, str], name: str
) -> None:
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask(strangers["revoked"], name)
    assert refused.value.reason == "NOT_ENROLLED"


async def test_a_certificate_revoked_during_a_stream_ends_it(office: CatalogOffice) -> None:
    leaving = office.identities.issue("leaving", uscc(9_000_111), ("consumer",))
    office.identities.register.enter([leaving])
    await office.grant("leaving")
    request = LAWFUL["CheckSubjects"]()
    channel = office.identities.channel("leaving", office.process.address)
    method = "/chengxin.catalog.v1.SharingService/CheckSubjects"
    asking = channel.stream_stream(
        method,
        request_serializer=sharing_pb2.CheckSubjectsRequest.SerializeToString,
        response_deserializer=sharing_pb2.CheckSubjectsResponse.FromString,
    )(timeout=20)
    await asking.write(request)
    assert (await asking.read()).answers[0].receipt.entry_id
    office.identities.register.revoke(leaving.fingerprint)
    await asking.write(request)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await asking.read()
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    await channel.close()


async def test_what_a_caller_says_of_itself_changes_nothing(office: CatalogOffice) -> None:
    before = office.last_entry()
    claims = (
        ("role", "steward"),
        ("chengxin-role", "steward"),
        ("chengxin-authority", uscc(9_000_102)),
        ("x-forwarded-client-cert", "URI=spiffe://catalog.test/authority/x/system/steward"),
    )
    official = office.identities.officer("approver", "steward", by="consumer")
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask(
            "consumer", "ApproveGrant", LAWFUL["ApproveGrant"](), metadata=claims, assertion=official
        )
    assert refused.value.reason == "ROLE_REQUIRED"
    authority = office.identities.enrolments["consumer"].authority
    assert office.entries_after(before) == [
        ("AccessService.ApproveGrant", authority, "refused", "ROLE_REQUIRED")
    ]


@pytest.mark.parametrize("timeout", [None, 30.0], ids=["none", "too far"])
@pytest.mark.parametrize("name", UNARY)
async def test_a_unary_call_has_a_deadline_of_ten_seconds_at_most(
    office: CatalogOffice, name: str, timeout: float | None
) -> None:
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("steward", name, LAWFUL[name](), timeout=timeout)
    assert (refused.value.reason, refused.value.code) == (
        "DEADLINE_REQUIRED",
        grpc.StatusCode.INVALID_ARGUMENT,
    )


async def test_a_call_whose_deadline_is_too_near_is_not_begun_and_not_journalled(
    office: CatalogOffice,
) -> None:
    """The caller may give up before the answer arrives, so it asks until one does."""
    told = ""
    for _ in range(50):
        before = office.last_entry()
        with pytest.raises(RefusedByOffice) as refused:
            await office.ask("consumer", "CheckSubject", LAWFUL["CheckSubject"](), timeout=0.09)
        assert refused.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
        told = told or refused.value.reason
        if told:
            break
    assert told == shared.DEADLINE_TOO_NEAR.code
    assert office.entries_after(before) == []


async def test_a_message_over_what_the_transport_takes_is_not_read(office: CatalogOffice) -> None:
    before = office.last_entry()
    for name in ("CheckSubject", "CheckSubjects"):
        request = LAWFUL[name]()
        request.context.matter = "x" * 1024 * 1024
        with pytest.raises(RefusedByOffice) as refused:
            await office.ask("consumer", name, request)
        assert refused.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert office.entries_after(before) == []


def _with(name: str, **values: Any) -> Any:
    """A lawful request with one value changed; a name with two underscores goes into the context."""
    request = LAWFUL[name]()
    for path, value in values.items():
        holder = request
        *outer, last = path.split("__")
        for part in outer:
            holder = getattr(holder, part)
        if isinstance(value, list):
            del getattr(holder, last)[:]
            getattr(holder, last).extend(value)
        else:
            setattr(holder, last, value)
    return request


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
    "size": (
        "consumer",
        "CheckSubject",
        _with("CheckSubject", context__matter=HUGE),
        shared.MESSAGE_TOO_LARGE,
        "",
    ),
    "no purpose": (
        "consumer",
        "CheckSubject",
        _with("CheckSubject", context__purpose=""),
        shared.VALUE_REQUIRED,
        "context.purpose",
    ),
    "query id": (
        "consumer",
        "CheckSubject",
        _with("CheckSubject", context__query_id="1"),
        shared.VALUE_INVALID,
        "context.query_id",
    ),
    "identifier": (
        "consumer",
        "CheckSubject",
        _with("CheckSubject", subject__value=BAD_NUMBER),
        identity.IDENTIFIER_CHECK_FAILED,
        "subject.value",
    ),
    "kind of identifier": (
        "consumer",
        "GetCreditReport",
        _with("GetCreditReport", subject__kind=99),
        shared.VALUE_REQUIRED,
        "subject.kind",
    ),
    "batch": (
        "consumer",
        "CheckSubjects",
        _with("CheckSubjects", subjects=[PARTY] * 1001),
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
    "no cursor": (
        "consumer",
        "WatchChanges",
        _with("WatchChanges", cursor="x"),
        reasons.CURSOR_INVALID,
        "cursor",
    ),
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
        _with("AcknowledgeWithdrawal", record_id="1"),
        shared.NOT_FOUND,
        "",
    ),
    "no record": ("provider", "GetRecord", LAWFUL["GetRecord"](), shared.NOT_FOUND, "record_id"),
    "nothing to withdraw": (
        "provider",
        "WithdrawRecord",
        LAWFUL["WithdrawRecord"](),
        shared.NOT_FOUND,
        "record_id",
    ),
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
        _with("WithdrawRecord", reason=record_pb2.END_REASON_EXPIRED),
        reasons.END_REASON_NOT_ALLOWED,
        "reason",
    ),
    "end for no reason": (
        "provider",
        "WithdrawRecord",
        _with("WithdrawRecord", reason=0),
        reasons.END_REASON_NOT_ALLOWED,
        "reason",
    ),
    "end for an unknown reason": (
        "provider",
        "WithdrawRecord",
        _with("WithdrawRecord", reason=99),
        reasons.END_REASON_NOT_ALLOWED,
        "reason",
    ),
    "page too long": (
        "gateway",
        "ListPublicRecords",
        _with("ListPublicRecords", page_size=101),
        shared.VALUE_INVALID,
        "page_size",
    ),
    "no page": (
        "gateway",
        "ListPublicRecords",
        _with("ListPublicRecords", page_token="W10="),
        shared.VALUE_INVALID,
        "page_token",
    ),
    "an item that cannot be": (
        "gateway",
        "ListPublicRecords",
        _with("ListPublicRecords", item_code="a\x00"),
        shared.VALUE_INVALID,
        "item_code",
    ),
    "no item": (
        "provider",
        "GetCatalogItem",
        _with("GetCatalogItem", code="x"),
        reasons.ITEM_UNKNOWN,
        "code",
    ),
    "a week for a day": (
        "provider",
        "ListMeasures",
        _with("ListMeasures", on="2026-W05-1"),
        shared.VALUE_INVALID,
        "on",
    ),
}
BY_THE_DOOR: dict[str, Case] = {
    "role": ("provider", "CheckSubject", LAWFUL["CheckSubject"](), shared.ROLE_REQUIRED, ""),
    "purpose": (
        "consumer",
        "CheckSubject",
        _with("CheckSubject", context__purpose="curiosity"),
        reasons.PURPOSE_UNKNOWN,
        "",
    ),
    "grant": (
        "consumer",
        "CheckSubject",
        _with("CheckSubject", context__purpose="subsidy.review"),
        reasons.NOT_GRANTED,
        "",
    ),
    "grant for a report": (
        "other-consumer",
        "GetCreditReport",
        LAWFUL["GetCreditReport"](),
        reasons.NOT_GRANTED,
        "",
    ),
    "more than the purpose needs": (
        "consumer",
        "GetCreditReport",
        _with("GetCreditReport", context__purpose=YES_NO),
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
async def test_an_assertion_that_is_none_is_refused_and_journalled_once(
    office: CatalogOffice, spoilt: str
) -> None:
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


async def test_nothing_personal_stands_in_the_log_of_an_office_that_refused_all_this(
    office: CatalogOffice,
) -> None:
    person = identifier(resident(77), common.IDENTIFIER_KIND_RESIDENT_ID)
    await office.check(person)
    log = office.process.log
    assert '"event": "serving"' in log
    for value in (PARTY.value, BAD_NUMBER, person.value, "样例"):
        assert value not in log

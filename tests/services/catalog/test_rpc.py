"""The catalog over real mutual TLS: who gets in, and what a call must be like."""

from __future__ import annotations

from datetime import UTC, datetime

import grpc
import grpc.aio
import pytest

from chengxin.catalog.v1 import sharing_pb2
from foundation import reasons as shared
from standalone.ca import DevelopmentCa, System
from standalone.enrol import write_identity
from tests.services.catalog.office import METHODS, CatalogOffice
from tests.services.catalog.requests import LAWFUL
from tests.support.catalog_house import uscc
from tests.support.identities import RefusedByOffice

UNARY = [name for name, method in METHODS.items() if not (method.client_streaming or method.server_streaming)]


def test_the_walk_covers_every_method_of_the_contract() -> None:
    assert set(LAWFUL) == set(METHODS)


@pytest.mark.parametrize("forged", [True, False], ids=["of another authority", "none"])
async def test_without_a_certificate_of_the_house_there_is_no_connection(office: CatalogOffice, forged: bool) -> None:
    """Even one that copies an enrolled system's name to the letter."""
    folder = office.identities.folder / "forger"
    ca = DevelopmentCa(folder / "ca", trust_domain="catalog.test")
    ca.establish(now=datetime.now(UTC))
    consumer = office.identities.enrolments["consumer"]
    copied = System(authority=consumer.authority, name=consumer.system)
    write_identity(folder, copied, ca=ca, roles=(), days=2, now=datetime.now(UTC))
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
        "UPDATE enrolment SET not_after = now() - interval '1 second' WHERE fingerprint = %s", made["ended"].fingerprint
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
        await office.ask("consumer", "ApproveGrant", LAWFUL["ApproveGrant"](), metadata=claims, assertion=official)
    assert refused.value.reason == "ROLE_REQUIRED"
    authority = office.identities.enrolments["consumer"].authority
    assert office.entries_after(before) == [("AccessService.ApproveGrant", authority, "refused", "ROLE_REQUIRED")]


@pytest.mark.parametrize("timeout", [None, 30.0], ids=["none", "too far"])
@pytest.mark.parametrize("name", UNARY)
async def test_a_unary_call_has_a_deadline_of_ten_seconds_at_most(
    office: CatalogOffice, name: str, timeout: float | None
) -> None:
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("steward", name, LAWFUL[name](), timeout=timeout)
    assert (refused.value.reason, refused.value.code) == ("DEADLINE_REQUIRED", grpc.StatusCode.INVALID_ARGUMENT)


async def test_a_call_whose_deadline_is_too_near_is_not_begun_and_not_journalled(office: CatalogOffice) -> None:
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

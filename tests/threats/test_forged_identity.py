"""Who calls is who holds the key of an enrolled certificate, and nothing that a request says."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import grpc
import grpc.aio
import pytest

from chengxin.catalog.v1 import sharing_pb2, sharing_pb2_grpc
from tests.services.catalog.drafts import lawful
from tests.services.catalog.office import CatalogOffice, context, identifier
from tests.services.catalog.requests import LAWFUL, PARTY
from tests.support.catalog_house import uscc
from tests.support.eventually import eventually
from tests.support.identities import RefusedByOffice
from tests.threats.forged import Authority, Identity, enrol, self_signed, uri_of

DAY = timedelta(days=1)


async def asked(channel: grpc.aio.Channel, **metadata: str) -> sharing_pb2.CheckSubjectResponse:
    """Ask about a party by a connection of one's own. Raises RefusedByOffice."""
    request = sharing_pb2.CheckSubjectRequest(context=context(), subject=PARTY)
    sent = tuple((name.replace("_", "-"), value) for name, value in metadata.items())
    try:
        stub = sharing_pb2_grpc.SharingServiceStub(channel)
        return await stub.CheckSubject(request, timeout=5, metadata=sent)  # type: ignore[misc]
    except grpc.aio.AioRpcError as error:
        raise RefusedByOffice(error) from None


NOT_CERTIFIED: dict[str, Callable[[CatalogOffice], Identity]] = {
    "of another authority with the house's name": lambda office: Authority.forged(office).certify(
        uri_of(office, "consumer")
    ),
    "signed by its holder": lambda office: self_signed(uri_of(office, "consumer")),
    "expired": lambda office: Authority.of_the_house(office).certify(
        uri_of(office, "consumer"), begins=-2 * DAY, ends=-DAY
    ),
    "not yet valid": lambda office: Authority.of_the_house(office).certify(
        uri_of(office, "consumer"), begins=DAY, ends=2 * DAY
    ),
}


@pytest.mark.parametrize("which", NOT_CERTIFIED)
async def test_a_certificate_that_the_house_did_not_sign_for_now_makes_no_connection_even_if_enrolled(
    office: CatalogOffice, which: str
) -> None:
    identity = NOT_CERTIFIED[which](office)
    enrol(office, identity)
    before = office.last_entry()
    async with identity.channel(office) as channel:
        with pytest.raises(RefusedByOffice) as refused:
            await asked(channel)
    assert refused.value.code is grpc.StatusCode.UNAVAILABLE
    assert refused.value.reason == ""
    assert office.entries_after(before) == []


NOT_ENROLLED: dict[str, Callable[[CatalogOffice], list[str]]] = {
    "a second certificate for the same system": lambda office: [uri_of(office, "consumer")],
    "of another trust domain": lambda office: [uri_of(office, "consumer", trust_domain="elsewhere.test")],
    "with two names": lambda office: [uri_of(office, "consumer"), uri_of(office, "steward")],
    "with the name of another authority's system": lambda office: [uri_of(office, "steward")],
    "without an alternative name": lambda office: [],
}


@pytest.mark.parametrize("which", NOT_ENROLLED)
async def test_a_signed_certificate_counts_for_nothing_before_the_operator_enrolled_that_very_one(
    office: CatalogOffice, which: str
) -> None:
    uris = NOT_ENROLLED[which](office)
    identity = Authority.of_the_house(office).certify(*uris, name=uri_of(office, "consumer")[-60:])
    before = office.last_entry()
    async with identity.channel(office) as channel:
        with pytest.raises(RefusedByOffice) as refused:
            await asked(channel)
        assert refused.value.reason == "NOT_ENROLLED"
        enrol(office, identity)
        assert (await asked(channel)).receipt.entry_id > before
    # Nobody authenticated asked the first time, so that only the second leaves an entry.
    assert [entry[2] for entry in office.entries_after(before)] == ["answered"]


async def test_a_borrowed_certificate_shows_what_its_own_authority_may_see_and_no_more(office: CatalogOffice) -> None:
    before = office.last_entry()
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("other-consumer", "CheckSubject", LAWFUL["CheckSubject"]())
    assert refused.value.reason == "NOT_GRANTED"
    authority = office.identities.enrolments["other-consumer"].authority
    assert [entry[1] for entry in office.entries_after(before)] == [authority]


CLAIMS = {
    "role": {"role": "steward", "roles": "steward,office", "chengxin_role": "office"},
    "authority": {"x_authority": uscc(9_000_103), "chengxin_authority": "steward", "caller": "steward"},
    "fingerprint": {"fingerprint": "00" * 32, "x_client_fingerprint": "00" * 32},
    "proxy": {
        "x_forwarded_client_cert": "URI=spiffe://catalog.test/authority/x/system/steward",
        "x_spiffe_id": "spiffe://catalog.test/authority/x/system/steward",
        "x_forwarded_for": "127.0.0.1",
    },
    "certificate": {"x509_pem_cert": "steward", "x509_common_name": "steward"},
}


@pytest.mark.parametrize("which", CLAIMS)
async def test_nothing_that_metadata_claims_changes_who_calls(office: CatalogOffice, which: str) -> None:
    before = office.last_entry()
    sent = tuple((name.replace("_", "-"), value) for name, value in CLAIMS[which].items())
    for system, method in (("consumer", "ListOwnRecords"), ("other-consumer", "CheckSubject")):
        with pytest.raises(RefusedByOffice) as plain:
            await office.ask(system, method, LAWFUL[method]())
        with pytest.raises(RefusedByOffice) as claimed:
            await office.ask(system, method, LAWFUL[method](), metadata=sent)
        assert claimed.value.reason == plain.value.reason
    entries = office.entries_after(before)
    assert len(entries) == 4
    assert entries[0] == entries[1]
    assert entries[2] == entries[3]


async def test_a_role_or_authority_smuggled_into_a_request_is_not_read(office: CatalogOffice) -> None:
    request = LAWFUL["RevokeGrant"]()
    # Fields that the contract does not have: numbers 100 and up with texts of power.
    smuggled = b"".join(
        bytes([0xA2 | 0, 0x06 + at, len(text)]) + text
        for at, text in enumerate((b"steward", b"office", uscc(9_000_102).encode()))
    )
    request.MergeFromString(smuggled)
    assert request.SerializeToString().endswith(smuggled)
    token = office.identities.officer("c", "steward", by="other-consumer")
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("other-consumer", "RevokeGrant", request, assertion=token)
    assert refused.value.reason in ("ROLE_REQUIRED", "OFFICER_ROLE_REQUIRED")


async def _connected(office: CatalogOffice, name: str) -> Identity:
    identity = Authority.of_the_house(office).certify(uri_of(office, "consumer"), name=name)
    enrol(office, identity)
    return identity


async def test_a_revocation_takes_effect_at_once_on_a_connection_that_stays_open(office: CatalogOffice) -> None:
    identity = await _connected(office, "revoked")
    async with identity.channel(office) as channel:
        assert (await asked(channel)).receipt.entry_id
        assert office.identities.register.revoke(identity.fingerprint)
        before = office.last_entry()
        for _ in range(3):
            with pytest.raises(RefusedByOffice) as refused:
                await asked(channel)
            assert refused.value.reason == "NOT_ENROLLED"
        assert channel.get_state() is grpc.ChannelConnectivity.READY
    assert office.entries_after(before) == []


async def test_an_enrolment_that_ends_ends_on_an_open_connection_too(office: CatalogOffice) -> None:
    identity = await _connected(office, "ending")
    async with identity.channel(office) as channel:
        assert (await asked(channel)).receipt.entry_id
        office.sql("UPDATE enrolment SET not_after = clock_timestamp() WHERE fingerprint = %s", identity.fingerprint)
        with pytest.raises(RefusedByOffice) as refused:
            await asked(channel)
    assert refused.value.reason == "NOT_ENROLLED"


async def test_a_revocation_ends_streams_that_are_under_way(office: CatalogOffice) -> None:
    identity = await _connected(office, "streaming")
    party = identifier(uscc(7_100_001))
    async with identity.channel(office) as channel:
        stub = sharing_pb2_grpc.SharingServiceStub(channel)
        questions: asyncio.Queue[sharing_pb2.CheckSubjectsRequest] = asyncio.Queue()

        async def put() -> AsyncIterator[Any]:
            while True:
                yield await questions.get()

        batches: Any = stub.CheckSubjects(put())
        feed: Any = stub.WatchChanges(sharing_pb2.WatchChangesRequest(context=context()))
        ask = sharing_pb2.CheckSubjectsRequest(context=context(), subjects=[PARTY])
        await questions.put(ask)
        assert (await batches.read()).answers[0].receipt.entry_id
        await office.record(lawful(party=party.value))
        await feed.read()

        office.identities.register.revoke(identity.fingerprint)
        await questions.put(ask)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await batches.read()
        assert RefusedByOffice(refused.value).reason == "NOT_ENROLLED"
        await office.record(lawful(party=party.value))
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await _to_its_end(feed)
        assert RefusedByOffice(refused.value).reason in ("ROLE_REQUIRED", "NOT_ENROLLED")


async def _to_its_end(feed: Any) -> None:
    while (await feed.read()) is not grpc.aio.EOF:
        pass


def _host(office: CatalogOffice) -> tuple[str, int]:
    host, _, port = office.process.address.rpartition(":")
    return host, int(port)


async def test_a_connection_without_tls_is_none(office: CatalogOffice) -> None:
    async with grpc.aio.insecure_channel(office.process.address) as channel:
        with pytest.raises(RefusedByOffice) as refused:
            await asked(channel)
    assert refused.value.code is grpc.StatusCode.UNAVAILABLE


def _handshake(office: CatalogOffice, *, version: ssl.TLSVersion, certificate: bool = True) -> str:
    """Try a handshake of one version; read a byte, since with TLS 1.3 a refusal comes after it."""
    own = office.identities.folder / "consumer"
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.load_verify_locations(own / "ca.pem")
    client.set_alpn_protocols(["h2"])
    client.set_ciphers("ALL:@SECLEVEL=0")
    client.minimum_version = client.maximum_version = version
    if certificate:
        client.load_cert_chain(own / "cert.pem", own / "key.pem")
    with socket.create_connection(_host(office), timeout=5) as plain, client.wrap_socket(plain) as wrapped:
        wrapped.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)))
        assert wrapped.recv(9)
        return str(wrapped.version())


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_tls_of_an_old_version_is_none(office: CatalogOffice, version: ssl.TLSVersion) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)) as refused:
        await asyncio.to_thread(_handshake, office, version=version)
    by_the_office = isinstance(refused.value, ssl.SSLEOFError | ConnectionError) or "alert" in str(refused.value)
    assert by_the_office, "the attacker's own library refused"
    for good in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        assert await asyncio.to_thread(_handshake, office, version=good)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_without_a_certificate_gets_no_answer(office: CatalogOffice, version: ssl.TLSVersion) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        await asyncio.to_thread(_handshake, office, version=version, certificate=False)
    ca = (office.identities.folder / "consumer" / "ca.pem").read_bytes()
    async with grpc.aio.secure_channel(office.process.address, grpc.ssl_channel_credentials(ca)) as channel:
        with pytest.raises(RefusedByOffice) as refused:
            await asked(channel)
    assert refused.value.code is grpc.StatusCode.UNAVAILABLE


async def test_health_tells_nothing_but_health_and_wants_a_certificate_too(office: CatalogOffice) -> None:
    ca = (office.identities.folder / "consumer" / "ca.pem").read_bytes()
    async with grpc.aio.secure_channel(office.process.address, grpc.ssl_channel_credentials(ca)) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await check(b"", timeout=5)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_handshakes_that_are_begun_and_left_keep_nobody_out(office: CatalogOffice) -> None:
    held = [socket.create_connection(_host(office), timeout=5) for _ in range(100)]
    try:
        for one in held[:50]:
            one.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")

        async def answered() -> bool:
            with suppress(RefusedByOffice):
                return bool((await office.check(PARTY)).receipt.entry_id)
            return False

        assert await eventually(answered, within=10)
    finally:
        for one in held:
            one.close()

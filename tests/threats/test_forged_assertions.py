"""Who acts is whom the issuer says, for two minutes, through one system; an attacker gets no step out of a token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from foundation import reasons as shared
from tests.services.catalog.drafts import PENALTY, lawful, resident
from tests.services.catalog.office import CatalogOffice, identifier
from tests.services.catalog.requests import LAWFUL, changed
from tests.support.catalog_house import uscc
from tests.support.identities import RefusedByOffice

Claims = dict[str, Any]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Mint:
    """Makes tokens for the other consumer's system, right or wrong in one way each."""

    def __init__(self, office: CatalogOffice) -> None:
        self._office = office
        self._now = int(datetime.now(UTC).timestamp())

    def key(self, kind: str = "officer") -> Any:
        return load_pem_private_key((self._office.identities.folder / f"{kind}.pem").read_bytes(), None)

    def claims(self, **changes: Any) -> Claims:
        own = self._office.identities.enrolments["other-consumer"]
        claims = {
            "sub": "applicant",
            "authority": own.authority,
            "roles": ["case_officer"],
            "kind": "officer",
            "iss": "test",
            "aud": "chengxin",
            "iat": self._now,
            "exp": self._now + 120,
            "cnf": {"x5t#S256": b64(own.fingerprint)},
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, header: Any = None, key: Any = None, payload: str = "", **changes: Any) -> str:
        head = json.dumps(header or {"alg": "Ed25519", "kid": "officer", "typ": "JWT"})
        text = f"{b64(head.encode())}.{b64((payload or json.dumps(self.claims(**changes))).encode())}"
        return f"{text}.{b64((key or self.key()).sign(text.encode()))}"

    def by_secret(self) -> str:
        """HS256 with the issuer's public key as the secret."""
        raw = self.key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        text = f"{b64(json.dumps({'alg': 'HS256', 'kid': 'officer'}).encode())}"
        text = f"{text}.{b64(json.dumps(self.claims()).encode())}"
        return f"{text}.{b64(hmac.digest(raw, text.encode(), hashlib.sha256))}"

    def of(self, system: str) -> bytes:
        return self._office.identities.enrolments[system].fingerprint


FORGED: dict[str, Callable[[Mint], str]] = {
    "after its two minutes": lambda mint: mint.token(iat=mint._now - 121, exp=mint._now - 1),
    "with a longer life": lambda mint: mint.token(exp=mint._now + 121),
    "with a life in the future": lambda mint: mint.token(iat=mint._now + 60, exp=mint._now + 120),
    "that never ends": lambda mint: mint.token(exp=None),
    "for another audience": lambda mint: mint.token(aud="elsewhere"),
    "for a list of audiences": lambda mint: mint.token(aud=["chengxin"]),
    "of another issuer": lambda mint: mint.token(iss="elsewhere"),
    "bound to another system": lambda mint: mint.token(cnf={"x5t#S256": b64(mint.of("steward"))}),
    "bound to nothing": lambda mint: mint.token(cnf=None),
    "bound in hexadecimal": lambda mint: mint.token(cnf={"x5t#S256": mint.of("other-consumer").hex()}),
    "without a signature": lambda mint: mint.token({"alg": "none", "kid": "officer"}).rpartition(".")[0] + ".",
    "by the public key as a secret": lambda mint: mint.by_secret(),
    "by a key of the attacker's": lambda mint: mint.token(key=Ed25519PrivateKey.generate()),
    "by a key in its own header": lambda mint: mint.token(
        {"alg": "Ed25519", "kid": "officer", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": b64(bytes(32))}},
        key=Ed25519PrivateKey.generate(),
    ),
    "by the issuer of persons": lambda mint: mint.token(key=mint.key("person")),
    "by the issuer of persons, as an official's": lambda mint: mint.token(
        {"alg": "Ed25519", "kid": "person"}, key=mint.key("person")
    ),
    "by an unknown issuer": lambda mint: mint.token({"alg": "Ed25519", "kid": "staff-of-elsewhere"}),
    "by a path for a key": lambda mint: mint.token({"alg": "Ed25519", "kid": "../officer.pem"}),
    "with critical members unknown": lambda mint: mint.token(
        {"alg": "Ed25519", "kid": "officer", "crit": ["x"], "x": 1}
    ),
    "with its payload not encoded": lambda mint: mint.token(
        {"alg": "Ed25519", "kid": "officer", "b64": False, "crit": ["b64"]}
    ),
    "of a person's kind": lambda mint: mint.token(kind="person"),
    "with the roles of a text": lambda mint: mint.token(roles=None),
    "signed, then changed": lambda mint: ".".join(
        (
            mint.token().split(".")[0],
            b64(json.dumps(mint.claims(roles=["case_officer", "steward"])).encode()),
            mint.token().split(".")[2],
        )
    ),
}


@pytest.mark.parametrize("which", FORGED)
async def test_no_forged_assertion_takes_a_step(office: CatalogOffice, which: str) -> None:
    mint = Mint(office)
    before = office.last_entry()
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("other-consumer", "RequestGrant", LAWFUL["RequestGrant"](), assertion=FORGED[which](mint))
    assert refused.value.reason == "ASSERTION_INVALID"
    assert [entry[2:] for entry in office.entries_after(before)] == [("refused", "ASSERTION_INVALID")]


async def test_the_mint_makes_one_that_is_right(office: CatalogOffice) -> None:
    request = LAWFUL["RequestGrant"]()
    assert (await office.ask("other-consumer", "RequestGrant", request, assertion=Mint(office).token())).grant


async def test_a_claim_that_occurs_twice_counts_once_and_alike_for_issuer_and_office(office: CatalogOffice) -> None:
    mint = Mint(office)
    elsewhere = json.dumps(mint.claims())[:-1] + f', "authority": "{uscc(9_000_105)}"}}'
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask(
            "other-consumer", "RequestGrant", LAWFUL["RequestGrant"](), assertion=mint.token(payload=elsewhere)
        )
    assert refused.value.reason in ("ASSERTION_INVALID", "OFFICER_ROLE_REQUIRED")
    # A key named twice: the one that verifies is the one whose kind counts.
    head = b64(b'{"alg":"Ed25519","kid":"person","kid":"officer"}')
    text = f"{head}.{b64(json.dumps(mint.claims()).encode())}"
    for kind in ("person", "officer"):
        token = f"{text}.{b64(mint.key(kind).sign(text.encode()))}"
        ask = office.ask("other-consumer", "RequestGrant", LAWFUL["RequestGrant"](), assertion=token)
        if kind == "officer":
            assert (await ask).grant
        else:
            with pytest.raises(RefusedByOffice) as refused:
                await ask
            assert refused.value.reason == "ASSERTION_INVALID"


async def test_an_official_is_no_party_and_a_party_no_official(office: CatalogOffice) -> None:
    own = office.identities
    official = own.officer("citizen", "case_officer", by="gateway")
    person = own.assertion(
        "person",
        {
            "identifier_kind": "resident_id",
            "identifier": resident(3),
            "name": "样例",
            "sub": "approver",
            "authority": own.enrolments["steward"].authority,
            "roles": ["steward"],
        },
        by="steward",
    )
    for system, method, token, reason in (
        ("gateway", "ListOwnRecords", official, shared.OFFICER_ROLE_REQUIRED),
        ("steward", "ApproveGrant", person, shared.ASSERTION_REQUIRED),
    ):
        before = office.last_entry()
        with pytest.raises(RefusedByOffice) as refused:
            await office.ask(system, method, LAWFUL[method](), assertion=token)
        assert refused.value.reason == reason.code
        assert [entry[2:] for entry in office.entries_after(before)] == [("refused", refused.value.reason)]


async def test_an_official_brought_by_another_authority_s_system_takes_no_step_there(office: CatalogOffice) -> None:
    stranger = office.identities.officer(
        "b", "steward", by="steward", authority=office.identities.enrolments["other-consumer"].authority
    )
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("steward", "ApproveGrant", LAWFUL["ApproveGrant"](), assertion=stranger)
    assert refused.value.reason == "OFFICER_ROLE_REQUIRED"


@pytest.mark.parametrize("size", [9_000, 70_000, 1_000_000])
async def test_a_giant_assertion_is_refused_by_the_transport_and_the_next_call_goes_on(
    office: CatalogOffice, size: int
) -> None:
    giant = Mint(office).token(sub="x" * size)
    before = office.last_entry()
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("other-consumer", "RequestGrant", LAWFUL["RequestGrant"](), assertion=giant)
    assert refused.value.code in (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.PERMISSION_DENIED,
    )
    assert [entry[2:] for entry in office.entries_after(before)] in ([], [("refused", "ASSERTION_INVALID")])
    assert (await office.check(identifier(uscc(7_200_001)))).receipt.entry_id


async def test_one_official_with_two_tokens_and_two_systems_is_one_official(office: CatalogOffice) -> None:
    tokens = office.identities
    asked = await office.ask(
        "other-consumer",
        "RequestGrant",
        changed("RequestGrant", purpose="bankruptcy.review"),
        assertion=tokens.officer("twofold", "case_officer", by="other-consumer"),
    )
    approve = LAWFUL["ApproveGrant"]()
    approve.grant_id = asked.grant.grant_id
    for token in (
        tokens.officer("twofold", "steward", by="steward"),
        tokens.assertion(
            "officer",
            {
                "sub": "twofold",
                "authority": tokens.enrolments["steward"].authority,
                "roles": ["steward", "case_officer"],
            },
            by="steward",
            now=datetime.now(UTC) - timedelta(seconds=5),
        ),
    ):
        before = office.last_entry()
        with pytest.raises(RefusedByOffice) as refused:
            await office.ask("steward", "ApproveGrant", approve, assertion=token)
        assert refused.value.reason == "SAME_OFFICIAL"
        assert [entry[2:] for entry in office.entries_after(before)] == [("refused", "SAME_OFFICIAL")]
    assert (
        await office.ask(
            "steward", "ApproveGrant", approve, assertion=tokens.officer("another", "steward", by="steward")
        )
    ).grant.approved


async def test_two_assertions_in_one_call_are_never_two_officials(office: CatalogOffice) -> None:
    tokens = office.identities
    asked = await office.ask(
        "other-consumer",
        "RequestGrant",
        changed("RequestGrant", purpose="bankruptcy.review"),
        assertion=tokens.officer("first", "case_officer", by="other-consumer"),
    )
    approve = LAWFUL["ApproveGrant"]()
    approve.grant_id = asked.grant.grant_id
    second = ("chengxin-assertion", tokens.officer("second", "steward", by="steward"))
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask(
            "steward",
            "ApproveGrant",
            approve,
            metadata=(("chengxin-assertion", tokens.officer("first", "steward", by="steward")), second),
        )
    assert refused.value.reason in ("SAME_OFFICIAL", "ASSERTION_INVALID")


async def test_a_record_of_another_authority_is_not_ended_by_a_provider_that_names_it(office: CatalogOffice) -> None:
    (record_id,) = await office.record(lawful(item=PENALTY))
    request = LAWFUL["WithdrawRecord"]()
    request.record_id = record_id
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("other-provider", "WithdrawRecord", request)
    assert refused.value.reason == "NOT_FOUND"
    assert office.sql("SELECT ended_at FROM record WHERE record_id = %s", record_id) == [(None,)]

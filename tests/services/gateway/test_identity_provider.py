"""Any OpenID provider works by discovery, and no answer counts that it did not sign for this sign-in."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from foundation.refusal import Refused
from gateway.identity_provider import IdentityProvider, SignIn
from tests.services.gateway.conftest import PERSON, PERSON_NUMBER

ISSUER = "https://idp.example"
ACR = "urn:acr:verified"
KEY = ECKey.generate_key("P-256", {"kid": "k1", "alg": "ES256", "use": "sig"})
OTHER = ECKey.generate_key("P-256", {"kid": "k1", "alg": "ES256", "use": "sig"})
NOW = datetime.now(UTC)
IDENTITY = {**PERSON, "identifier": PERSON_NUMBER}


@dataclass
class Provider:
    """An OpenID provider of another make (ES256, client_secret_basic) that can be told to answer wrongly."""

    nonce: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str] = lambda claims: jwt.encode({"alg": "ES256", "kid": "k1"}, claims, KEY)
    token_status: int = 200
    metadata: dict[str, Any] = field(default_factory=dict)
    seen: list[dict[str, list[str]]] = field(default_factory=list)

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request of the gateway."""
        match request.url.path:
            case "/.well-known/openid-configuration":
                found = {
                    "issuer": ISSUER,
                    "authorization_endpoint": f"{ISSUER}/authorize",
                    "token_endpoint": f"{ISSUER}/token",
                    "userinfo_endpoint": f"{ISSUER}/userinfo",
                    "jwks_uri": f"{ISSUER}/keys",
                }
                return httpx.Response(200, json={**found, **self.metadata})
            case "/keys":
                return httpx.Response(200, json={"keys": [KEY.as_dict(private=False)]})
            case "/token":
                self.seen.append(parse_qs(request.content.decode()))
                issued = int(NOW.timestamp())
                usual = {
                    "iss": ISSUER,
                    "sub": "s1",
                    "aud": "gateway",
                    "iat": issued,
                    "exp": issued + 300,
                    "nonce": self.nonce,
                    "acr": ACR,
                }
                claims = {k: v for k, v in {**usual, **self.claims}.items() if v is not None}
                answer = {"access_token": "at", "token_type": "Bearer", "id_token": self.sign(claims)}
                return httpx.Response(self.token_status, json=answer)
            case "/userinfo":
                assert request.headers["authorization"] == "Bearer at"
                return httpx.Response(200, json=self.userinfo)
            case _:
                return httpx.Response(404)


def client_of(provider: Provider) -> IdentityProvider:
    """The gateway's client of a provider."""
    return IdentityProvider(
        issuer=ISSUER,
        client_id="gateway",
        client_secret="secret",
        redirect_uri="https://portal.example/callback",
        accepted_acr=frozenset({ACR}),
        clock=lambda: NOW,
        transport=httpx.MockTransport(provider.handle),
    )


async def begin(provider: Provider) -> tuple[IdentityProvider, SignIn]:
    """Begin a sign-in; the provider learns its nonce as it would from the browser."""
    client = client_of(provider)
    _, begun = await client.begin()
    provider.nonce = begun.nonce
    return client, begun


async def test_a_provider_of_another_make_signs_people_in() -> None:
    provider = Provider(claims=IDENTITY)
    client, begun = await begin(provider)
    person = await client.complete(begun, code="c", issuer=ISSUER)
    assert person.identifier.value.reveal() == PERSON_NUMBER
    assert provider.seen[0]["code_verifier"] == [begun.code_verifier]


async def test_the_identity_may_come_from_userinfo() -> None:
    provider = Provider(userinfo={"sub": "s1", **IDENTITY})
    client, begun = await begin(provider)
    assert (await client.complete(begun, code="c")).name.reveal() == PERSON["name"]


async def test_userinfo_of_somebody_else_counts_for_nothing() -> None:
    provider = Provider(userinfo={"sub": "s2", **IDENTITY})
    client, begun = await begin(provider)
    with pytest.raises(Refused, match="SIGN_IN_FAILED"):
        await client.complete(begun, code="c")


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another-client"},
        {"aud": ["gateway", "other"], "azp": "other"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": int(NOW.timestamp()) - 60},
        {"exp": None},
        {"sub": None},
    ],
    ids="-".join,
)
async def test_an_id_token_for_another_occasion_signs_nobody_in(claims: dict[str, Any]) -> None:
    client, begun = await begin(Provider(claims={**IDENTITY, **claims}))
    with pytest.raises(Refused, match="SIGN_IN_FAILED"):
        await client.complete(begun, code="c")


def _unsigned(claims: dict[str, Any]) -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), ""])


def _by_shared_secret(claims: dict[str, Any]) -> str:
    # The classic confusion: the provider's public key taken for a shared secret.
    secret = OctKey.import_key(json.dumps(KEY.as_dict(private=False)))
    return jwt.encode({"alg": "HS256", "kid": "k1"}, claims, secret, algorithms=["HS256"])


@pytest.mark.parametrize(
    "sign",
    [
        _unsigned,
        _by_shared_secret,
        lambda claims: jwt.encode({"alg": "ES256", "kid": "k1"}, claims, OTHER),
        lambda claims: jwt.encode({"alg": "RS256", "kid": "k1"}, claims, RSAKey.generate_key(2048)),
        lambda claims: "rubbish",
    ],
    ids=["unsigned", "shared secret", "another key", "another algorithm", "rubbish"],
)
async def test_an_id_token_that_the_provider_did_not_sign_signs_nobody_in(
    sign: Callable[[dict[str, Any]], str],
) -> None:
    client, begun = await begin(Provider(claims=IDENTITY, sign=sign))
    with pytest.raises(Refused, match="SIGN_IN_FAILED"):
        await client.complete(begun, code="c")


@pytest.mark.parametrize("claims", [{"acr": "urn:acr:weak"}, {"acr": None}, {"identifier": 5}, {"name": None}])
async def test_an_identity_that_is_not_verified_or_not_whole_signs_nobody_in(claims: dict[str, Any]) -> None:
    client, begun = await begin(Provider(claims={**IDENTITY, **claims}))
    with pytest.raises(Refused, match="IDENTITY_NOT_VERIFIED"):
        await client.complete(begun, code="c")


async def test_a_provider_in_trouble_is_told_as_such() -> None:
    client, begun = await begin(Provider(claims=IDENTITY, token_status=500))
    with pytest.raises(Refused, match="SIGN_IN_UNAVAILABLE"):
        await client.complete(begun, code="c")


@pytest.mark.parametrize("metadata", [{"issuer": "https://elsewhere.example"}, {"jwks_uri": f"{ISSUER}/nowhere"}])
async def test_a_discovery_document_that_is_not_right_is_not_used(metadata: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="SIGN_IN_UNAVAILABLE"):
        await client_of(Provider(metadata=metadata)).begin()

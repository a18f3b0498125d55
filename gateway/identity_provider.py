"""Signing people in at an OpenID provider: discovery, authorization code with PKCE, ID token.

The provider must say who the person is: claims name, identifier_kind, identifier (in the ID token or at the
userinfo endpoint) and acr. Of officials: sub, and claims that
settings name. Source: OpenID Connect Core 1.0; RFC 7636; RFC 9207.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from foundation.access import Officer, Person
from foundation.calendar import day_of
from foundation.identity import IdentifierKind, canonicalise
from foundation.reasons import OFFICER_ROLE_REQUIRED
from foundation.refusal import Refused
from gateway.reasons import IDENTITY_NOT_VERIFIED, SIGN_IN_FAILED, SIGN_IN_UNAVAILABLE
from gateway.seal import new_token

ALGORITHMS = ("Ed25519", "EdDSA", "ES256", "ES384", "PS256", "RS256")
"""Signatures accepted on ID tokens; never `none`, never a shared secret."""
STAFF_ROLES = frozenset({"repair_officer", "repair_head", "auditor", "counter_clerk"})
"""Roles of officials for whom there are pages; a directory's other roles count for nothing here."""
LONGEST_SUBJECT = 64
_TIMEOUT_S = 5.0
_KEPT = timedelta(minutes=10)
_SKEW_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A sign-in that has begun; stays with the browser that began it."""

    state: str
    nonce: str
    code_verifier: str


@dataclass(frozen=True, slots=True)
class _Provider:
    metadata: dict[str, Any]
    keys: KeySet
    read_at: datetime


@dataclass(kw_only=True)
class IdentityProvider:
    """One OpenID provider, found by discovery when it is first needed.

    `transport` reaches a provider that runs in this process; others are reached by the network.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    accepted_acr: frozenset[str]
    clock: Callable[[], datetime]
    transport: httpx.AsyncBaseTransport | None = None
    _known: _Provider | None = field(default=None, init=False, repr=False)

    async def begin(self) -> tuple[str, SignIn]:
        """Return the address to which the browser goes, and what must be remembered for it.

        Raises Refused(SIGN_IN_UNAVAILABLE).
        """
        provider = await self._provider()
        begun = SignIn(state=new_token(), nonce=new_token(), code_verifier=new_token())
        url = prepare_grant_uri(
            provider.metadata["authorization_endpoint"],
            client_id=self.client_id,
            response_type="code",
            redirect_uri=self.redirect_uri,
            scope="openid profile",
            state=begun.state,
            nonce=begun.nonce,
            code_challenge=create_s256_code_challenge(begun.code_verifier),
            code_challenge_method="S256",
            acr_values=" ".join(sorted(self.accepted_acr)),
        )
        return url, begun

    async def complete(self, begun: SignIn, *, code: str, issuer: str = "") -> Person:
        """Exchange the code and return who signed in. Raises as `claims_of`, or Refused(IDENTITY_NOT_VERIFIED)."""
        return self._person(await self.claims_of(begun, code=code, issuer=issuer, needed="identifier"))

    async def claims_of(self, begun: SignIn, *, code: str, issuer: str, needed: str) -> dict[str, Any]:
        """Exchange the code; `issuer` is the `iss` of the answer, if it had one. Without `needed` userinfo is asked.

        Raises Refused(SIGN_IN_FAILED), Refused(SIGN_IN_UNAVAILABLE), or Refused(IDENTITY_NOT_VERIFIED) where the
        assurance (acr) is none of those accepted.
        """
        if issuer not in ("", self.issuer):
            raise Refused(SIGN_IN_FAILED)
        provider = await self._provider()
        try:
            async with self._client() as client:
                token = await self._token(client, provider, code, begun.code_verifier)
                claims = self._claims(provider, token, begun.nonce)
                if needed not in claims and "userinfo_endpoint" in provider.metadata:
                    claims = await self._with_userinfo(client, provider, token, claims)
        except httpx.HTTPError:
            raise Refused(SIGN_IN_UNAVAILABLE) from None
        except (JoseError, ValueError, KeyError, TypeError):
            # The next sign-in reads the provider's keys again: it may have changed them.
            self._known = None
            raise Refused(SIGN_IN_FAILED) from None
        if claims.get("acr") not in self.accepted_acr:
            raise Refused(IDENTITY_NOT_VERIFIED)
        return claims

    async def _token(self, client: httpx.AsyncClient, provider: _Provider, code: str, verifier: str) -> dict[str, Any]:
        answer = await client.post(
            provider.metadata["token_endpoint"],
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": verifier,
            },
            auth=httpx.BasicAuth(quote(self.client_id, safe=""), quote(self.client_secret, safe="")),
        )
        if answer.is_server_error:
            answer.raise_for_status()
        return answer.json()  # An OAuth error has no id_token.

    def _claims(self, provider: _Provider, token: dict[str, Any], nonce: str) -> dict[str, Any]:
        decoded = jwt.decode(token["id_token"], provider.keys, algorithms=list(ALGORITHMS))
        options = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self.client_id},
            "nonce": {"essential": True, "value": nonce},
        }
        expected = {"nonce": nonce, "client_id": self.client_id, "access_token": token.get("access_token")}
        claims = CodeIDToken(decoded.claims, decoded.header, options, expected)
        claims.validate(now=int(self.clock().timestamp()), leeway=_SKEW_S)
        return dict(claims)

    async def _with_userinfo(
        self, client: httpx.AsyncClient, provider: _Provider, token: dict[str, Any], claims: dict[str, Any]
    ) -> dict[str, Any]:
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        answer = await client.get(provider.metadata["userinfo_endpoint"], headers=bearer)
        answer.raise_for_status()
        more: dict[str, Any] = answer.json()
        if more["sub"] != claims["sub"]:
            raise ValueError("userinfo of somebody else")
        return {**more, **claims}

    def _person(self, claims: dict[str, Any]) -> Person:
        try:
            kind = IdentifierKind(claims["identifier_kind"])
            number, name = claims["identifier"], claims["name"]
            if not isinstance(number, str) or not isinstance(name, str):
                raise TypeError("texts are expected")
            identifier = canonicalise(kind, number, today=day_of(self.clock()))
        except (KeyError, ValueError, TypeError, Refused):
            raise Refused(IDENTITY_NOT_VERIFIED) from None
        return Person(identifier=identifier, name=name)

    async def _provider(self) -> _Provider:
        now = self.clock()
        if self._known is not None and now - self._known.read_at < _KEPT:
            return self._known
        try:
            async with self._client() as client:
                metadata = await _json(client, f"{self.issuer}/.well-known/openid-configuration")
                if metadata["issuer"] != self.issuer:
                    raise ValueError("the document is another issuer's")
                keys = KeySet.import_key_set(await _json(client, metadata["jwks_uri"]))
        except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError):
            raise Refused(SIGN_IN_UNAVAILABLE) from None
        self._known = _Provider(metadata, keys, now)
        return self._known

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self.transport, timeout=_TIMEOUT_S)


@dataclass(kw_only=True)
class StaffProvider(IdentityProvider):
    """Signs officials in. Roles and authority come from the claims of the directory that these names say."""

    roles_claim: str
    authority_claim: str

    async def official(self, begun: SignIn, *, code: str, issuer: str = "") -> tuple[Officer, str]:
        """Exchange the code and return which official signed in, and the name to greet with.

        Raises as `claims_of`, Refused(IDENTITY_NOT_VERIFIED), Refused(OFFICER_ROLE_REQUIRED).
        """
        claims = await self.claims_of(begun, code=code, issuer=issuer, needed=self.roles_claim)
        try:
            subject, uscc = claims["sub"], claims[self.authority_claim]
            if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or not isinstance(uscc, str):
                raise TypeError("texts are expected")
            authority = canonicalise(IdentifierKind.USCC, uscc, today=day_of(self.clock())).value.reveal()
            roles = frozenset(str(role) for role in claims[self.roles_claim]) & STAFF_ROLES
        except (KeyError, ValueError, TypeError, Refused):
            raise Refused(IDENTITY_NOT_VERIFIED) from None
        if not roles:
            raise Refused(OFFICER_ROLE_REQUIRED)
        return Officer(subject=subject, authority=authority, roles=roles), str(claims.get("name") or subject)


async def _json(client: httpx.AsyncClient, url: str) -> Any:
    answer = await client.get(url)
    answer.raise_for_status()
    return answer.json()

"""An OpenID provider small enough to read: discovery, authorize, token, keys, userinfo. DEVELOPMENT ONLY."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from authlib.oauth2.rfc6749.util import extract_basic_authorization
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import APIRouter, Form, Header, HTTPException, Query
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader
from joserfc import jwt
from joserfc.jwk import OKPKey
from pydantic import BaseModel, Field, ValidationError

from gateway.devidp.samples import SampleOfficial, SampleParty, sample_officials, sample_parties
from gateway.seal import SealedStore, derive, new_token
from gateway.settings import DEVELOPMENT_ACR

PATH = "/dev-idp"
CLIENT_ID = "chengxin-gateway"
STAFF_CLIENT_ID = "chengxin-gateway-staff"
"""The gateway's client for officials; a token for one client signs nobody in at the other."""
_KID = "development-only"
_PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
_CSP = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_CODE_LIFE = timedelta(minutes=1)
_TOKEN_LIFE = timedelta(minutes=5)


class AuthorizationRequest(BaseModel):
    """What the gateway's client asks for. Source: OpenID Connect Core 3.1.2.1; RFC 7636."""

    response_type: str = Field(pattern="^code$")
    client_id: str = Field(pattern=f"^({CLIENT_ID}|{STAFF_CLIENT_ID})$")
    redirect_uri: str
    scope: str = Field(pattern=r"(^| )openid( |$)")
    state: str = Field(min_length=1, max_length=200)
    nonce: str = Field(min_length=1, max_length=200)
    code_challenge: str = Field(pattern="^[A-Za-z0-9_-]{43}$")
    code_challenge_method: str = Field(pattern="^S256$")


class Choice(AuthorizationRequest):
    """The posted page: the request again, and whom the visitor chose to be."""

    choice: str = Field(pattern="^(sample|typed)$")
    party: int = Field(0, ge=0)
    name: str = ""
    identifier_kind: str = ""
    identifier: str = ""
    sub: str = ""
    authority: str = ""
    roles: str = ""


class TokenRequest(BaseModel):
    """The exchange of a code. Source: RFC 6749 section 4.1.3; RFC 7636 section 4.5."""

    grant_type: str
    code: str
    redirect_uri: str
    code_verifier: str = Field(pattern="^[A-Za-z0-9._~-]{43,128}$")


def client_secret(secret: bytes) -> str:
    """The secret that the gateway's own client shows to the provider in the same process."""
    return derive(secret, "development client").hex()


@dataclass(frozen=True, kw_only=True)
class DevelopmentProvider:
    """Issues codes and ID tokens about whoever was chosen; everything it remembers is sealed in Redis."""

    public_url: str
    redirect_uri: str
    secret: bytes = field(repr=False)
    parties: Path | None
    officials: Path | None
    store: SealedStore
    clock: Callable[[], datetime]

    @property
    def issuer(self) -> str:
        """Its issuer identifier."""
        return self.public_url + PATH

    @cached_property
    def _key(self) -> OKPKey:
        private = Ed25519PrivateKey.from_private_bytes(derive(self.secret, "development signing"))
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return OKPKey.import_key(pem, {"kid": _KID, "alg": "Ed25519", "use": "sig"})

    def router(self) -> APIRouter:
        """Its pages and endpoints under /dev-idp, none of them in the API document."""
        router = APIRouter(prefix=PATH, include_in_schema=False)
        router.add_api_route("/.well-known/openid-configuration", self.discovery)
        router.add_api_route("/jwks", self.jwks)
        router.add_api_route("/authorize", self.page, response_model=None)
        router.add_api_route("/authorize", self.chosen, methods=["POST"], response_model=None)
        router.add_api_route("/token", self.token, methods=["POST"], response_model=None)
        router.add_api_route("/userinfo", self.userinfo, response_model=None)
        return router

    async def discovery(self) -> dict[str, Any]:
        """The discovery document."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["Ed25519"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "acr_values_supported": [DEVELOPMENT_ACR],
            "claims_supported": [*SampleParty.model_fields, *SampleOfficial.model_fields, "acr"],
            "authorization_response_iss_parameter_supported": True,
        }

    async def jwks(self) -> dict[str, Any]:
        """Its public key."""
        return {"keys": [self._key.as_dict(private=False)]}

    async def page(self, request: Annotated[AuthorizationRequest, Query()]) -> HTMLResponse:
        """The page on which one chooses whom to be."""
        self._require_redirect(request.redirect_uri)
        official = request.client_id == STAFF_CLIENT_ID
        samples = sample_officials(self.officials) if official else sample_parties(self.parties)
        shown = {"samples": samples, "official": official, "request": request.model_dump()}
        html = _PAGES.get_template("page.html").render(shown)
        return HTMLResponse(html, headers={"Content-Security-Policy": _CSP})

    async def chosen(self, form: Annotated[Choice, Form()]) -> RedirectResponse:
        """Send the browser back with a code for whoever was chosen."""
        self._require_redirect(form.redirect_uri)
        code = new_token()
        value = {
            "claims": self._claims(self._chosen(form)),
            "client": form.client_id,
            "nonce": form.nonce,
            "challenge": form.code_challenge,
            "redirect_uri": form.redirect_uri,
        }
        await self.store.put("dev-code", code, value, life=_CODE_LIFE)
        query = urlencode({"code": code, "state": form.state, "iss": self.issuer})
        return RedirectResponse(f"{form.redirect_uri}?{query}", 303)

    async def token(
        self, form: Annotated[TokenRequest, Form()], authorization: Annotated[str, Header()] = ""
    ) -> JSONResponse:
        """Exchange a code, once, for an ID token."""
        client = self._client(authorization)
        if not client:
            return _oauth_error("invalid_client", 401)
        value = await self.store.take("dev-code", form.code)
        if (
            value is None
            or value["client"] != client
            or form.grant_type != "authorization_code"
            or form.redirect_uri != value["redirect_uri"]
            or not hmac.compare_digest(create_s256_code_challenge(form.code_verifier), value["challenge"])
        ):
            return _oauth_error("invalid_grant", 400)
        access_token = new_token()
        await self.store.put("dev-token", access_token, value["claims"], life=_TOKEN_LIFE)
        now = int(self.clock().timestamp())
        claims = {
            **value["claims"],
            "iss": self.issuer,
            "aud": client,
            "iat": now,
            "exp": now + int(_TOKEN_LIFE.total_seconds()),
            "nonce": value["nonce"],
        }
        header = {"alg": "Ed25519", "kid": _KID}
        return JSONResponse(
            {
                "access_token": access_token,
                "token_type": "Bearer",
                "expires_in": int(_TOKEN_LIFE.total_seconds()),
                "id_token": jwt.encode(header, claims, self._key, algorithms=["Ed25519"]),
            }
        )

    async def userinfo(self, authorization: Annotated[str, Header()] = "") -> JSONResponse:
        """The claims again, for the bearer of the access token."""
        claims = await self.store.get("dev-token", authorization.removeprefix("Bearer "))
        return _oauth_error("invalid_token", 401) if claims is None else JSONResponse(claims)

    def _chosen(self, form: Choice) -> SampleParty | SampleOfficial:
        official = form.client_id == STAFF_CLIENT_ID
        try:
            if form.choice == "sample":
                return (sample_officials(self.officials) if official else sample_parties(self.parties))[form.party]
            typed = form.model_dump()
            if official:
                return SampleOfficial.model_validate({**typed, "roles": form.roles.split()})
            return SampleParty.model_validate(typed)
        except (IndexError, ValidationError):
            raise HTTPException(400) from None

    def _claims(self, who: SampleParty | SampleOfficial) -> dict[str, Any]:
        if isinstance(who, SampleOfficial):
            return {"acr": DEVELOPMENT_ACR, **who.model_dump()}
        named = f"{who.identifier_kind}:{who.identifier}".encode()
        return {
            "sub": hmac.digest(derive(self.secret, "development subject"), named, "sha256").hex()[:32],
            "acr": DEVELOPMENT_ACR,
            **who.model_dump(),
        }

    def _require_redirect(self, uri: str) -> None:
        if uri != self.redirect_uri:
            raise HTTPException(400)

    def _client(self, authorization: str) -> str:
        """Which client this is; empty for none."""
        try:
            name, secret = extract_basic_authorization({"Authorization": authorization})
        except UnicodeDecodeError:
            return ""
        known = hmac.compare_digest((secret or "").encode(), client_secret(self.secret).encode())
        return name if known and name in (CLIENT_ID, STAFF_CLIENT_ID) else ""


def _oauth_error(code: str, status: int) -> JSONResponse:
    return JSONResponse({"error": code}, status)

"""Settings of the gateway: environment variables `CHENGXIN_*`, secrets by file.

The table in docs/settings.md is generated from this class.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import limits
from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_ACR = "urn:chengxin:acr:development"
"""The assurance that the development identity provider gives: none. No production house accepts it."""


class GatewaySettings(BaseSettings):
    """What the gateway needs to start; a missing or contradictory value stops it with that name."""

    model_config = SettingsConfigDict(env_prefix="CHENGXIN_", extra="ignore", hide_input_in_errors=True)

    listen: str = Field("127.0.0.1:0", description="host:port of the HTTP server; port 0 takes a free one")
    public_url: str = Field("", description="how browsers reach the gateway; empty for http://<listen>")
    cert: Path = Field(description="the gateway's certificate chain, PEM, with the role gateway")
    key: Path = Field(description="its private key, PEM")
    ca: Path = Field(description="the authority that signs everybody's certificates, PEM")
    catalog_address: str = Field(description="host:port of the catalog office")
    blacklist_address: str = Field(description="host:port of the list office")
    repair_address: str = Field(description="host:port of the repair office")
    audit_address: str = Field(description="host:port of the audit office")
    catalog_vkey: str = Field("", description="verifier key of withdrawal certificates, for those who check one here")
    blacklist_vkey: str = Field("", description="verifier key of notices and decisions, for those who check one here")
    authorities: Path | None = Field(None, description="JSON list of the authorities' names that pages show")
    redis_url: str = Field(description="Redis of the sessions and rate limits: redis://, rediss:// or unix://")
    cookie_secret: Path = Field(description="file of at least 32 random bytes; every session key comes from it")
    person_issuer: str = Field("chengxin-gateway", description="issuer name in the assertions of persons")
    person_issuer_kid: str = Field("chengxin-gateway-1", description="key id of that issuer")
    person_issuer_key: Path = Field(description="its Ed25519 private key, PEM")
    oidc_issuer: str = Field("", description="OpenID provider that signs people in, found by discovery")
    oidc_client_id: str = Field("", description="client id of the gateway there")
    oidc_client_secret: Path | None = Field(None, description="file of the client secret there")
    oidc_acr: str = Field("", description="accepted assurance levels (acr), separated by spaces")
    dev_idp: bool = Field(False, description="run the development identity provider; sample houses only")
    dev_idp_parties: Path | None = Field(None, description="JSON list of sample parties it offers")
    dev_idp_officials: Path | None = Field(None, description="JSON list of sample officials it offers")
    staff_oidc_issuer: str = Field("", description="OpenID provider that signs officials in; empty: no staff pages")
    staff_oidc_client_id: str = Field("", description="client id of the gateway there")
    staff_oidc_client_secret: Path | None = Field(None, description="file of the client secret there")
    staff_oidc_acr: str = Field("", description="accepted assurance levels (acr): those with a second factor")
    staff_oidc_roles: str = Field("roles", description="claim with an official's roles, as the directory has them")
    staff_oidc_authority: str = Field("authority", description="claim with the USCC of an official's authority")
    staff_issuer: str = Field("development-staff", description="issuer name in the assertions of officials")
    staff_issuer_kid: str = Field("development-staff-1", description="key id of that issuer")
    staff_issuer_key: Path | None = Field(None, description="Ed25519 private key of that issuer, PEM")
    home: str = Field("/api/v1/session", description="path where a browser goes after signing in")
    trusted_proxies: str = Field("", description="addresses whose X-Forwarded-For is believed")
    rate_address: str = Field("600/minute", description="requests from one address")
    rate_session: str = Field("240/minute", description="requests of one session")
    rate_sign_in: str = Field("30/minute", description="sign-ins begun from one address")
    rate_prefix: str = Field(
        "300/hour", description="sign-ins of persons whose ID numbers share region and date of birth"
    )
    rate_desk: str = Field("30/hour", description="parties for whom one clerk at a desk begins to act")
    drain_s: float = Field(0.0, ge=0, description="seconds between not ready and closing the door, on SIGTERM")
    production: bool = Field(False, description="refuse everything that only a sample house may do")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least level logged")
    ready_file: Path | None = Field(None, description="file that gets the bound address once serving")

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @field_validator("rate_address", "rate_session", "rate_sign_in", "rate_prefix", "rate_desk")
    @classmethod
    def _rate(cls, rate: str) -> str:
        limits.parse(rate)
        return rate

    @model_validator(mode="after")
    def _whole(self) -> GatewaySettings:
        if self.dev_idp and self.production:
            raise ValueError("CHENGXIN_DEV_IDP: the development identity provider is refused in production")
        if self.dev_idp and self.staff_issuer_key is None:
            raise ValueError("CHENGXIN_STAFF_ISSUER_KEY is needed by the development identity provider")
        if not self.dev_idp:
            for name in ("oidc_issuer", "oidc_client_id", "oidc_client_secret", "oidc_acr"):
                if not getattr(self, name):
                    raise ValueError(f"CHENGXIN_{name.upper()} is needed to sign people in")
            staff = ("staff_oidc_client_id", "staff_oidc_client_secret", "staff_oidc_acr", "staff_issuer_key")
            for name in staff if self.staff_oidc_issuer else ():
                if not getattr(self, name):
                    raise ValueError(f"CHENGXIN_{name.upper()} is needed to sign officials in")
            if DEVELOPMENT_ACR in self.accepted_acr | self.accepted_staff_acr:
                raise ValueError("CHENGXIN_OIDC_ACR: the development assurance proves nobody's identity")
        if self.production and urlsplit(self.public_url).scheme != "https":
            raise ValueError("CHENGXIN_PUBLIC_URL must be https in production")
        return self

    @property
    def accepted_acr(self) -> frozenset[str]:
        """Assurance levels at which a sign-in counts."""
        return frozenset({DEVELOPMENT_ACR} if self.dev_idp else self.oidc_acr.split())

    @property
    def accepted_staff_acr(self) -> frozenset[str]:
        """Assurance levels at which an official's sign-in counts."""
        return frozenset({DEVELOPMENT_ACR} if self.dev_idp else self.staff_oidc_acr.split())

    @property
    def secure(self) -> bool:
        """True when browsers come by https."""
        return urlsplit(self.public_url).scheme == "https"

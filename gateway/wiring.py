"""Builds the parts of a running gateway from its settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from fastapi import FastAPI

from foundation.access import fingerprint_of
from foundation.rpc import office_channel
from gateway.authorities import authorities
from gateway.counter import Counter
from gateway.devidp.officers import officers
from gateway.devidp.provider import CLIENT_ID, STAFF_CLIENT_ID, DevelopmentProvider, client_secret
from gateway.identity_provider import IdentityProvider, StaffProvider
from gateway.journeys.session.views import CALLBACK
from gateway.offices import Issuer, Offices
from gateway.rate_limits import RateLimits
from gateway.seal import SealedStore, connect, read_secret
from gateway.sessions import Sessions
from gateway.settings import GatewaySettings

OFFICES = ("catalog", "blacklist", "repair", "audit")
Clock = Callable[[], datetime]


def open_counter(app: FastAPI, settings: GatewaySettings, *, clock: Clock) -> Counter:
    """Build the counter and give it to `app`; with it the development provider, where settings ask for it.

    `settings.public_url` must be known. Call it inside the event loop that will serve.
    """
    secret = read_secret(settings.cookie_secret)
    store = SealedStore(connect(settings.redis_url), secret, clock)
    people, staff = _identity(app, settings, secret, store, clock)
    counter = Counter(
        offices=_offices(settings, clock),
        sessions=Sessions(store, clock),
        store=store,
        limits=RateLimits(settings, secret),
        identity=people,
        staff=staff,
        home=settings.home,
        public_url=settings.public_url,
        secure=settings.secure,
        authorities=authorities(settings.authorities),
        signers={"catalog": settings.catalog_vkey, "blacklist": settings.blacklist_vkey},
    )
    app.state.counter = counter
    return counter


def _offices(settings: GatewaySettings, clock: Clock) -> Offices:
    def issuer(of: str) -> Issuer:
        return Issuer(
            key=read_key(getattr(settings, f"{of}_issuer_key")),
            kid=getattr(settings, f"{of}_issuer_kid"),
            name=getattr(settings, f"{of}_issuer"),
            bound_to=fingerprint_of(settings.cert.read_bytes()),
            clock=clock,
        )

    return Offices(
        # A channel takes the certificate files alone from settings, which both kinds of them name alike.
        channels={office: office_channel(settings, getattr(settings, f"{office}_address")) for office in OFFICES},
        issuer=issuer("person"),
        staff_issuer=issuer("staff") if settings.staff_issuer_key else None,
    )


def _identity(
    app: FastAPI, settings: GatewaySettings, secret: bytes, store: SealedStore, clock: Clock
) -> tuple[IdentityProvider, StaffProvider | None]:
    """Who signs parties in, and who officials."""
    redirect_uri = settings.public_url + CALLBACK
    same: Any = {"redirect_uri": redirect_uri, "clock": clock}
    if not settings.dev_idp:

        def client(of: str) -> dict[str, Any]:
            file: Path = getattr(settings, f"{of}_client_secret")
            return {
                **same,
                "issuer": getattr(settings, f"{of}_issuer"),
                "client_id": getattr(settings, f"{of}_client_id"),
                "client_secret": file.read_text(encoding="utf-8").strip(),
            }

        people = IdentityProvider(**client("oidc"), accepted_acr=settings.accepted_acr)
        if not settings.staff_oidc_issuer:
            return people, None
        staff = StaffProvider(
            **client("staff_oidc"),
            accepted_acr=settings.accepted_staff_acr,
            roles_claim=settings.staff_oidc_roles,
            authority_claim=settings.staff_oidc_authority,
        )
        return people, staff
    assert settings.staff_issuer_key is not None
    provider = DevelopmentProvider(
        public_url=settings.public_url,
        redirect_uri=redirect_uri,
        secret=secret,
        parties=settings.dev_idp_parties,
        officials=settings.dev_idp_officials,
        store=store,
        clock=clock,
    )
    app.include_router(provider.router())
    app.include_router(
        officers(
            key=read_key(settings.staff_issuer_key),
            kid=settings.staff_issuer_kid,
            issuer=settings.staff_issuer,
            clock=clock,
        )
    )
    same |= {
        "issuer": provider.issuer,
        "client_secret": client_secret(secret),
        "accepted_acr": settings.accepted_acr,
        "transport": httpx.ASGITransport(app=app),
    }
    return (
        IdentityProvider(client_id=CLIENT_ID, **same),
        StaffProvider(client_id=STAFF_CLIENT_ID, **same, roles_claim="roles", authority_claim="authority"),
    )


def read_key(file: Path) -> Ed25519PrivateKey:
    """Read an Ed25519 private key in PEM. Raises ValueError for any other key."""
    key = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{file.name} holds no Ed25519 key")
    return key

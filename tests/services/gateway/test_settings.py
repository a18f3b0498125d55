"""The gateway refuses to start half-configured or with development parts in production."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.seal import read_secret
from gateway.settings import DEVELOPMENT_ACR, GatewaySettings
from gateway.wiring import read_key
from tests.services.gateway.conftest import Identities, environment

REAL = {
    "dev_idp": False,
    "oidc_issuer": "https://idp.example",
    "oidc_client_id": "gateway",
    "oidc_client_secret": "/nowhere",
    "oidc_acr": "urn:acr:verified",
}


def settings(identities: Identities, **changed: Any) -> GatewaySettings:
    """Settings of the in-test house with changes."""
    return GatewaySettings(**{**environment(identities, "127.0.0.1:1", "redis://127.0.0.1"), **changed})


@pytest.mark.parametrize(
    "changed",
    [
        {"production": True, "public_url": "https://portal.example"},
        {"staff_issuer_key": None},
        {"dev_idp": False},
        {**REAL, "oidc_acr": ""},
        {**REAL, "oidc_acr": f"urn:acr:verified {DEVELOPMENT_ACR}"},
        {**REAL, "oidc_client_secret": None},
        {**REAL, "production": True, "public_url": "http://portal.example"},
        {"rate_address": "often"},
        {"drain_s": -1},
    ],
)
def test_contradictory_settings_are_refused(identities: Identities, changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(identities, **changed)


def test_a_production_house_takes_a_real_provider(identities: Identities) -> None:
    production = settings(identities, **REAL, production=True, public_url="https://portal.example/")
    assert production.secure
    assert production.public_url == "https://portal.example"
    assert production.accepted_acr == {"urn:acr:verified"}


def test_every_setting_is_described() -> None:
    assert all(field.description for field in GatewaySettings.model_fields.values())


def test_a_short_cookie_secret_is_refused(identities: Identities) -> None:
    short = identities.path("short")
    short.write_bytes(b"x" * 31)
    with pytest.raises(ValueError, match="32"):
        read_secret(short)


def test_a_key_of_another_kind_is_refused(identities: Identities) -> None:
    with pytest.raises(ValueError, match="Ed25519"):
        read_key(identities.path("gateway.key"))

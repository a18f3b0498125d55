"""Settings of the repair office, besides those of every office."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from foundation.settings import OfficeSettings

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class RepairSettings(OfficeSettings):
    """What the repair office needs to start."""

    messenger_url: str = Field(
        "",
        description="the operator's own sender of e-mail or SMS (HTTPS, or HTTP on this machine), which tells a party to"
        " sign in when an official has acted on its application; empty: messages wait in the portal alone",
    )
    messenger_token: Path | None = Field(None, description="file with the bearer token that the sender asks for")

    @field_validator("messenger_url")
    @classmethod
    def _closed_to_others(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise ValueError("must begin with https://, or with http:// on this machine")
        return url

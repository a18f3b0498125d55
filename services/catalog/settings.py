"""Settings of the catalog office."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from foundation.settings import OfficeSettings


class CatalogSettings(OfficeSettings):
    """What the catalog needs besides what every office needs."""

    document_key: Path = Field(description="Ed25519 key, PEM, that signs withdrawal certificates")

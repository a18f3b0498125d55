"""Settings of the catalog office."""

from __future__ import annotations

from pathlib import Path

import limits
from pydantic import Field, model_validator

from foundation.settings import OfficeSettings


class CatalogSettings(OfficeSettings):
    """What the catalog needs besides what every office needs."""

    document_key: Path = Field(description="Ed25519 key, PEM, that signs withdrawal certificates")
    redis_url: str = Field("", description="Redis of the limits: redis://, rediss:// or unix://")
    limit_authority: str = Field("100000/hour", description="different persons that one authority asks about")
    limit_prefix: str = Field("100/hour", description="of them, with the same region and date of birth")

    @model_validator(mode="after")
    def _counted(self) -> CatalogSettings:
        for rate in (self.limit_authority, self.limit_prefix):
            limits.parse(rate)
        if self.production and not self.redis_url:
            raise ValueError("CHENGXIN_REDIS_URL is needed in production: questions about persons are limited")
        return self

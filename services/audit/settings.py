"""Settings of the audit office, besides those of every office."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from foundation.settings import OfficeSettings, role_dsn

READER = "audit_reader"
OFFICES = ("catalog", "blacklist", "repair", "audit")


class SourceSettings(BaseModel):
    """Where one office's journal is."""

    model_config = ConfigDict(extra="forbid")

    database_url: str = Field(default="", description="its PostgreSQL URL without user; empty: this office's database")
    keys: Path | None = Field(
        default=None, description="its key folder; none: beside this office's, by the source's name"
    )


def _every_office() -> dict[str, SourceSettings]:
    return {office: SourceSettings() for office in OFFICES}


class AuditSettings(OfficeSettings):
    """What the audit office needs to start."""

    sources: dict[str, SourceSettings] = Field(
        default_factory=_every_office,
        description="the journals to sequence, as JSON by schema name; default: the four offices in this database",
    )
    log_listen: str = Field("127.0.0.1:0", description="host:port of the public tiles and checkpoint (HTTP)")
    log_ready_file: Path | None = Field(None, description="file that gets their bound address once serving")
    log_origin: str = Field("", description="the log's name in its checkpoints; default: <deployment>/log")
    log_key: Path | None = Field(None, description="the log's signing key, PEM; default: log.key in `keys`")

    witness_vkey: str = Field("", description="the witness's verifier key, which it prints at its start")
    entries_listen: str = Field(
        "", description="host:port of the entry tiles (HTTPS, auditors' certificates); empty: not served"
    )

    entries_ready_file: Path | None = Field(None, description="file that gets their bound address once serving")

    @model_validator(mode="after")
    def _knows_its_witness(self) -> Self:
        if self.witness_url and not self.witness_vkey:
            raise ValueError("CHENGXIN_WITNESS_URL needs CHENGXIN_WITNESS_VKEY")
        return self

    @property
    def origin(self) -> str:
        """The log's name."""
        return self.log_origin or f"{self.deployment}/log"

    @property
    def log_key_file(self) -> Path:
        """The file of the log's signing key."""
        return self.log_key or self.keys / "log.key"

    def source_dsn(self, source: str) -> str:
        """The connection string by which the audit role reads a source's journal."""
        url = self.sources[source].database_url or self.database_url
        return role_dsn(url, READER, (self.database_secrets / READER).read_text().strip())

    def source_keys(self, source: str) -> Path:
        """The key folder that opens a source's private parts."""
        return self.sources[source].keys or self.keys.parent / source

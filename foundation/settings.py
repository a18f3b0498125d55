"""Settings of every office process: environment variables `CHENGXIN_*`, secrets by file.

The table in docs/settings.md is generated from these classes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

LAW = Path(__file__).resolve().parent.parent / "law"


class OfficeSettings(BaseSettings):
    """What an office needs to start; a missing value stops it with that name."""

    model_config = SettingsConfigDict(env_prefix="CHENGXIN_", extra="ignore")

    database_url: str = Field(description="PostgreSQL URL without user; each role brings its own")
    database_secrets: Path = Field(description="folder with one file per login role, holding its password")
    listen: str = Field("127.0.0.1:0", description="host:port of the gRPC server; port 0 takes a free one")
    cert: Path = Field(description="this office's certificate chain, PEM")
    key: Path = Field(description="its private key, PEM")
    ca: Path = Field(description="the authority that signs everybody's certificates, PEM")
    keys: Path = Field(description="folder of the file key provider")
    issuers: Path = Field(description="JSON file of trusted assertion issuers")
    law: Path = Field(LAW, description="folder of the law data")
    deployment: str = Field("chengxin", description="name of this deployment, bound into every ciphertext")
    trust_domain: str = Field("chengxin.example", description="SPIFFE trust domain of the certificates")
    catalog_address: str = Field("", description="host:port of the catalog office")
    blacklist_address: str = Field("", description="host:port of the list office")
    repair_address: str = Field("", description="host:port of the repair office")
    audit_address: str = Field("", description="host:port of the audit office")
    production: bool = Field(False, description="refuse everything that only a sample house may do")
    only: Literal["", "serve", "work"] = Field("", description="serve RPCs only, or run the worker only")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least level logged")
    max_concurrent_rpcs: int = Field(512, description="calls at once before new ones are shed")
    ready_file: Path | None = Field(None, description="file that gets the bound address once serving")

    def dsn(self, role: str) -> str:
        """The database URL for a login role, with its password from `database_secrets`."""
        password = (self.database_secrets / role).read_text().strip()
        return role_dsn(self.database_url, role, password)


def role_dsn(url: str, role: str, password: str) -> str:
    """Put a role and its password into a PostgreSQL URL in place of whatever user it names."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(password, safe='')}@{host}"))

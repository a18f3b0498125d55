"""Settings of every office process: environment variables `CHENGXIN_*`, secrets by file.

The table in docs/settings.md is generated from these classes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from foundation.crypto import Suites

LAW = Path(__file__).resolve().parent.parent / "law"


class OfficeSettings(BaseSettings):
    """What an office needs to start; a missing value stops it with that name."""

    model_config = SettingsConfigDict(env_prefix="CHENGXIN_", extra="ignore", hide_input_in_errors=True)

    database_url: str = Field(description="PostgreSQL URL without user; each role brings its own")
    database_secrets: Path = Field(description="folder with one file per login role, holding its password")
    listen: str = Field("127.0.0.1:0", description="host:port of the gRPC server; port 0 takes a free one")
    cert: Path = Field(description="this office's certificate chain, PEM")
    key: Path = Field(description="its private key, PEM")
    ca: Path = Field(description="the authority that signs everybody's certificates, PEM")
    keys: Path = Field(description="folder of the file key provider, and of keys with which the office signs")
    key_provider: Literal["file", "openbao"] = Field(
        "file", description="who keeps the outermost keys: the folder `keys`, or OpenBao's transit engine"
    )
    openbao_address: str = Field("", description="URL of OpenBao's API: https, host and port")
    openbao_ca: Path | None = Field(
        None, description="who signs its certificate, PEM; none: the authorities that the system trusts"
    )
    openbao_token: Path | None = Field(None, description="file of this office's token, read at each use")
    openbao_mount: str = Field("chengxin", description="an office's transit engine is `<this>/<office>`")
    issuers: Path = Field(description="JSON file of trusted assertion issuers")
    law: Path = Field(LAW, description="folder of the law data")
    suite: int = Field(
        1, ge=1, le=2, description="cipher suite of new data: 1 AES and SHA-256, 2 SM4 and SM3 (商用密码)"
    )
    min_suite: int = Field(1, ge=1, le=2, description="least suite whose data is opened; at most `suite`")
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
    log_url: str = Field(
        "", description="http(s) address of the audit log's checkpoint; empty: a restored backup is not noticed"
    )
    log_vkey: str = Field("", description="the audit log's verifier key; needed with either address")
    witness_url: str = Field(
        "", description="http(s) address of the log's witness; empty: neither fork nor clock is checked"
    )
    log_max_unsequenced_s: float = Field(5, gt=0, description="longest wait for the log before answers stop")
    log_max_unpublished_s: float = Field(30, gt=0, description="the same while the log can't be read")
    log_max_unwitnessed_s: float = Field(900, gt=0, description="longest wait for the witness before answers stop")
    clock_max_off_s: float = Field(2, gt=0, description="most that the database's clock may differ from the witness's")

    @model_validator(mode="after")
    def _opens_what_it_seals(self) -> Self:
        if self.min_suite > self.suite:
            raise ValueError(
                f"CHENGXIN_MIN_SUITE={self.min_suite} would refuse what CHENGXIN_SUITE={self.suite} seals:"
                " raise CHENGXIN_SUITE too"
            )
        return self

    @model_validator(mode="after")
    def _reaches_its_key_provider(self) -> Self:
        https = self.openbao_address.startswith("https://")
        if self.key_provider == "openbao" and not (https and self.openbao_token):
            raise ValueError(
                "CHENGXIN_KEY_PROVIDER=openbao needs CHENGXIN_OPENBAO_ADDRESS=https://... and CHENGXIN_OPENBAO_TOKEN"
            )
        return self

    @model_validator(mode="after")
    def _knows_the_log(self) -> Self:
        if (self.log_url or self.witness_url) and not self.log_vkey:
            raise ValueError("CHENGXIN_LOG_URL and CHENGXIN_WITNESS_URL need CHENGXIN_LOG_VKEY")
        return self

    @property
    def suites(self) -> Suites:
        """The suites of new data and of data that is opened."""
        return Suites.numbered(self.suite, least=self.min_suite)

    def dsn(self, role: str) -> str:
        """The database URL for a login role, with its password from `database_secrets`."""
        password = (self.database_secrets / role).read_text().strip()
        return role_dsn(self.database_url, role, password)


def role_dsn(url: str, role: str, password: str) -> str:
    """Put a role and its password into a PostgreSQL URL in place of whatever user it names."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(password, safe='')}@{host}"))

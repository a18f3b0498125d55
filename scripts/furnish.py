"""Makes a house ready in a cluster: roles, schemas, law, keys, enrolments. `python -m scripts.furnish`, safe to repeat.

On one machine `chengxin up` does the same. Settings by CHENGXIN_* variables, like those of the offices.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from foundation.crypto import FileKeyProvider
from standalone.enrol import Enrolment, Register, checked_roles
from standalone.ports import OFFICES
from standalone.schemas import bring_up_to_date
from standalone.secret_files import signing_key, verifier_key
from standalone.trouble import Trouble

SIGNERS = {"catalog": "documents.pem", "audit": "log.key"}
"""Files of the signing keys that lie in an office's key folder and are made here; the list office makes its own."""


class FurnishSettings(BaseSettings):
    """What the job needs."""

    model_config = SettingsConfigDict(env_prefix="CHENGXIN_", extra="ignore")

    admin_url: Path = Field(description="file with the PostgreSQL URL of a role that may create roles and schemas")
    database_secrets: Path = Field(description="folder with one file per login role, holding its password")
    key_folders: Path = Field(description="folder in which each office has its own; its keys lie in <office>/keys")
    enrolments: Path | None = Field(
        None, description="JSON list of certificates to enrol: certificate (PEM file), roles, revoked"
    )
    deployment: str = Field("chengxin", description="name of this deployment, bound into every ciphertext")
    trust_domain: str = Field("chengxin.example", description="SPIFFE trust domain of the certificates")
    sample: bool = Field(False, description="make a sample house; counts only at its creation")


def furnish(settings: FurnishSettings) -> list[str]:
    """Bring everything up to date; gives the lines to print. Raises Trouble."""
    admin = settings.admin_url.read_text(encoding="utf-8").strip()
    bring_up_to_date(
        admin, role_passwords=settings.database_secrets, sample=settings.sample, deployment=settings.deployment
    )
    said = [f"schemas and law are up to date: {', '.join(OFFICES)}"]
    for office in OFFICES:
        FileKeyProvider.initialise(settings.key_folders / office / "keys")
    for office, name in SIGNERS.items():
        file = signing_key(settings.key_folders / office / "keys" / name)
        signer = f"{settings.deployment}/{'log' if office == 'audit' else office}"
        said.append(f"verifier key: {verifier_key(signer, file)}")
    if settings.enrolments is not None:
        said += _enrol(settings.enrolments, Register(admin), settings.trust_domain)
    return said


def _enrol(file: Path, register: Register, trust_domain: str) -> list[str]:
    said: list[str] = []
    entries: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    for entry in entries:
        roles = checked_roles(entry["roles"])
        enrolment = Enrolment.of(Path(entry["certificate"]), roles, trust_domain=trust_domain)
        if entry.get("revoked"):
            register.revoke(enrolment.fingerprint)
        else:
            register.enter([enrolment])
        verb = "revoked" if entry.get("revoked") else "enrolled"
        said.append(f"{verb} {enrolment.system} of {enrolment.authority}: {', '.join(enrolment.roles)}")
    return said


def main() -> int:
    """Furnish from the environment; gives the exit code."""
    try:
        print("\n".join(furnish(FurnishSettings())))  # pyright: ignore[reportCallIssue]  # from the environment
    except Trouble as trouble:
        print(f"{trouble.what}\nRemedy: {trouble.remedy}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Makes a house ready in a cluster: roles, schemas, law, keys, enrolments. `python -m scripts.furnish`, safe to repeat.

On one machine `chengxin up` does the same. Settings by CHENGXIN_* variables, like those of the offices.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from chengxin.proofs import note
from foundation.crypto import FileKeyProvider
from foundation.db.migrate import ROLES, create_roles, upgrade
from standalone.enrol import Enrolment, Register, checked_roles
from standalone.law import load_all_law
from standalone.secret_files import signing_key
from standalone.trouble import Trouble

SIGNERS = {"catalog": "documents.pem", "audit": "log.key"}
"""Files of the signing keys that lie in an office's key folder and are made here; the list office makes its own."""


class FurnishSettings(BaseSettings):
    """What the job needs."""

    model_config = SettingsConfigDict(env_prefix="CHENGXIN_", extra="ignore")

    admin_url: Path = Field(
        description="file with the PostgreSQL URL of a role that may create roles and schemas"
    )
    database_secrets: Path = Field(description="folder with one file per login role, holding its password")
    key_folders: Path = Field(
        description="folder in which each office has its own; its keys lie in <office>/keys"
    )
    enrolments: Path | None = Field(
        None, description="JSON list of certificates to enrol: certificate (PEM file), roles, revoked"
    )
    deployment: str = Field("chengxin", description="name of this deployment, bound into every ciphertext")
    trust_domain: str = Field("chengxin.example", description="SPIFFE trust domain of the certificates")
    sample: bool = Field(False, description="make a sample house; counts only at its creation")


def furnish(settings: FurnishSettings) -> list[str]:
    """Bring everything up to date; gives the lines to print. Raises Trouble."""
    admin = settings.admin_url.read_text(encoding="utf-8").strip()
    create_roles(admin, settings.database_secrets)
    for schema in ROLES:
        upgrade(admin, schema, sample=settings.sample, deployment=settings.deployment)
    load_all_law(admin)
    said = [f"schemas and law are up to date: {', '.join(ROLES)}"]
    for office in ROLES:
        FileKeyProvider.initialise(settings.key_folders / office / "keys")
    for office, name in SIGNERS.items():
        file = signing_key(settings.key_folders / office / "keys" / name)
        signer = f"{settings.deployment}/{'log' if office == 'audit' else office}"
        said.append(f"verifier key: {note.vkey(signer, note.read_key_file(file).public_key())}")
    if settings.enrolments is not None:
        said += _enrol(settings.enrolments, Register(admin), settings.trust_domain)
    return said


def _enrol(file: Path, register: Register, trust_domain: str) -> list[str]:
    said: list[str] = []
    entries: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    for entry in entries:
        enrolment = _enrolment(Path(entry["certificate"]), entry["roles"], trust_domain)
        if entry.get("revoked"):
            register.revoke(enrolment.fingerprint)
        else:
            register.enter([enrolment])
        verb = "revoked" if entry.get("revoked") else "enrolled"
        said.append(f"{verb} {enrolment.system} of {enrolment.authority}: {', '.join(enrolment.roles)}")
    return said


def _enrolment(file: Path, roles: list[str], trust_domain: str) -> Enrolment:
    """Who a certificate stands for, as its SPIFFE id says."""
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    (uri,) = names.get_values_for_type(x509.UniformResourceIdentifier)
    parts = uri.removeprefix("spiffe://").split("/")
    if len(parts) != 5 or parts[0] != trust_domain or (parts[1], parts[3]) != ("authority", "system"):
        raise Trouble(
            f"{file} is no certificate of a system in the trust domain {trust_domain}.",
            remedy=f"Its URI must be spiffe://{trust_domain}/authority/<USCC>/system/<name>.",
        )
    return Enrolment(
        fingerprint=certificate.fingerprint(hashes.SHA256()),
        spiffe_id=uri,
        authority=parts[2],
        system=parts[4],
        roles=checked_roles(roles),
        not_after=certificate.not_valid_after_utc,
    )


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

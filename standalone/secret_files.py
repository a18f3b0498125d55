"""Secrets of a house, made once, each in a file that only its owner may read."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chengxin.proofs import note
from standalone.ca import write_json, write_private
from standalone.trouble import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionIssuer:
    """Who may assert natural persons to the offices, with its private key's file."""

    kid: str
    kind: str
    """person or officer."""
    issuer: str
    key: Path


def random_secret(file: Path) -> Path:
    """A file of 32 random bytes."""
    if not file.exists():
        write_private(file, secrets.token_bytes(32))
    return file


def signing_key(file: Path) -> Path:
    """A file with an Ed25519 private key in PEM."""
    if not file.exists():
        write_private(file, note.generate_key())
    return file


def verifier_key(name: str, file: Path) -> str:
    """The verifier key (c2sp.org/signed-note) under which readers know the signing key in `file`."""
    return note.vkey(name, note.read_key_file(file).public_key())


def write_issuers(file: Path, issuers: list[AssertionIssuer], *, also: Path | None = None) -> None:
    """Write the public side of the issuers, and of those that the file `also` lists, as every office reads it."""
    entries: list[dict[str, str]] = [
        {
            "kid": issuer.kid,
            "kind": issuer.kind,
            "issuer": issuer.issuer,
            "public_key": base64.b64encode(_public(issuer.key)).decode(),
        }
        for issuer in issuers
    ]
    if also is not None:
        try:
            entries += json.loads(also.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise Trouble.of("ISSUERS_UNREADABLE", file=also) from error
    write_json(file, entries)


def _public(file: Path) -> bytes:
    return note.read_key_file(file).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

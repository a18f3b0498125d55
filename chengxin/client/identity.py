"""The folder that says who a department's system is: certificate, key, the house's CA and addresses."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from chengxin.client.errors import IdentityError

VARIABLE = "CHENGXIN_IDENTITY"
"""Environment variable that names the folder where no folder is given."""

_OFFICES = ("catalog", "blacklist", "repair", "audit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who calls, and whom. Addresses are `host:port` by office; `log_vkey` verifies the audit log."""

    certificate: bytes
    key: bytes = field(repr=False)
    ca: bytes
    addresses: Mapping[str, str]
    gateway: str
    log_vkey: str

    @classmethod
    def open(cls, folder: str | Path | None = None, *, now: datetime | None = None) -> Identity:
        """Read the folder given, or the one that CHENGXIN_IDENTITY names. Raises IdentityError.

        `now` is the instant by which the certificate must be valid, by default this machine's.
        """
        place = Path(folder or os.environ.get(VARIABLE) or _not_named())
        if not place.is_dir():
            raise IdentityError(f"There is no identity folder {place}. Make one with `chengxin enroll`.")
        certificate, key = _read(place, "cert.pem"), _read(place, "key.pem")
        _check(place, certificate, key, now or datetime.now(UTC))
        house = _house(place)
        return cls(
            certificate=certificate,
            key=key,
            ca=_read(place, "ca.pem"),
            addresses={office: house[office] for office in _OFFICES if office in house},
            gateway=house.get("gateway", ""),
            log_vkey=house.get("log_vkey", ""),
        )

    def address(self, office: str) -> str:
        """The address of an office. Raises IdentityError when house.json does not name it."""
        try:
            return self.addresses[office]
        except KeyError:
            raise IdentityError(
                f'house.json names no address for the {office} office; add "{office}": "host:port".'
            ) from None


def _not_named() -> str:
    raise IdentityError(f"No identity is named. Give the folder that `chengxin enroll` made, or set {VARIABLE} to it.")


def _read(place: Path, name: str) -> bytes:
    try:
        return (place / name).read_bytes()
    except FileNotFoundError:
        raise IdentityError(f"The identity folder {place} lacks {name}. Enrol again.") from None
    except OSError as error:
        raise IdentityError(f"{place / name} cannot be read: {error.strerror}.") from None


def _check(place: Path, certificate: bytes, key: bytes, now: datetime) -> None:
    """Say clearly what the TLS handshake would only call a failure."""
    try:
        loaded = x509.load_pem_x509_certificate(certificate)
        belongs = load_pem_private_key(key, password=None).public_key() == loaded.public_key()
    except (ValueError, TypeError):
        raise IdentityError(f"cert.pem or key.pem in {place} is not PEM, or the key has a password.") from None
    if not belongs:
        raise IdentityError(f"key.pem in {place} is not the key of cert.pem. Enrol again.")
    ends = loaded.not_valid_after_utc
    if now >= ends:
        raise IdentityError(f"The certificate in {place} ended on {ends:%Y-%m-%d}. Renew it: `chengxin enroll`.")


def _house(place: Path) -> dict[str, str]:
    try:
        house: Any = json.loads(_read(place, "house.json"))
    except ValueError:
        house = None
    if not isinstance(house, dict) or not all(isinstance(value, str) for value in house.values()):
        raise IdentityError(f"house.json in {place} must be a JSON object of texts. Enrol again.")
    return house

"""Cipher suites: which algorithms a stored ciphertext was made with, named by one byte in its header.

Every place that makes or opens a ciphertext takes its algorithms from here. A further suite is one more entry
in `SUITES`; stored data keeps the suite it was made with.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from foundation.crypto.errors import OpenFailed

KEY_BYTES = 32
"""Length of every key-encryption key, data key and index key."""
NONCE_BYTES = 12
TAG_BYTES = 16


class Aead(Protocol):
    """Authenticated encryption under one key; ciphertexts end with a tag of 16 bytes.

    `decrypt` raises InvalidTag, and gives nothing before the whole tag has been checked.
    """

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Encrypt and authenticate `data`; authenticate `associated_data`."""
        ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Check the tag, then give the plaintext."""
        ...


@dataclass(frozen=True, slots=True)
class Suite:
    """Algorithms that belong together.

    `field_aead` seals fields under a key used for one record only; `wrap_aead` seals keys and journal parts
    under long-lived keys, where a repeated nonce must not be fatal. Both take a key of `KEY_BYTES`.
    `expand(key, info, length)` derives key material from a uniform key; `derive(secret, info)` a key from any
    secret; `mac(key, message)` gives 32 bytes.
    """

    number: int
    name: str
    field_aead: Callable[[bytes], Aead]
    wrap_aead: Callable[[bytes], Aead]
    expand: Callable[[bytes, bytes, int], bytes]
    derive: Callable[[bytes, bytes], bytes]
    mac: Callable[[bytes, bytes], bytes]


def _expand_sha256(key: bytes, info: bytes, length: int) -> bytes:
    return HKDFExpand(SHA256(), length, info).derive(key)


def _derive_sha256(secret: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(secret)


def _mac_sha256(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


INTERNATIONAL = Suite(
    number=1,
    name="AES-256-GCM, AES-256-GCM-SIV, HKDF-SHA-256, HMAC-SHA-256",
    field_aead=AESGCM,
    wrap_aead=AESGCMSIV,
    expand=_expand_sha256,
    derive=_derive_sha256,
    mac=_mac_sha256,
)

SUITES: dict[int, Suite] = {INTERNATIONAL.number: INTERNATIONAL}
"""The suites that can be opened, by the number in a ciphertext's header."""

CURRENT = INTERNATIONAL
"""The suite of new data."""


def suite_of(number: int) -> Suite:
    """Give the suite of that number. Raises OpenFailed for one that is not known."""
    suite = SUITES.get(number)
    if suite is None:
        raise OpenFailed
    return suite


def release(aead: Aead, nonce: bytes, sealed: bytes, associated_data: bytes) -> bytes:
    """Give the plaintext once its tag has been checked; the only place where one comes out.

    Raises OpenFailed, whatever was wrong.
    """
    try:
        return aead.decrypt(nonce, sealed, associated_data)
    except (InvalidTag, ValueError, OverflowError):
        raise OpenFailed from None

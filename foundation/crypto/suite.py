"""Cipher suites: which algorithms a stored ciphertext was made with, named by one byte in its header.

Every place that makes or opens a ciphertext takes its algorithms from here. A further suite is one more entry
in `SUITES`; stored data keeps the suite it was made with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.hashes import SHA256, SM3, HashAlgorithm
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from foundation.crypto.errors import OpenFailed, SuiteTooOld
from foundation.crypto.layout import NONCE_BYTES, length_prefixed

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

KEY_BYTES = 32
"""Length of every key-encryption key, data key and index key."""
TAG_BYTES = 16
COMMITMENT_BYTES = 32
_SM4_KEY_BYTES = 16
_SM4_MESSAGE = b"chengxin sm4-gcm message "


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


class Sm4Gcm:
    """SM4-GCM (GB/T 32907-2016; RFC 8998) under one key of 16 bytes, with the whole tag of 16 bytes."""

    __slots__ = ("_algorithm",)

    def __init__(self, key: bytes) -> None:
        self._algorithm = SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Encrypt and authenticate `data`; authenticate `associated_data`."""
        encryptor = Cipher(self._algorithm, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated_data)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Check the tag, then give the plaintext. Raises InvalidTag, ValueError (not even a whole tag)."""
        text, tag = data[:-TAG_BYTES], data[-TAG_BYTES:]
        mode = modes.GCM(nonce, tag, min_tag_length=TAG_BYTES)
        decryptor = Cipher(self._algorithm, mode).decryptor()
        decryptor.authenticate_additional_data(associated_data)
        # `update` hands plaintext out before the tag is checked: it stays here until `finalize` has passed.
        unchecked = decryptor.update(text)
        return unchecked + decryptor.finalize()


class Sm4GcmPerMessage:
    """SM4-GCM with a key and a nonce of its own for each message, derived from a key of 32 bytes.

    There is no SM4-GCM-SIV. Derived from nonce and associated data by HKDF-SM3, key and nonce of two messages
    are alike only where both of these are; then those two messages suffer, and no other one under the key.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Encrypt and authenticate `data`; authenticate `associated_data`."""
        cipher, own_nonce = self._of_message(nonce, associated_data)
        return cipher.encrypt(own_nonce, data, associated_data)

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Check the tag, then give the plaintext. Raises InvalidTag, ValueError."""
        cipher, own_nonce = self._of_message(nonce, associated_data)
        return cipher.decrypt(own_nonce, data, associated_data)

    def _of_message(self, nonce: bytes, associated_data: bytes) -> tuple[Sm4Gcm, bytes]:
        info = _SM4_MESSAGE + length_prefixed(nonce, associated_data)
        derived = HKDFExpand(SM3(), _SM4_KEY_BYTES + NONCE_BYTES, info).derive(self._key)
        return Sm4Gcm(derived[:_SM4_KEY_BYTES]), derived[_SM4_KEY_BYTES:]


@dataclass(frozen=True, slots=True)
class Suite:
    """Algorithms that belong together.

    `field_aead` seals fields under a key used for one record only, of `field_key_bytes`; `wrap_aead` seals keys
    and journal parts under long-lived keys of `KEY_BYTES`, where a repeated nonce must not be fatal.
    `digest` is the hash by which keys are derived.
    """

    number: int
    name: str
    field_key_bytes: int
    field_aead: Callable[[bytes], Aead]
    wrap_aead: Callable[[bytes], Aead]
    digest: Callable[[], HashAlgorithm]

    def expand(self, key: bytes, info: bytes, length: int) -> bytes:
        """Derive key material from a uniform key."""
        return HKDFExpand(self.digest(), length, info).derive(key)

    def derive(self, secret: bytes, info: bytes) -> bytes:
        """Derive a key from any secret."""
        return HKDF(self.digest(), KEY_BYTES, salt=None, info=info).derive(secret)


INTERNATIONAL = Suite(
    number=1,
    name="AES-256-GCM, AES-256-GCM-SIV, HKDF-SHA-256",
    field_key_bytes=KEY_BYTES,
    field_aead=AESGCM,
    wrap_aead=AESGCMSIV,
    digest=SHA256,
)

COMMERCIAL = Suite(
    number=2,
    name="SM4-GCM, HKDF-SM3 (商用密码)",
    field_key_bytes=_SM4_KEY_BYTES,
    field_aead=Sm4Gcm,
    wrap_aead=Sm4GcmPerMessage,
    digest=SM3,
)

SUITES: dict[int, Suite] = {suite.number: suite for suite in (INTERNATIONAL, COMMERCIAL)}
"""The suites that can be opened, by the number in a ciphertext's header."""

CURRENT = INTERNATIONAL
"""The suite of new data where nothing else is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suites:
    """The suite of `new` data, and the `least` number of a suite whose data is still opened."""

    new: Suite = CURRENT
    least: int = 1

    @classmethod
    def numbered(cls, new: int, *, least: int) -> Suites:
        """The choice by numbers, as settings give it; requires 1 <= least <= new."""
        return cls(new=SUITES[new], least=least)

    def admit(self, number: int, *, key: str = "") -> Suite:
        """Give the suite of that number. Raises SuiteTooOld below the least one, OpenFailed for an unknown one.

        `key`: the name of the key-encryption key that is wrapped with it, if it is one.
        """
        suite = suite_of(number)
        if number < self.least:
            refused = SuiteTooOld(number, least=self.least, key=key)
            log.error("not opened", suite=number, least=self.least, key=key, remedy=refused.remedy)
            raise refused
        return suite


DEFAULT = Suites()
"""Suite 1 for new data, and all suites opened."""


def suite_of(number: int) -> Suite:
    """Give the suite of that number. Raises OpenFailed for one that is not known."""
    suite = SUITES.get(number)
    if suite is None:
        raise OpenFailed
    return suite


def release(
    aead: Aead,
    nonces: Iterable[bytes],
    sealed: Iterable[bytes],
    associated_data: Iterable[bytes],
    commits: Callable[[list[bytes]], bool],
) -> list[bytes]:
    """Give the plaintexts of `sealed` (ciphertexts with their tags), all or none.

    The only place where a plaintext comes out: every tag has been checked then, and `commits` has found that the
    key is the one committed to (it gets the plaintexts because one may be the key in question). Without the
    second, one GCM ciphertext can be made to open under two keys with two meanings. Raises OpenFailed, whatever
    was wrong.
    """
    try:
        plaintexts = list(map(aead.decrypt, nonces, sealed, associated_data))
    except (InvalidTag, ValueError, OverflowError):
        raise OpenFailed from None
    if not commits(plaintexts):
        raise OpenFailed
    return plaintexts

"""A second reader of the stored formats: the steps of docs/formats.md and bare primitives, none of our own code."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.hashes import SHA256, SM3, HashAlgorithm
from cryptography.hazmat.primitives.hmac import HMAC

Decrypt = Callable[[bytes, bytes, bytes, bytes], bytes]
"""(key, nonce, ciphertext with tag, associated data) -> plaintext."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How one suite is read."""

    head: bytes
    hash: Callable[[], HashAlgorithm]
    field_key_bytes: int
    field: Decrypt
    wrap: Decrypt

    def expand(self, key: bytes, info: bytes, length: int) -> bytes:
        """HKDF-Expand, RFC 5869 section 2.3."""
        made = block = b""
        while len(made) < length:
            block = _hmac(self.hash(), key, block + info + bytes([len(made) // 32 + 1]))
            made += block
        return made[:length]

    def derive(self, secret: bytes, info: bytes) -> bytes:
        """HKDF with no salt, 32 bytes."""
        return self.expand(_hmac(self.hash(), bytes(32), secret), info, 32)

    def under(self, name: str, kek: bytes, sealed: bytes, aad: bytes) -> tuple[bytes, bytes, bytes]:
        """What lies sealed under a KEK, the commitment stored behind it, and that of the KEK itself."""
        start = 3 + len(name)
        assert sealed[:start] == self.head + bytes([len(name)]) + name.encode()
        derived = self.expand(kek, b"chengxin wrapping key " + self.head, 64)
        nonce, text, commitment = sealed[start : start + 12], sealed[start + 12 : -32], sealed[-32:]
        return self.wrap(derived[:32], nonce, text, aad), commitment, derived[32:]

    def record_key(self, dek: bytes) -> tuple[bytes, bytes]:
        """The field key and the commitment of a record key."""
        derived = self.expand(dek, b"chengxin record key " + self.head, self.field_key_bytes + 32)
        return derived[: self.field_key_bytes], derived[self.field_key_bytes :]


def prefixed(*parts: bytes) -> bytes:
    """LP of the document."""
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def _hmac(algorithm: HashAlgorithm, key: bytes, message: bytes) -> bytes:
    mac = HMAC(key, algorithm)
    mac.update(message)
    return mac.finalize()


def _sm4(key: bytes, nonce: bytes, text: bytes, aad: bytes) -> bytes:
    decryptor = Cipher(SM4(key), modes.GCM(nonce, text[-16:])).decryptor()
    decryptor.authenticate_additional_data(aad)
    return decryptor.update(text[:-16]) + decryptor.finalize()


def _sm4_of_message(key: bytes, nonce: bytes, text: bytes, aad: bytes) -> bytes:
    derived = SECOND.expand(key, b"chengxin sm4-gcm message " + prefixed(nonce, aad), 28)
    return _sm4(derived[:16], derived[16:], text, aad)


FIRST = Reading(
    head=b"\x01\x01",
    hash=SHA256,
    field_key_bytes=32,
    field=lambda key, nonce, text, aad: AESGCM(key).decrypt(nonce, text, aad),
    wrap=lambda key, nonce, text, aad: AESGCMSIV(key).decrypt(nonce, text, aad),
)
SECOND = Reading(head=b"\x01\x02", hash=SM3, field_key_bytes=16, field=_sm4, wrap=_sm4_of_message)

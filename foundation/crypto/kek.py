"""Key-encryption keys, and what is sealed directly under one: data keys, and private parts of the journal."""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from foundation.crypto.errors import OpenFailed
from foundation.crypto.layout import length_prefixed, pad, unpad
from foundation.crypto.suite import COMMITMENT_BYTES, DEFAULT, KEY_BYTES, NONCE_BYTES, Aead, Suite, Suites, release

FORMAT = 1
"""Version of the stored format: the first byte of every field, wrap and blob."""

_DERIVATION = b"chengxin wrapping key "
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}(/[a-z0-9-]{1,31}){0,3}", re.ASCII)


def checked_name(name: str) -> str:
    """Return `name` if it is a key's name, like share/2027-03; raise ValueError otherwise."""
    if _NAME.fullmatch(name) is None:
        raise ValueError("a key's name is lower-case ASCII words joined by / such as share/2027-03")
    return name


@dataclass(frozen=True, repr=False, eq=False)
class Kek:
    """An opened key-encryption key (or index key): its name and its 32 secret bytes. Prints without them.

    `suites` says with which suite new data under it is sealed, and from which on data is opened.
    """

    name: str
    key: bytes
    suites: Suites = DEFAULT
    _under: dict[int, Under] = field(default_factory=dict[int, "Under"], init=False)

    def __post_init__(self) -> None:
        checked_name(self.name)
        if len(self.key) != KEY_BYTES:
            raise ValueError("a key has 32 bytes")

    def __repr__(self) -> str:
        return f"Kek({self.name!r}, <redacted>)"

    def __reduce__(self) -> str:
        raise TypeError("keys are not pickled")

    def under(self, suite: Suite) -> Under:
        """What seals and opens under this key with `suite`."""
        under = self._under.get(suite.number)
        if under is None:
            head, name = bytes((FORMAT, suite.number)), self.name.encode()
            derived = suite.expand(self.key, _DERIVATION + head, KEY_BYTES + COMMITMENT_BYTES)
            aead = suite.wrap_aead(derived[:KEY_BYTES])
            under = Under(head + bytes([len(name)]) + name, aead, derived[KEY_BYTES:])
            self._under[suite.number] = under
        return under

    def mac(self) -> HMAC:
        """HMAC-SHA-256 under this key, to be fed: keying one is twice as dear as a tag."""
        return self._keyed.copy()

    @cached_property
    def _keyed(self) -> HMAC:
        return HMAC(self.key, SHA256())


class Under(NamedTuple):
    """How things begin that are sealed under a key, the cipher, and the commitment to the key."""

    start: bytes
    aead: Aead
    commitment: bytes


def seal_under(
    kek: Kek, nonce: bytes, content: bytes, aad: bytes, suite: Suite, *, commitment: bytes | None = None
) -> bytes:
    """Seal `content`: format | suite | length of the key's name, name | nonce | ciphertext | tag | commitment.

    `commitment`: that of the key in `content`; without one, that of `kek`.
    """
    start, aead, own = kek.under(suite)
    return start + nonce + aead.encrypt(nonce, content, aad) + (commitment or own)


def open_under(kek: Kek, sealed: bytes, aad: bytes, committed: Callable[[bytes, bytes], bool] | None = None) -> bytes:
    """Open what `seal_under` made. Raises OpenFailed, SuiteTooOld.

    `committed` says of the content and the stored commitment whether they fit; without it, `kek` must fit.
    """
    start, aead, own = kek.under(suite_in(kek, sealed))
    if not sealed.startswith(start):
        raise OpenFailed
    body, stored = len(start) + NONCE_BYTES, sealed[-COMMITMENT_BYTES:]

    def commits(contents: list[bytes]) -> bool:
        return hmac.compare_digest(own, stored) if committed is None else committed(contents[0], stored)

    return release(aead, [sealed[len(start) : body]], [sealed[body:-COMMITMENT_BYTES]], [aad], commits)[0]


def kek_name(sealed: bytes) -> str:
    """The name of the key that a wrap or blob says it needs; only opening it proves that.

    Raises OpenFailed where `sealed` is not of that form.
    """
    length = sealed[2] if len(sealed) > 2 and sealed[0] == FORMAT else 0
    name = sealed[3 : 3 + length].decode("ascii", "replace")
    if len(name) != length or _NAME.fullmatch(name) is None:
        raise OpenFailed
    return name


def seal_blob(kek: Kek, plaintext: bytes, *parts: bytes, random: Callable[[int], bytes] = os.urandom) -> bytes:
    """Seal `plaintext`, padded, directly under `kek`, bound to `parts` (what it is, of which row).

    For small things with a key per year, such as the journal's private parts; the wrapping cipher bears a
    repeated nonce, so that a year's entries are within its bounds. Records and documents get a data key.
    """
    suite = kek.suites.new
    aad = _blob_aad(kek.name, suite.number, parts)
    return seal_under(kek, random(NONCE_BYTES), pad(plaintext), aad, suite)


def seal_blobs(kek: Kek, plaintexts: Sequence[bytes], parts: Sequence[bytes], each: Sequence[bytes]) -> list[bytes]:
    """What `seal_blob` gives for many plaintexts, each bound to `parts` and its own one of `each`."""
    suite = kek.suites.new
    start, aead, commitment = kek.under(suite)
    bound, drawn = _blob_start(kek.name, suite.number, tuple(parts)), os.urandom(NONCE_BYTES * len(each))
    nonces = [drawn[at : at + NONCE_BYTES] for at in range(0, len(drawn), NONCE_BYTES)]
    return [
        start + nonce + aead.encrypt(nonce, pad(plaintext), bound + length_prefixed(last)) + commitment
        for nonce, plaintext, last in zip(nonces, plaintexts, each, strict=True)
    ]


def open_blob(kek: Kek, sealed: bytes, *parts: bytes) -> bytes:
    """Open what `seal_blob` sealed under `kek` and bound to the same `parts`. Raises OpenFailed, SuiteTooOld."""
    return unpad(open_under(kek, sealed, _blob_aad(kek.name, suite_in(kek, sealed).number, parts)))


def suite_in(kek: Kek, sealed: bytes) -> Suite:
    """The suite that the header of a wrap or blob under `kek` names. Raises OpenFailed, SuiteTooOld."""
    if len(sealed) < 2 or sealed[0] != FORMAT:
        raise OpenFailed
    return kek.suites.admit(sealed[1])


def _blob_aad(key_name: str, suite: int, parts: Sequence[bytes]) -> bytes:
    return length_prefixed(b"blob", key_name.encode(), bytes((FORMAT, suite)), *parts)


_blob_start = lru_cache(64)(_blob_aad)

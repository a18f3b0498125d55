"""Key-encryption keys, and what is sealed directly under one: data keys, and private parts of the journal."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from foundation.crypto.errors import OpenFailed
from foundation.crypto.layout import length_prefixed, pad, unpad
from foundation.crypto.suite import CURRENT, KEY_BYTES, NONCE_BYTES, Aead, Suite, release, suite_of

FORMAT = 1
"""Version of the stored format: the first byte of every field, wrap and blob."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}(/[a-z0-9-]{1,31}){0,3}", re.ASCII)


def checked_name(name: str) -> str:
    """Return `name` if it is a key's name, like share/2027-03; raise ValueError otherwise."""
    if _NAME.fullmatch(name) is None:
        raise ValueError("a key's name is lower-case ASCII words joined by / such as share/2027-03")
    return name


@dataclass(frozen=True, repr=False, eq=False)
class Kek:
    """An opened key-encryption key (or index key): its name and its 32 secret bytes. Prints without them."""

    name: str
    key: bytes
    _aeads: dict[int, Aead] = field(default_factory=dict[int, Aead], init=False)

    def __post_init__(self) -> None:
        checked_name(self.name)
        if len(self.key) != KEY_BYTES:
            raise ValueError("a key has 32 bytes")

    def __repr__(self) -> str:
        return f"Kek({self.name!r}, <redacted>)"

    def __reduce__(self) -> str:
        raise TypeError("keys are not pickled")

    def aead(self, suite: Suite) -> Aead:
        """The wrapping cipher of `suite` under this key."""
        aead = self._aeads.get(suite.number)
        if aead is None:
            aead = self._aeads[suite.number] = suite.wrap_aead(self.key)
        return aead


def seal_under(kek: Kek, nonce: bytes, content: bytes, aad: bytes, suite: Suite) -> bytes:
    """Seal `content`: format | suite | length of the key's name (1 byte), name | nonce | ciphertext | tag."""
    name = kek.name.encode()
    head = bytes((FORMAT, suite.number, len(name)))
    return b"".join((head, name, nonce, kek.aead(suite).encrypt(nonce, content, aad)))


def open_under(kek: Kek, sealed: bytes, aad: bytes) -> bytes:
    """Open what `seal_under` made. Raises OpenFailed."""
    start = _end_of_name(sealed)
    if sealed[3:start] != kek.name.encode():
        raise OpenFailed
    nonce_end = start + NONCE_BYTES
    return release(kek.aead(suite_of(sealed[1])), sealed[start:nonce_end], sealed[nonce_end:], aad)


def kek_name(sealed: bytes) -> str:
    """The name of the key that a wrap or blob says it needs; only opening it proves that.

    Raises OpenFailed where `sealed` is not of that form.
    """
    name = sealed[3 : _end_of_name(sealed)].decode("ascii", "replace")
    if _NAME.fullmatch(name) is None:
        raise OpenFailed
    return name


def seal_blob(
    kek: Kek, plaintext: bytes, *parts: bytes, random: Callable[[int], bytes] = os.urandom, suite: Suite = CURRENT
) -> bytes:
    """Seal `plaintext`, padded, directly under `kek`, bound to `parts` (what it is, of which row).

    For small things with a key per year, such as the journal's private parts; the wrapping cipher bears a
    repeated nonce, so that a year's entries are within its bounds. Records and documents get a data key.
    """
    aad = _blob_aad(kek, suite, parts)
    return seal_under(kek, random(NONCE_BYTES), pad(plaintext), aad, suite)


def open_blob(kek: Kek, sealed: bytes, *parts: bytes) -> bytes:
    """Open what `seal_blob` sealed under `kek` and bound to the same `parts`. Raises OpenFailed."""
    return unpad(open_under(kek, sealed, _blob_aad(kek, suite_in(sealed), parts)))


def suite_in(sealed: bytes) -> Suite:
    """The suite that the header of a wrap or blob names. Raises OpenFailed."""
    _end_of_name(sealed)
    return suite_of(sealed[1])


def _blob_aad(kek: Kek, suite: Suite, parts: tuple[bytes, ...]) -> bytes:
    return length_prefixed(b"blob", kek.name.encode(), bytes((FORMAT, suite.number)), *parts)


def _end_of_name(sealed: bytes) -> int:
    if len(sealed) < 3 or sealed[0] != FORMAT or len(sealed) < 3 + sealed[2]:
        raise OpenFailed
    return 3 + sealed[2]

"""One random data key (DEK) per record; it seals the record's fields and is itself wrapped under two KEKs.

Deleting a wrap, or destroying its KEK, makes that way to the record end for good; the other wrap and the
fields stay as they are. Formats: docs/formats.md, "Stored ciphertexts".
"""

from __future__ import annotations

import functools
import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from foundation.crypto.errors import OpenFailed
from foundation.crypto.kek import FORMAT, Kek, open_under, seal_under, suite_in
from foundation.crypto.layout import length_prefixed, pad, unpad
from foundation.crypto.suite import CURRENT, KEY_BYTES, NONCE_BYTES, Suite, release

COMMITMENT_BYTES = 32
_DERIVATION = b"chengxin record key "


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a record stands. Its ciphertexts open nowhere else: each is bound to all of this and its column.

    `version` is the record's version: a corrected record is sealed anew. `subject_ref` is the random subject
    id, never an identifier.
    """

    deployment: str
    table: str
    record_id: UUID
    version: int
    subject_ref: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRecord:
    """A record ready to be stored. `fields` holds the sealed fields by column."""

    share_wrap: bytes
    archive_wrap: bytes
    fields: dict[str, bytes]


class Dek:
    """A record's data key, opened. `new_dek` and `open_dek` give one; it never leaves a process unwrapped."""

    __slots__ = ("_aead", "_binding", "_head", "_key", "_suite", "commitment")

    def __init__(self, key: bytes, binding: _Binding) -> None:
        suite = binding.suite
        derived = suite.expand(key, _DERIVATION + binding.head, KEY_BYTES + COMMITMENT_BYTES)
        self._key = key
        self._suite = suite
        self._binding = binding
        self._head = binding.head
        self._aead = suite.field_aead(derived[:KEY_BYTES])
        self.commitment = derived[KEY_BYTES:]
        """32 bytes that no other data key gives; they tell nothing about this one."""

    def __repr__(self) -> str:
        return "Dek(<redacted>)"

    def __reduce__(self) -> str:
        raise TypeError("keys are not pickled")

    def seal(self, column: str, text: str, *, nonce: bytes | None = None) -> bytes:
        """Seal a text, padded: format | suite | nonce | ciphertext | tag."""
        return self.seal_bytes(column, text.encode(), nonce=nonce)

    def seal_bytes(self, column: str, content: bytes, *, nonce: bytes | None = None) -> bytes:
        """Seal bytes, such as an evidence file; `nonce`: 12 bytes never used with this key before."""
        nonce = nonce or os.urandom(NONCE_BYTES)
        sealed = self._aead.encrypt(nonce, pad(content), self._binding.aad(column))
        return b"".join((self._head, nonce, sealed))

    def open(self, column: str, sealed: bytes) -> str:
        """Open a text sealed for this record and `column`. Raises OpenFailed."""
        try:
            return self.open_bytes(column, sealed).decode()
        except UnicodeDecodeError:
            raise OpenFailed from None

    def open_bytes(self, column: str, sealed: bytes) -> bytes:
        """Open bytes sealed for this record and `column`. Raises OpenFailed."""
        if sealed[:2] != self._head:
            raise OpenFailed
        body = 2 + NONCE_BYTES
        aad = self._binding.aad(column)
        return unpad(release(self._aead, sealed[2:body], sealed[body:], aad))

    def wrap(self, kek: Kek, *, nonce: bytes | None = None) -> bytes:
        """Wrap this key under `kek`: format | suite | kek | nonce | ciphertext | tag | commitment."""
        nonce = nonce or os.urandom(NONCE_BYTES)
        aad = self._binding.aad(_wrap_column(kek))
        return seal_under(kek, nonce, self._key, aad, self._suite) + self.commitment


def new_dek(place: Place, *, random: Callable[[int], bytes] = os.urandom, suite: Suite = CURRENT) -> Dek:
    """A fresh data key for the record at `place`. Wrap it at least once, or what it seals is lost."""
    return Dek(random(KEY_BYTES), _Binding(place, suite))


def open_dek(wrap: bytes, kek: Kek, place: Place) -> Dek:
    """Open the data key of the record at `place` from one of its wraps (`kek_name` says under which KEK).

    The key that comes out must give the wrap's commitment, or it opens nothing: GCM alone lets one ciphertext
    open under two keys with two meanings. Raises OpenFailed.
    """
    binding = _Binding(place, suite_in(wrap))
    sealed, commitment = wrap[:-COMMITMENT_BYTES], wrap[-COMMITMENT_BYTES:]
    dek = Dek(open_under(kek, sealed, binding.aad(_wrap_column(kek))), binding)
    if not hmac.compare_digest(dek.commitment, commitment):
        raise OpenFailed
    return dek


def rewrap(wrap: bytes, place: Place, *, old: Kek, new: Kek) -> bytes:
    """Wrap the same data key under another KEK; the fields are not touched. Raises OpenFailed."""
    return open_dek(wrap, old, place).wrap(new)


def seal_record(
    fields: Mapping[str, str],
    *,
    place: Place,
    share: Kek,
    archive: Kek,
    random: Callable[[int], bytes] = os.urandom,
    suite: Suite = CURRENT,
) -> SealedRecord:
    """Seal a record's fields under a fresh data key, wrapped for its share month and its archive year.

    `random(n)` gives n secret random bytes, never the same twice.
    """
    # One draw for the key and all nonces: the system call is dearer than a cipher call.
    drawn = random(KEY_BYTES + NONCE_BYTES * (len(fields) + 2))
    nonces = [drawn[at : at + NONCE_BYTES] for at in range(KEY_BYTES, len(drawn), NONCE_BYTES)]
    dek = Dek(drawn[:KEY_BYTES], _Binding(place, suite))
    return SealedRecord(
        share_wrap=dek.wrap(share, nonce=nonces[0]),
        archive_wrap=dek.wrap(archive, nonce=nonces[1]),
        fields={
            column: dek.seal_bytes(column, text.encode(), nonce=nonce)
            for (column, text), nonce in zip(fields.items(), nonces[2:], strict=True)
        },
    )


class _Binding:
    """The associated data of a record's ciphertexts; only the column differs between them."""

    __slots__ = ("_after", "_before", "head", "suite")

    def __init__(self, place: Place, suite: Suite) -> None:
        self.suite = suite
        self.head = bytes((FORMAT, suite.number))
        self._before = _prefixed(place.table)
        record = length_prefixed(place.record_id.bytes, place.version.to_bytes(8, "big"), place.subject_ref, self.head)
        self._after = record + _prefixed(place.deployment)

    def aad(self, column: str) -> bytes:
        return b"".join((self._before, _prefixed(column), self._after))


@functools.lru_cache(1024)
def _prefixed(name: str) -> bytes:
    return length_prefixed(name.encode())


def _wrap_column(kek: Kek) -> str:
    return f"key:{kek.name}"

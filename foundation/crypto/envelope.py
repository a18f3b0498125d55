"""One random data key (DEK) per record; it seals the record's fields and is itself wrapped under two KEKs.

Deleting a wrap, or destroying its KEK, makes that way to the record end for good; the other wrap and the
fields stay as they are. Formats: docs/formats.md, "Stored ciphertexts".
"""

from __future__ import annotations

import hmac
import os
import struct
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from foundation.crypto.errors import OpenFailed
from foundation.crypto.kek import FORMAT, Kek, open_under, seal_under, suite_in
from foundation.crypto.layout import (
    Packed,
    pack,
    pad,
    padded_texts,
    prefixed,
    prefixed_columns,
    unpack,
    unpad,
    unpadded_texts,
)
from foundation.crypto.suite import COMMITMENT_BYTES, CURRENT, KEY_BYTES, NONCE_BYTES, Suite, release
from foundation.personal import Personal

_DERIVATION = b"chengxin record key "
_BODY = 2 + NONCE_BYTES
_RECORD = struct.Struct(">I16sIQI")
"""Record id and version, each behind its length (4 bytes), and the length of what follows."""
_HEAD_LENGTH = (2).to_bytes(4, "big")


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


class SealedRecord(NamedTuple):
    """A record ready to be stored: its key, wrapped twice, and its sealed fields as one value."""

    share_wrap: bytes
    archive_wrap: bytes
    packed: bytes


class Dek:
    """A record's data key, opened. `new_dek` and `open_dek` give one; it never leaves a process unwrapped."""

    __slots__ = ("_aead", "_binding", "_key", "commitment")

    def __init__(self, key: bytes, binding: _Binding) -> None:
        length = binding.suite.field_key_bytes
        derived = binding.suite.expand(key, _DERIVATION + binding.head, length + COMMITMENT_BYTES)
        self._key = key
        self._binding = binding
        self._aead = binding.suite.field_aead(derived[:length])
        self.commitment = derived[length:]
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
        return self._binding.head + nonce + sealed

    def seal_packed(self, fields: Mapping[str, str], nonces: Sequence[bytes]) -> bytes:
        """Seal a record's texts into one value, each with a nonce never used with this key before."""
        columns = tuple(sorted(fields))
        padded = padded_texts(map(fields.__getitem__, columns))
        texts = list(map(self._aead.encrypt, nonces, padded, self._binding.aads(columns)))
        return pack(Packed(self._binding.head, self.commitment, columns, nonces, texts))

    def open(self, column: str, sealed: bytes) -> Personal:
        """Open a text sealed for this record and `column`. Raises OpenFailed."""
        return Personal.each(unpadded_texts(self._released(self._one(column, sealed))))[0]

    def open_bytes(self, column: str, sealed: bytes) -> bytes:
        """Open bytes sealed for this record and `column`. Raises OpenFailed."""
        return unpad(self._released(self._one(column, sealed))[0])

    def open_record(self, packed: bytes, wanted: Collection[str] | None = None) -> dict[str, Personal]:
        """Open the texts of a packed record by column: those in `wanted` that it has, or all. Raises OpenFailed.

        The record's own commitment must be this key's: so both wraps of a record lead to the same texts, or one
        of them to none.
        """
        record = unpack(packed, wanted)
        return dict(zip(record.columns, Personal.each(unpadded_texts(self._released(record))), strict=True))

    def wrap(self, kek: Kek, *, nonce: bytes | None = None) -> bytes:
        """Wrap this key under `kek`: format | suite | kek | nonce | ciphertext | tag | commitment.

        The suite is that of new data under `kek`; where the fields have another, its number goes in behind the key.
        """
        nonce = nonce or os.urandom(NONCE_BYTES)
        suite, fields = kek.suites.new, self._binding.suite
        content = self._key if suite is fields else self._key + bytes([fields.number])
        aad = self._binding.with_suite(suite).aad(f"key:{kek.name}")
        return seal_under(kek, nonce, content, aad, suite, commitment=self.commitment)

    def _one(self, column: str, sealed: bytes) -> Packed:
        return Packed(sealed[:2], self.commitment, [column], [sealed[2:_BODY]], [sealed[_BODY:]])

    def _released(self, record: Packed) -> list[bytes]:
        head, commitment, columns, nonces, texts = record
        if head != self._binding.head:
            raise OpenFailed
        aads = self._binding.aads(columns)
        return release(self._aead, nonces, texts, aads, lambda _: hmac.compare_digest(self.commitment, commitment))


def new_dek(place: Place, *, random: Callable[[int], bytes] = os.urandom, suite: Suite = CURRENT) -> Dek:
    """A fresh data key for the record at `place`. Wrap it at least once, or what it seals is lost."""
    return Dek(random(KEY_BYTES), _Binding(place, suite))


def open_dek(wrap: bytes, kek: Kek, place: Place) -> Dek:
    """Open the data key of the record at `place` from one of its wraps (`kek_name` says under which KEK).

    The key that comes out must give the wrap's commitment, or it opens nothing: GCM alone lets one ciphertext
    open under two keys with two meanings. Raises OpenFailed, SuiteTooOld (for the wrap's suite or the fields').
    """
    binding = _Binding(place, suite_in(kek, wrap))
    opened: list[Dek] = []

    def committed(content: bytes, commitment: bytes) -> bool:
        key, named = content[:KEY_BYTES], content[KEY_BYTES:]
        opened.append(Dek(key, binding.with_suite(kek.suites.admit(named[0])) if named else binding))
        return len(named) < 2 and hmac.compare_digest(opened[0].commitment, commitment)

    open_under(kek, wrap, binding.aad(f"key:{kek.name}"), committed)
    return opened[0]


def rewrap(wrap: bytes, place: Place, *, old: Kek, new: Kek) -> bytes:
    """Wrap the same data key under another KEK, with its suite; fields keep theirs. Raises OpenFailed, SuiteTooOld."""
    return open_dek(wrap, old, place).wrap(new)


def seal_record(
    fields: Mapping[str, str], *, place: Place, share: Kek, archive: Kek, random: Callable[[int], bytes] = os.urandom
) -> SealedRecord:
    """Seal a record's fields under a fresh data key, wrapped for its share month and its archive year.

    The suite is that of new data under `share`. `random(n)` gives n secret random bytes, never the same twice.
    """
    # One draw for the key and all nonces: the system call is dearer than a cipher call.
    count = len(fields) + 2
    drawn = random(KEY_BYTES + NONCE_BYTES * count)
    key, *nonces = struct.unpack(f"{KEY_BYTES}s" + f"{NONCE_BYTES}s" * count, drawn)
    dek = Dek(key, _Binding(place, share.suites.new))
    return SealedRecord(
        share_wrap=dek.wrap(share, nonce=nonces[0]),
        archive_wrap=dek.wrap(archive, nonce=nonces[1]),
        packed=dek.seal_packed(fields, nonces[2:]),
    )


class _Binding:
    """The associated data of a record's ciphertexts; only the column differs between them."""

    __slots__ = ("_after", "_place", "head", "suite")

    def __init__(self, place: Place, suite: Suite) -> None:
        self._place = place
        self.suite = suite
        self.head = bytes((FORMAT, suite.number))
        record = _RECORD.pack(16, place.record_id.bytes, 8, place.version, len(place.subject_ref))
        self._after = record + place.subject_ref + _HEAD_LENGTH + self.head + prefixed(place.deployment)

    def with_suite(self, suite: Suite) -> _Binding:
        return self if suite is self.suite else _Binding(self._place, suite)

    def aad(self, column: str) -> bytes:
        return prefixed(self._place.table, column) + self._after

    def aads(self, columns: Sequence[str]) -> list[bytes]:
        after = self._after
        return [before + after for before in prefixed_columns(self._place.table, tuple(columns))]

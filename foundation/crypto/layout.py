"""How bytes are joined, padded and packed, so that no two different things ever look the same.

Formats: docs/formats.md, "Stored ciphertexts".
"""

from __future__ import annotations

import functools
import itertools
import struct
from collections.abc import Collection, Sequence
from typing import NamedTuple

from foundation.crypto.errors import OpenFailed

PADDING = 32
"""Plaintexts are padded to a multiple of this many bytes, so that a ciphertext tells its length no closer."""

NONCE_BYTES = 12
_PACK_VERSION = 1
_START = struct.Struct(">B2s32sH")
_u32 = struct.Struct(">I")
_length = _u32.pack


def length_prefixed(*parts: bytes) -> bytes:
    """Join `parts`, each behind its length (4 bytes, big-endian): no two lists of parts look the same."""
    return b"".join([_length(len(part)) + part for part in parts])


@functools.lru_cache(1024)
def prefixed(name: str) -> bytes:
    """A name that comes again and again, such as a column's, behind its length."""
    return length_prefixed(name.encode())


def pad(content: bytes) -> bytes:
    """Append 0x80 and as many zero bytes as fill up the last `PADDING` bytes (ISO/IEC 7816-4)."""
    return content + _FILL[len(content) % PADDING]


def unpad(padded: bytes) -> bytes:
    """Take off what `pad` appended. Raises OpenFailed where there is no such end."""
    content = padded.rstrip(b"\0")
    if len(padded) % PADDING or len(padded) - len(content) >= PADDING or content[-1:] != b"\x80":
        raise OpenFailed
    return content[:-1]


class Packed(NamedTuple):
    """A record's sealed fields: what each begins with, the commitment to their key, and by column nonce and rest."""

    head: bytes
    commitment: bytes
    columns: Sequence[str]
    nonces: Sequence[bytes]
    texts: Sequence[bytes]


def pack(packed: Packed) -> bytes:
    """Put a record's sealed fields into one value. Columns are in ascending order and have names of 1 to 255 bytes.

    Version (1 byte), head (2), commitment (32), length of the shape (2 bytes, big-endian), shape, and for each field
    nonce (12) and ciphertext with tag. The shape says of each field: length of the column's name (1 byte), the name
    (UTF-8), length of the ciphertext with tag (4 bytes, big-endian).
    """
    shape = _shape(tuple(packed.columns), tuple(map(len, packed.texts)))
    start = _START.pack(_PACK_VERSION, packed.head, packed.commitment, len(shape))
    fields = itertools.chain.from_iterable(zip(packed.nonces, packed.texts, strict=True))
    return b"".join((start, shape, *fields))


def unpack(packed: bytes, wanted: Collection[str] | None = None) -> Packed:
    """Take a packed record apart: the columns in `wanted` that it has, or all.

    Raises OpenFailed where `packed` is not of that form.
    """
    try:
        version, head, commitment, length = _START.unpack_from(packed)
        end = _START.size + length
        columns, cut = _cut(packed[_START.size : end])
        fields = cut.unpack(packed[end:])
    except (struct.error, UnicodeDecodeError, IndexError):
        raise OpenFailed from None
    if version != _PACK_VERSION or len(packed) != end + cut.size:
        raise OpenFailed
    if wanted is None:
        return Packed(head, commitment, columns, fields[::2], fields[1::2])
    chosen = [at for at, column in enumerate(columns) if column in wanted]
    return Packed(
        head,
        commitment,
        [columns[at] for at in chosen],
        [fields[2 * at] for at in chosen],
        [fields[2 * at + 1] for at in chosen],
    )


# Records of one item have the same columns and, padded, few different lengths: shapes come again and again.
@functools.lru_cache(1024)
def _shape(columns: tuple[str, ...], lengths: tuple[int, ...]) -> bytes:
    names = [column.encode() for column in columns]
    if any(not 0 < len(name) < 256 for name in names) or names != sorted(set(names)):
        raise ValueError("columns are in ascending order, each once, with names of 1 to 255 bytes")
    described = zip(names, lengths, strict=True)
    return b"".join([bytes([len(name)]) + name + _length(length) for name, length in described])


@functools.lru_cache(1024)
def _cut(shape: bytes) -> tuple[tuple[str, ...], struct.Struct]:
    """The columns that a shape names, and what cuts their fields. Raises struct.error, UnicodeDecodeError, IndexError."""
    names: list[bytes] = []
    lengths: list[int] = []
    at = 0
    while at < len(shape):
        end = at + 1 + shape[at]
        names.append(shape[at + 1 : end])
        lengths += _u32.unpack_from(shape, end)
        at = end + _u32.size
    if b"" in names or names != sorted(set(names)):
        raise OpenFailed
    cut = struct.Struct("".join([f"{NONCE_BYTES}s{length}s" for length in lengths]))
    return tuple(name.decode() for name in names), cut


_FILL = [b"\x80" + bytes(PADDING - 1 - used) for used in range(PADDING)]

"""How bytes are joined, padded and packed, so that no two different things ever look the same.

Formats: docs/formats.md, "Stored ciphertexts".
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Collection, Iterable, Sequence
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
def prefixed(*names: str) -> bytes:
    """Names that come again and again, such as a table's and a column's, each behind its length."""
    return length_prefixed(*[name.encode() for name in names])


@functools.lru_cache(1024)
def prefixed_columns(table: str, columns: tuple[str, ...]) -> list[bytes]:
    """The beginnings of the associated data of a record's fields: table and column, each behind its length."""
    return [prefixed(table, column) for column in columns]


def pad(content: bytes) -> bytes:
    """Append 0x80 and as many zero bytes as fill up the last `PADDING` bytes (ISO/IEC 7816-4)."""
    return content + _FILL[len(content) % PADDING]


def unpad(padded: bytes) -> bytes:
    """Take off what `pad` appended. Raises OpenFailed where there is no such end."""
    content = padded.rstrip(b"\0")[:-1]
    if pad(content) != padded:
        raise OpenFailed
    return content


def padded_texts(texts: Iterable[str]) -> list[bytes]:
    """`pad` for the texts of a record, in UTF-8."""
    return [content + _FILL[len(content) % PADDING] for content in map(str.encode, texts)]


def unpadded_texts(padded: list[bytes]) -> list[str]:
    """The way back from `padded_texts`. Raises OpenFailed where one has no such end or is no UTF-8."""
    contents = [each.rstrip(b"\0")[:-1] for each in padded]
    if [content + _FILL[len(content) % PADDING] for content in contents] != padded:
        raise OpenFailed
    try:
        return [content.decode() for content in contents]
    except UnicodeDecodeError:
        raise OpenFailed from None


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
    parts = [start, shape, *packed.nonces, *packed.texts]
    parts[2::2], parts[3::2] = packed.nonces, packed.texts
    return b"".join(parts)


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

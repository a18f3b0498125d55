"""How bytes are joined, padded and packed, so that no two different things ever look the same.

Formats: docs/formats.md, "Stored ciphertexts".
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping

from foundation.crypto.errors import OpenFailed

PADDING = 32
"""Plaintexts are padded to a multiple of this many bytes, so that a ciphertext tells its length no closer."""

_PACK_VERSION = 1
_u32 = struct.Struct(">I")


def length_prefixed(*parts: bytes) -> bytes:
    """Join `parts`, each behind its length (4 bytes, big-endian): no two lists of parts look the same."""
    return b"".join([piece for part in parts for piece in (_u32.pack(len(part)), part)])


def pad(content: bytes) -> bytes:
    """Append 0x80 and as many zero bytes as fill up the last `PADDING` bytes (ISO/IEC 7816-4)."""
    return content + _FILL[len(content) % PADDING]


def unpad(padded: bytes) -> bytes:
    """Take off what `pad` appended. Raises OpenFailed where there is no such end."""
    content = padded.rstrip(b"\0")
    if len(padded) % PADDING or len(padded) - len(content) >= PADDING or content[-1:] != b"\x80":
        raise OpenFailed
    return content[:-1]


def pack(fields: Mapping[str, bytes]) -> bytes:
    """Put a record's sealed fields into one value, ordered by column.

    Version (1 byte), then for each field: length of the column's name (1 byte), the name (UTF-8), length of
    the sealed field (4 bytes, big-endian), the sealed field. A column's name has 1 to 255 bytes.
    """
    pieces = [bytes([_PACK_VERSION])]
    for column in sorted(fields):
        name, sealed = column.encode(), fields[column]
        if not 0 < len(name) < 256:
            raise ValueError("a column's name has 1 to 255 bytes")
        pieces += (bytes([len(name)]), name, _u32.pack(len(sealed)), sealed)
    return b"".join(pieces)


def unpack(packed: bytes, wanted: Collection[str] | None = None) -> dict[str, bytes]:
    """Give the sealed fields of a packed record by column: those in `wanted`, or all.

    A wanted column that the record lacks is left out. Raises OpenFailed where `packed` is not of that form.
    """
    end = len(packed)
    if not end or packed[0] != _PACK_VERSION:
        raise OpenFailed
    fields: dict[str, bytes] = {}
    last, at = b"", 1
    try:
        while at < end:
            name_end = at + 1 + packed[at]
            name = packed[at + 1 : name_end]
            start = name_end + _u32.size
            at = start + _u32.unpack_from(packed, name_end)[0]
            if name <= last or at > end:
                raise OpenFailed
            last, column = name, name.decode()
            if wanted is None or column in wanted:
                fields[column] = packed[start:at]
    except (struct.error, UnicodeDecodeError):
        raise OpenFailed from None
    return fields


_FILL = [b"\x80" + bytes(PADDING - 1 - used) for used in range(PADDING)]

"""One AES-GCM ciphertext that opens under two keys with two meanings: what a commitment to the key is there for.

GCM's tag is a polynomial in a key-dependent point, so that one free block of the associated data makes the tags
under two known keys equal. What comes out under both keys differs by the two key streams; the search is for streams
that leave room for two texts in UTF-8 with right padding.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

_R = 0xE1 << 120
TEXT_BYTES = 31
"""Bytes of both texts: with their padding byte they fill one padded field of 32 bytes."""


def colliding_streams(key_of: Callable[[], bytes], nonce: bytes) -> tuple[bytes, bytes, bytes]:
    """Two keys and a ciphertext of 32 bytes that is a padded text under both."""
    one, stream = (key := key_of()), _stream(key, nonce)
    while True:
        other = key_of()
        other_stream = _stream(other, nonce)
        if stream[-1] != other_stream[-1]:
            continue
        text = _two_texts(bytes(a ^ b for a, b in zip(stream, other_stream, strict=True))[:TEXT_BYTES])
        if text is not None:
            return one, other, bytes(a ^ b for a, b in zip(text + b"\x80", stream, strict=True))


def free_block(keys: tuple[bytes, bytes], nonce: bytes, aad: bytes, at: int, text: bytes) -> bytes:
    """What must stand at the 16-byte block `at` of `aad`, zero there now, for both tags to be equal."""
    power = len(_blocks(aad, text)) - at
    sums = [_tag(key, nonce, aad, text) for key in keys]
    points = [_power(_point(key), power) for key in keys]
    wanted = _times(sums[0] ^ sums[1], _power(points[0] ^ points[1], 2**128 - 2))
    return wanted.to_bytes(16, "big")


def tag_of(key: bytes, nonce: bytes, aad: bytes, text: bytes) -> bytes:
    """GCM's tag of a ciphertext."""
    return _tag(key, nonce, aad, text).to_bytes(16, "big")


def _tag(key: bytes, nonce: bytes, aad: bytes, text: bytes) -> int:
    total, point = 0, _point(key)
    for block in _blocks(aad, text):
        total = _times(total ^ int.from_bytes(block, "big"), point)
    return total ^ int.from_bytes(_block(key, nonce + b"\0\0\0\1"), "big")


def _blocks(aad: bytes, text: bytes) -> list[bytes]:
    padded = b"".join(part + bytes(-len(part) % 16) for part in (aad, text))
    lengths = (len(aad) * 8).to_bytes(8, "big") + (len(text) * 8).to_bytes(8, "big")
    whole = padded + lengths
    return [whole[at : at + 16] for at in range(0, len(whole), 16)]


def _point(key: bytes) -> int:
    return int.from_bytes(_block(key, bytes(16)), "big")


def _stream(key: bytes, nonce: bytes) -> bytes:
    return _block(key, nonce + b"\0\0\0\2") + _block(key, nonce + b"\0\0\0\3")


def _block(key: bytes, block: bytes) -> bytes:
    return Cipher(AES(key), modes.ECB()).encryptor().update(block)  # one block: the cipher itself


def _times(one: int, other: int) -> int:
    """The product in GF(2^128) as GCM writes it (NIST SP 800-38D, section 6.3)."""
    product = 0
    for bit in range(127, -1, -1):
        if one >> bit & 1:
            product ^= other
        other = other >> 1 ^ (_R if other & 1 else 0)
    return product


def _power(of: int, exponent: int) -> int:
    result = 1 << 127
    while exponent:
        if exponent & 1:
            result = _times(result, of)
        of = _times(of, of)
        exponent >>= 1
    return result


def _two_texts(difference: bytes) -> bytes | None:
    """A text in UTF-8 that is another text in UTF-8 when `difference` is added; None where there is none."""
    reached: dict[tuple[int, int], bytes] = {(0, 0): b""}
    for added in difference:
        further: dict[tuple[int, int], bytes] = {}
        for (one, other), text in reached.items():
            for byte in range(256):
                step = (_after(one, byte), _after(other, byte ^ added))
                if None not in step:
                    further.setdefault(step, text + bytes([byte]))  # type: ignore[arg-type]
        reached = further
    return reached.get((0, 0))


def _after(missing: int, byte: int) -> int | None:
    """How many bytes of a character are missing after `byte` when `missing` were before; None: no UTF-8."""
    if missing:
        return missing - 1 if 0x80 <= byte < 0xC0 else None
    if 0x20 <= byte < 0x7F:
        return 0
    if 0xC2 <= byte < 0xE0:
        return 1
    if 0xE1 <= byte < 0xED:
        return 2
    return 3 if 0xF1 <= byte < 0xF4 else None


def random_key() -> bytes:
    """A key of AES-256."""
    return os.urandom(32)

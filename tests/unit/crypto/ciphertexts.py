"""The place of a record, ways to tamper with its ciphertexts, and how to see whether they still open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from uuid import UUID

from foundation.crypto import OpenFailed, Place
from foundation.personal import Personal

PLACE = Place(
    deployment="hunan",
    table="record",
    record_id=UUID("0d6f2c1a-5b7e-4a53-9c7e-1f2e3d4c5b6a"),
    version=1,
    subject_ref=bytes(range(16)),
)


def each_bit_flipped(sealed: bytes) -> Iterator[bytes]:
    """All variants of `sealed` with one bit altered."""
    for bit in range(len(sealed) * 8):
        altered = bytearray(sealed)
        altered[bit // 8] ^= 1 << bit % 8
        yield bytes(altered)


def each_shorter(sealed: bytes) -> Iterator[bytes]:
    """All beginnings of `sealed`, the empty one too."""
    for length in range(len(sealed)):
        yield sealed[:length]


def opens(open_it: Callable[..., object], *arguments: object) -> bool:
    """Whether it opens; any error other than OpenFailed is the test's."""
    try:
        open_it(*arguments)
    except OpenFailed:
        return False
    return True


def personal(texts: Mapping[str, str]) -> dict[str, Personal]:
    """Texts by column as a record gives them when opened."""
    return {column: Personal(text) for column, text in texts.items()}


def counted_bytes() -> Callable[[int], bytes]:
    """A "random" source for vectors: 0, 1, 2 ... 255, 0 ..., going on from call to call."""
    drawn = 0

    def draw(length: int) -> bytes:
        nonlocal drawn
        drawn += length
        return bytes(at % 256 for at in range(drawn - length, drawn))

    return draw

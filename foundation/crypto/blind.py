"""Blind indexes: keyed tags that find a subject without storing its identifier in clear.

A resident ID has about 2^37 possible values, so an unkeyed hash of one, or a tag whose key is known, is as
good as the ID. Each index has a key of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from foundation.crypto.kek import Kek
from foundation.crypto.layout import length_prefixed, prefixed
from foundation.identity import Identifier, fold_name

TAG_BYTES = 16
NAME_TAG_BITS = 16
"""Bits of a name's tag: between log2(n)/2 and log2(n)-1 for n names, so that several names share each tag.
16 bits serve from 2^17 (131 thousand) to 2^32 names."""


def tag(key: Kek | bytes, *parts: bytes) -> bytes:
    """HMAC-SHA-256 of the length-prefixed `parts`, its first 16 bytes. An opened key makes many of them faster."""
    return _tag(key, length_prefixed(*parts))


def subject_tag(key: Kek | bytes, identifier: Identifier) -> bytes:
    """The full tag (16 bytes) by which the one subject table knows an identifier.

    Store `identifier.canon` beside it: another canonicaliser may write the same identifier differently.
    """
    return _tag(key, _named("subject", identifier))


def epoch_of(key_name: str) -> int:
    """The epoch of an index's key: 2 of index/subject/2. It stands beside the tags that the key made."""
    return int(key_name.rpartition("/")[2])


def journal_tag(key: Kek | bytes, identifier: Identifier) -> bytes:
    """The tag (16 bytes) by which the journal finds who looked at a subject. Its key serves nothing else."""
    return _tag(key, _named("journal", identifier))


def bucket_of(bucket_key: Kek | bytes, identifier: Identifier) -> int:
    """The bucket of a subject, 0 to 255. The key named "bucket" is never rotated: rows can't move."""
    return _tag(bucket_key, _named("bucket", identifier))[0]


def tags_of(
    identifiers: Iterable[Identifier], *, bucket: Kek, subject: Kek, journal: Kek
) -> tuple[list[int], list[bytes], list[bytes]]:
    """`bucket_of`, `subject_tag` and `journal_tag` of many."""
    numbers = [(each.kind.value, length_prefixed(each.value.reveal().encode())) for each in identifiers]
    buckets, subjects, journals = [
        [_tag(key, prefixed(use, kind) + number) for kind, number in numbers]
        for key, use in ((bucket, "bucket"), (subject, "subject"), (journal, "journal"))
    ]
    return [drawn[0] for drawn in buckets], subjects, journals


def new_id(bucket: int, random: Callable[[int], bytes]) -> UUID:
    """A random id (UUID version 8) whose first byte is its bucket, so that it leads to its rows."""
    drawn = bytearray(random(16))
    drawn[0] = bucket
    drawn[6] = drawn[6] & 0x0F | 0x80
    drawn[8] = drawn[8] & 0x3F | 0x80
    return UUID(bytes=bytes(drawn))


def bucket_in(row_id: UUID) -> int:
    """The bucket that an id names."""
    return row_id.bytes[0]


def name_tag(key: Kek | bytes, name: str) -> int:
    """The tag of a name, 0 to 65535, for fetching candidates that are then decrypted and compared.

    Names that `foundation.identity.fold_name` folds alike have the same tag.
    """
    return int.from_bytes(tag(key, b"name", fold_name(name).encode())[: NAME_TAG_BITS // 8], "big")


def _named(use: str, identifier: Identifier) -> bytes:
    return prefixed(use, identifier.kind.value) + length_prefixed(identifier.value.reveal().encode())


def _tag(key: Kek | bytes, content: bytes) -> bytes:
    mac = key.mac() if isinstance(key, Kek) else HMAC(key, SHA256())
    mac.update(content)
    return mac.finalize()[:TAG_BYTES]

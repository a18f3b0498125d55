"""Journal entries on their way into the log: the leaf, and the row of the log's table, without an object for each value.

Both are formats that many entries share, filled with what differs. Source of the row: PostgreSQL, COPY, Binary Format.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple

from cbor2 import dumps

from chengxin.proofs.entry import COMMON, frame

_LONGEST = 1_000
"""Characters of a text that the log takes: a refused call may have carried anything, and must not stop the log. All of a
leaf's texts together stay far below 64 KiB."""
_2000 = 946_684_800_000_000
"""Microseconds from 1970, where a leaf's times begin, to 2000, where PostgreSQL's do."""
COPY_ROWS = (
    "COPY log_entry (index, source, source_epoch, authority, purpose, decision, entry_id, bucket, door_no, at, leaf,"
    " leaf_hash) FROM STDIN (FORMAT BINARY)"
)
_COPY_BEGINS, _ROW_BEGINS, _COPY_ENDS = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\0\x0c\0\0\0\x08", b"\xff\xff"
_PLACES = b"\0\0\0\x08%b\0\0\0\x02%b\0\0\0\x08%b\0\0\0\x08%b%b%b\0\0\0\x20%b"
_COMMON = tuple(name for name in COMMON if name not in ("source", "epoch"))
"""The members that `read_on.sql` gives last, in this order."""


class SourceEntry(NamedTuple):
    """An entry as it goes into the log: its place in its source's journal, its leaf's hash, its row but for the index."""

    source: str
    epoch: bytes
    xid: int
    entry_id: int
    commitment: bytes
    leaf_hash: bytes
    row: bytes


def source_entry(source: str, row: tuple[Any, ...]) -> SourceEntry:
    """Return the entry of a row as `read_on.sql` gives it."""
    epoch, _, entry_id, xid, bucket, door_no, at, as_of, query_id, digest, commitment, fingerprint, *common = row
    leaf_format, row_format = _formats(source, epoch, *common)
    number, written, filtered = int.from_bytes(xid), _instant(at), _instant(as_of)
    query, shown, hidden, who = b"\x50" + query_id, b"\x58\x20" + digest, b"\x58\x20" + commitment, dumps(fingerprint)
    leaf = leaf_format % (
        written, dumps(number), filtered, shown, dumps(door_no), dumps(entry_id), query, hidden, who
    )  # fmt: skip
    leaf_hash = hashlib.sha256(b"\x00" + leaf).digest()
    numbers = entry_id.to_bytes(8), bucket, door_no.to_bytes(8), at, len(leaf).to_bytes(4)
    return SourceEntry(source, epoch, number, entry_id, commitment, leaf_hash, row_format % (*numbers, leaf, leaf_hash))


def copied(first_index: int, entries: Iterable[SourceEntry]) -> bytes:
    """Return what COPY_ROWS takes: the entries at consecutive indices from `first_index` on."""
    rows = [_ROW_BEGINS + index.to_bytes(8) + entry.row for index, entry in zip(count(first_index), entries)]
    return _COPY_BEGINS + b"".join(rows) + _COPY_ENDS


@lru_cache(maxsize=64)
def _instant(at: bytes) -> bytes:
    """A time that PostgreSQL sent, as a leaf has it: microseconds since 1970."""
    return dumps(int.from_bytes(at, signed=True) + _2000)


@lru_cache(maxsize=2_048)
def _formats(source: str, epoch: bytes, *common: str | bytes | int | None) -> tuple[bytes, bytes]:
    """The leaf and the row of all entries that have these values in common, as formats for bytes."""
    cut = [value[:_LONGEST] if isinstance(value, str) else value for value in common]
    members = dict(zip(_COMMON, cut, strict=True)) | {"source": source, "epoch": epoch}
    named = [str(members[name]).encode() for name in ("authority", "purpose", "decision")]
    row = b"".join(map(_sized, (source.encode(), epoch, *named))).replace(b"%", b"%%")
    return frame([members[name] for name in COMMON]), row + _PLACES


def _sized(value: bytes) -> bytes:
    return len(value).to_bytes(4) + value

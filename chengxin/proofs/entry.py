"""A leaf of the log: one journal entry as deterministic CBOR (RFC 8949 section 4.2.1), below 64 KiB.

The map has text keys; what is empty or absent is left out. docs/formats.md lists the keys.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import cbor2

from chengxin.proofs.error import ProofError

MAX_BYTES = (1 << 16) - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One look or change, as the log keeps it: nothing in it names a person.

    `source` is the office; (epoch, xid, entry_id) its place in that office's journal. `digest` is
    SHA-256(salt || what was shown), `commitment` SHA-256(salt || the erasable private part).
    """

    source: str
    epoch: UUID
    node: str
    xid: int
    entry_id: int
    at: datetime
    kind: str
    query_id: UUID
    attempt: int
    authority: str
    fingerprint: bytes
    decision: str
    as_of: datetime
    door: str
    door_no: int
    digest: bytes
    commitment: bytes
    purpose: str = ""
    grant_id: UUID | None = None
    reason: str = ""

    def encode(self) -> bytes:
        """Return the leaf. Raises ProofError when it would not be below 64 KiB."""
        common = frame([_plain(getattr(self, name)) for name in COMMON])
        leaf = common % tuple(cbor2.dumps(_plain(getattr(self, name))) for name in VARYING)
        if len(leaf) > MAX_BYTES:
            raise ProofError("the entry is too long for the log")
        return leaf


def _uuid(value: bytes) -> UUID:
    return UUID(bytes=value)


def _instant(value: int) -> datetime:
    return _EPOCH + value * _MICROSECOND


# How a member of each type stands in the leaf, and how it is read back.
_FORMS: dict[str, tuple[type, Callable[[Any], Any]]] = {
    "str": (str, str),
    "int": (int, int),
    "bytes": (bytes, bytes),
    "UUID": (bytes, _uuid),
    "UUID | None": (bytes, _uuid),
    "datetime": (int, _instant),
}
_MEMBERS = {field.name: _FORMS[str(field.type)] for field in fields(JournalEntry)}
_OPTIONAL = {field.name for field in fields(JournalEntry) if field.default is not MISSING}
_ORDER = sorted(_MEMBERS, key=lambda name: (len(name), name))
VARYING = ("at", "xid", "as_of", "digest", "door_no", "entry_id", "query_id", "commitment", "fingerprint")
"""Members that differ from entry to entry, in the order in which they stand in a leaf."""
COMMON = tuple(name for name in _ORDER if name not in VARYING)
"""The others, in the same order: what many entries share."""


def frame(common: Sequence[Any]) -> bytes:
    """Return the leaf of all entries that have these values of COMMON, as a format for bytes.

    Its places take the members VARYING, each as CBOR. Values are as CBOR has them: a uuid as its 16 bytes.
    """
    given = {name: value for name, value in zip(COMMON, common, strict=True) if value or name not in _OPTIONAL}
    places = {name: cbor2.dumps(value).replace(b"%", b"%%") for name, value in given.items()}
    places |= dict.fromkeys(VARYING, b"%b")
    parts = [cbor2.dumps(name) + places[name] for name in _ORDER if name in places]
    return bytes([0xA0 + len(parts)]) + b"".join(parts)


def decode(leaf: bytes) -> JournalEntry:
    """Return the entry that a leaf holds. Raises ProofError for any other bytes, also another spelling."""
    with contextlib.suppress(Exception):  # whatever the decoder of others, or a type, makes of hostile bytes
        members: Any = cbor2.loads(leaf, max_depth=2) if len(leaf) <= MAX_BYTES else None
        if cbor2.dumps(members, canonical=True) == leaf and _fits(members):
            return JournalEntry(**{name: _MEMBERS[name][1](value) for name, value in members.items()})
    raise ProofError("not a journal entry")


def _fits(members: dict[str, Any]) -> bool:
    if not (_MEMBERS.keys() - _OPTIONAL) <= members.keys() <= _MEMBERS.keys():
        return False
    return all(type(value) is _MEMBERS[name][0] for name, value in members.items())


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.bytes
    if isinstance(value, datetime):
        return (value - _EPOCH) // _MICROSECOND
    return value

"""A leaf of the log: one journal entry as deterministic CBOR (RFC 8949 section 4.2.1), below 64 KiB.

The map has text keys; what is empty or absent is left out. docs/formats.md lists the keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import cbor2

from chengxin.proofs.error import ProofError

MAX_BYTES = (1 << 16) - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_KINDS: dict[str, type] = {
    "source": str,
    "epoch": bytes,
    "node": str,
    "xid": int,
    "entry_id": int,
    "at": int,
    "kind": str,
    "query_id": bytes,
    "attempt": int,
    "authority": str,
    "fingerprint": bytes,
    "purpose": str,
    "grant_id": bytes,
    "decision": str,
    "reason": str,
    "as_of": int,
    "door": str,
    "door_no": int,
    "digest": bytes,
    "commitment": bytes,
}
_OPTIONAL = {"purpose", "grant_id", "reason"}
_IDS = {"epoch", "query_id", "grant_id"}
_INSTANTS = {"at", "as_of"}


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
        members: dict[str, Any] = {}
        for name in _KINDS:
            value: Any = getattr(self, name)
            if name in _OPTIONAL and not value:
                continue
            members[name] = _plain(value)
        leaf = cbor2.dumps(members, canonical=True)
        if len(leaf) > MAX_BYTES:
            raise ProofError("the entry is too long for the log")
        return leaf


def decode(leaf: bytes) -> JournalEntry:
    """Return the entry that a leaf holds. Raises ProofError for any other bytes, also another spelling."""
    try:
        members: Any = cbor2.loads(leaf, max_depth=2) if len(leaf) <= MAX_BYTES else None
        if not isinstance(members, dict) or cbor2.dumps(members, canonical=True) != leaf:
            raise ProofError("not a journal entry")
    except (cbor2.CBORError, ValueError, TypeError):
        raise ProofError("not a journal entry") from None
    return _entry(cast("dict[Any, Any]", members))


def _entry(members: dict[Any, Any]) -> JournalEntry:
    if not (_KINDS.keys() - _OPTIONAL) <= members.keys() <= _KINDS.keys():
        raise ProofError("not a journal entry")
    if any(type(value) is not _KINDS[name] for name, value in members.items()):
        raise ProofError("not a journal entry")
    try:
        return JournalEntry(**{name: _rich(name, value) for name, value in members.items()})
    except (ValueError, OverflowError):
        raise ProofError("not a journal entry") from None


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.bytes
    if isinstance(value, datetime):
        return (value - _EPOCH) // _MICROSECOND
    return value


def _rich(name: str, value: Any) -> Any:
    if name in _IDS:
        return UUID(bytes=value)
    if name in _INSTANTS:
        return _EPOCH + value * _MICROSECOND
    return value

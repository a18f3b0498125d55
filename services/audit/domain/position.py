"""How far a journal is in the log, and when a journal is no longer the one that the log knows."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The last entry taken from a journal. Entries are taken in the order (xid, entry_id), below the snapshot.

    A transaction that commits late has an xid at or above the snapshot's xmin of every earlier reading, so its
    entries come after; none is skipped. Source: docs/architecture.md, Journal and log.
    """

    epoch: UUID
    xid: int
    entry_id: int
    digest: bytes


class Standstill(enum.Enum):
    """Why nothing more is taken from a journal until an operator has looked. Its office must not answer."""

    NEW_EPOCH = "the journal begins anew: its database was dumped and restored"
    ENTRY_LOST = "the journal lacks an entry that the log holds: an older backup was restored, or rows were removed"


def standstill(position: Position | None, *, epoch: UUID, digest: bytes | None) -> Standstill | None:
    """Return why a journal of this `epoch` can't be read on from `position`; None when it can.

    `digest` is that of the journal's entry at `position` now; None when it is not there.
    """
    if position is None:
        return None
    if position.epoch != epoch:
        return Standstill.NEW_EPOCH
    return Standstill.ENTRY_LOST if digest != position.digest else None

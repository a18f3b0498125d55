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
    commitment: bytes
    begins_after: int = 0
    """Entry id after which an adopted epoch begins: those up to it are in the log under the epoch before."""

    @property
    def begun(self) -> bool:
        """Whether any entry of this epoch was taken."""
        return self.entry_id > 0


class Standstill(enum.Enum):
    """Why nothing more is taken from a journal until an operator has looked. Its office must not answer."""

    NEW_EPOCH = "the journal begins anew: its database was dumped and restored"
    ENTRY_LOST = "the journal lacks an entry that the log holds: an older backup was restored, or rows were removed"


def standstill(position: Position | None, *, epoch: UUID, commitment: bytes | None) -> Standstill | None:
    """Return why a journal of this `epoch` can't be read on from `position`; None when it can.

    `commitment` is that of the journal's entry at `position` now; None when it is not there.
    """
    if position is None:
        return None
    if position.epoch != epoch:
        return Standstill.NEW_EPOCH
    return Standstill.ENTRY_LOST if position.begun and commitment != position.commitment else None

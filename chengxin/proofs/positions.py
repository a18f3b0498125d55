"""How far each journal is in the log, as extension lines of the checkpoint, so that the log and its witness sign it.

    source <name> <epoch, 32 hex digits> <xid> <entry id> <commitment of that entry, base64>

An office whose own journal lacks the entry was restored from an older backup. Entry id 0: nothing of that epoch yet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chengxin.proofs import base64text, decimal
from chengxin.proofs.checkpoint import Checkpoint
from chengxin.proofs.error import ProofError

_PREFIX = "source "
_LINE = re.compile(r"source (?P<source>[a-z][a-z0-9_]{0,62}) (?P<epoch>[0-9a-f]{32}) ([0-9]+) ([0-9]+) (\S+)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePosition:
    """The last entry taken from the journal of `source`; `epoch` is the house's, as 32 hex digits."""

    source: str
    epoch: str
    xid: int
    entry_id: int
    commitment: bytes

    def line(self) -> str:
        """Return the extension line, without its newline."""
        return f"{_PREFIX}{self.source} {self.epoch} {self.xid} {self.entry_id} {base64text.encode(self.commitment)}"


def positions_in(head: Checkpoint) -> dict[str, SourcePosition]:
    """Return the positions that a checkpoint holds, by source. Other extension lines are left alone.

    Raises ProofError when a line of a source is malformed or occurs twice.
    """
    found: dict[str, SourcePosition] = {}
    for line in head.extensions:
        if not line.startswith(_PREFIX):
            continue
        match = _LINE.fullmatch(line)
        if match is None or match[1] in found:
            raise ProofError("not the position of a source")
        xid, entry_id = decimal.parse(match[3]), decimal.parse(match[4])
        commitment = base64text.decode_hash(match[5])
        found[match[1]] = SourcePosition(xid=xid, entry_id=entry_id, commitment=commitment, **match.groupdict())
    return found


def require_forward(old: Mapping[str, SourcePosition], new: Mapping[str, SourcePosition]) -> dict[str, SourcePosition]:
    """Return the positions of `new` that stand in another epoch than in `old`: somebody must have adopted those.

    Raises ProofError when a source of `old` is gone, or goes back within its epoch.
    """
    for source, was in old.items():
        now = new.get(source)
        if now is None:
            raise ProofError(f"the position of {source} is gone")
        if now.epoch == was.epoch and (
            (now.xid, now.entry_id) < (was.xid, was.entry_id)
            or ((now.xid, now.entry_id) == (was.xid, was.entry_id) and now.commitment != was.commitment)
        ):
            raise ProofError(f"the position of {source} goes back")
    return {source: now for source, now in new.items() if source in old and old[source].epoch != now.epoch}

"""Looks each second where the office's journal stands against what the log and its witness know, and at the clock.

What it finds is one flag, which every call looks at. A call under way when a look finds something is still answered:
at most a second's worth. Source: docs/formats.md, The audit log.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from chengxin.proofs import ProofError, note, verify_checkpoint
from chengxin.proofs.positions import SourcePosition, positions_in
from chengxin.proofs.walk import Fetch, Unreachable, over_http
from foundation.db import Database, Row
from foundation.guard.reasons import CLOCK_OFF, EPOCH_NOT_ADOPTED, JOURNAL_BEHIND, LOG_BEHIND
from foundation.reasons import UNAVAILABLE
from foundation.refusal import Reason, Refused
from foundation.telemetry import Telemetry

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

EVERY_S = 1.0
_ASK_S = 1.0
_SLOW_S = 0.25
"""A clock that took longer to ask says nothing exact enough; then the last difference seen counts on."""
_MOST_BYTES = 1 << 20

ALWAYS = frozenset(
    {
        "CatalogService.GetCatalogItem",
        "CatalogService.ListCatalogItems",
        "CatalogService.ListMeasures",
        "SchemeService.GetScheme",
        "SchemeService.ListSchemes",
        "AuditService.GetCheckpoint",
        "AuditService.GetInclusionProof",
        "AuditService.GetConsistencyProof",
        "AuditService.GetReceipt",
    }
)
"""What writes nothing and shows nothing of a party but proofs of what was shown before: evidence stays at hand."""
_WAY_OUT = frozenset({"LogService.AdoptEpoch"})
_HARMLESS = frozenset({"LogService.ListDoorGaps", "SharingService.AcknowledgeWithdrawal"})
"""What discloses nothing of a party: looking into the trouble, and noting that somebody deleted a copy."""
STILL_SERVED = {
    # Nothing may be written into a journal that has lost its end: it would become another history.
    JOURNAL_BEHIND: ALWAYS,
    EPOCH_NOT_ADOPTED: ALWAYS | _WAY_OUT,
    LOG_BEHIND: ALWAYS | _WAY_OUT | _HARMLESS,
    CLOCK_OFF: ALWAYS | _WAY_OUT | _HARMLESS,
    UNAVAILABLE: ALWAYS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long entries may wait for each stage, and how far the clock may be off; seconds."""

    unsequenced_s: float = 5
    unpublished_s: float = 30
    unwitnessed_s: float = 900
    clock_off_s: float = 2


Place = tuple[int, int]
"""Where an entry stands in its journal: (xid, entry id)."""
_NOWHERE: Place = (0, 0)


@dataclass(slots=True)
class Waiting:
    """How long the oldest entry that a stage has not covered has been waiting, as far as looks have seen it."""

    mark: Place = _NOWHERE
    since: float = 0.0

    def seconds(self, last: Place, covered: Place, now: float) -> float:
        """Return the seconds, when the journal's last entry and the last one covered are these."""
        if self.mark <= covered:
            if last <= covered:
                self.mark = _NOWHERE
                return 0.0
            self.mark, self.since = last, now
        return now - self.since


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the journal stands, and the commitments of the entries asked for. `clock_off_s`: None when not known."""

    epoch: UUID
    next_xid: int
    last: Place
    commitments: list[bytes | None]
    clock_off_s: float | None = None


@dataclass(slots=True)
class _Source:
    """The log or its witness: where it is, what it said last of this office, and since when it has been answering."""

    name: str
    fetch: Fetch | None
    known: SourcePosition | None = None
    answering_since: float | None = None
    waiting: Waiting = field(default_factory=Waiting)
    waited_s: float = 0.0

    def answered(self, said: SourcePosition | None, now: float) -> None:
        """Note what it said. What it once knew of an epoch stays known, whatever it says later."""
        known = self.known
        if said is not None and (
            known is None or known.epoch != said.epoch or (said.xid, said.entry_id) > (known.xid, known.entry_id)
        ):
            self.known = said
        self.answering_since = now if self.answering_since is None else self.answering_since


class Watch:
    """The guard of one office process. `source` is its schema's name; an empty URL turns that check off."""

    def __init__(
        self,
        database: Database,
        *,
        source: str,
        log_url: str,
        log_vkey: str,
        witness_url: str,
        bounds: Bounds,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._source = source
        self._log_vkey = log_vkey
        self._log = _Source("log", over_http(log_url, timeout_s=_ASK_S) if log_url else None)
        self._witness = _Source("witness", over_http(witness_url, timeout_s=_ASK_S) if witness_url else None)
        self._bounds = bounds
        self._clock = clock
        self._verified: dict[str, SourcePosition | None] = {}
        self._off_s = 0.0
        self.refusal: tuple[Reason, str] | None = None
        """Why nothing is answered now, and what was found; None while all is well."""

    @property
    def idle(self) -> bool:
        """Whether there is nothing to look at."""
        return self._log.fetch is None and self._witness.fetch is None

    def check(self, method: str) -> None:
        """Raise Refused while this method is not to be served. Costs one comparison while all is well."""
        if self.refusal is not None:
            reason, detail = self.refusal
            if method not in STILL_SERVED[reason]:
                raise Refused(reason, detail=detail)

    async def look(self) -> None:
        """Look once, and set the flag. Never raises: what can't be seen is judged by what was seen before."""
        if self.idle:
            return
        _, witness_clock = await asyncio.gather(self._ask_log(), self._ask_witness())
        try:
            found = self.judged(await self._standing(witness_clock))
        except Refused as refused:  # The database is away; what comes back may be another one.
            found = refused.reason, ""
        if found is not None and (self.refusal is None or found[0] is not self.refusal[0]):
            log.error("office stops answering", reason=found[0].code, found=found[1])
        if found is None and self.refusal is not None:
            log.warning("office answers again", reason=self.refusal[0].code)
        self.refusal = found

    def report_to(self, telemetry: Telemetry) -> None:
        """Show what the bounds are about as metrics, where metrics are on."""
        telemetry.gauge("chengxin.log.wait", "s", lambda: self._log.waited_s)
        telemetry.gauge("chengxin.witness.wait", "s", lambda: self._witness.waited_s)
        telemetry.gauge("chengxin.clock.off", "s", lambda: self._off_s)

    async def close(self) -> None:
        """Close the connection."""
        await self._database.close()

    def judged(self, standing: Standing) -> tuple[Reason, str] | None:
        """Return why nothing may be answered, and what was found; None when all is well."""
        now = self._clock()
        asked = [one for one in (self._log, self._witness) if one.known is not None]
        covered: dict[str, Place] = {}
        for one, commitment in zip(asked, standing.commitments, strict=True):
            known = one.known
            assert known is not None
            if known.epoch != standing.epoch.hex:
                return (EPOCH_NOT_ADOPTED, f"The {one.name} knows the epoch {known.epoch}, not {standing.epoch.hex}.")
            covered[one.name] = (known.xid, known.entry_id)
            if known.entry_id and (commitment != known.commitment or standing.next_xid <= known.xid):
                return JOURNAL_BEHIND, f"The {one.name} knows an entry {known.entry_id} that is not there."
        self._off_s = self._off_s if standing.clock_off_s is None else standing.clock_off_s
        if abs(self._off_s) > self._bounds.clock_off_s:
            return CLOCK_OFF, f"It is off by {self._off_s:.1f} s."
        return self._waiting(standing.last, covered, now)

    def _waiting(self, last: Place, covered: dict[str, Place], now: float) -> tuple[Reason, str] | None:
        bounds, published = self._bounds, self._log.waiting
        if self._log.fetch is not None:
            waited = self._log.waited_s = published.seconds(last, covered.get("log", _NOWHERE), now)
            since = self._log.answering_since
            # While the log can't be read, nobody knows whether it has taken them: then the longer bound holds.
            if since is not None and min(waited, now - since) > bounds.unsequenced_s:
                return (LOG_BEHIND, f"Entries have been waiting unsequenced for {min(waited, now - since):.0f} s.")
            if waited > bounds.unpublished_s:
                return LOG_BEHIND, f"Entries have been waiting unpublished for {waited:.0f} s."
        if self._witness.fetch is not None:
            covering = covered.get("witness", _NOWHERE)
            waited = self._witness.waited_s = self._witness.waiting.seconds(last, covering, now)
            if waited > bounds.unwitnessed_s:
                return LOG_BEHIND, f"Entries have been waiting unwitnessed for {waited:.0f} s."
        return None

    async def _standing(self, witness_clock: tuple[float, float] | None) -> Standing:
        """Where the journal stands; the clock against the witness's, which was (seconds since 1970, monotonic)."""
        asked = [one.known for one in (self._log, self._witness) if one.known is not None]
        begun = time.monotonic()
        async with self._database.transaction() as tx:
            xids, entry_ids = [str(known.xid) for known in asked], [known.entry_id for known in asked]
            row: Row = (await tx.call("journal_standing", xids=xids, entry_ids=entry_ids)).one()
            ended = time.monotonic()
        off: float | None = None
        clock: datetime = row.clock
        if witness_clock is not None and ended - begun < _SLOW_S:
            said, at = witness_clock
            off = clock.timestamp() - said - ((begun + ended) / 2 - at)
        return Standing(
            epoch=row.epoch,
            next_xid=int(row.next_xid),
            last=(int(row.last_xid), row.last_entry_id) if row.last_xid is not None else _NOWHERE,
            commitments=[bytes(one) if one is not None else None for one in row.commitments],
            clock_off_s=off,
        )

    async def _ask_log(self) -> None:
        if self._log.fetch is None:
            return
        try:
            signed = await asyncio.to_thread(self._log.fetch, "checkpoint", _MOST_BYTES)
            self._log.answered(self._position(signed.decode("utf-8")), self._clock())
        except (ProofError, Unreachable, UnicodeDecodeError):
            self._log.answering_since = None

    async def _ask_witness(self) -> tuple[float, float] | None:
        """The witness's clock in seconds since 1970, and when that was on our own; None when it is not known."""
        if self._witness.fetch is None:
            return None
        begun = time.monotonic()
        try:
            state: Any = json.loads(await asyncio.to_thread(self._witness.fetch, "state", _MOST_BYTES))
            ended = time.monotonic()
            signed = state["checkpoints"].get(note.parse_vkey(self._log_vkey).name, "")
            self._witness.answered(self._position(signed) if signed else None, self._clock())
            now = float(state["now_ms"]) / 1000
        except (ProofError, Unreachable, ValueError, TypeError, KeyError, AttributeError):
            self._witness.answering_since = None
            return None
        return (now, (begun + ended) / 2) if ended - begun < _SLOW_S else None

    def _position(self, signed: str) -> SourcePosition | None:
        """This office's position in a checkpoint of the log, as its key signed it. Raises ProofError."""
        if signed not in self._verified:
            position = positions_in(verify_checkpoint(signed, self._log_vkey)).get(self._source)
            self._verified = {signed: position} | dict([*self._verified.items()][:1])
        return self._verified[signed]

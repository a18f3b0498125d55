"""Missing door numbers and adopted epochs, for auditors. Each look and step is journalled."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import structlog

from chengxin.proofs.entry import decode
from foundation.crypto import Keyring
from foundation.db import Database
from foundation.journal import Journal, Receipt
from foundation.reasons import NOT_FOUND, STEP_OUT_OF_ORDER
from foundation.refusal import Refused
from foundation.rpc import Call
from foundation.words import Words
from services.audit.domain.doors import Gap, explained
from services.audit.domain.reasons import SECOND_AUDITOR_REQUIRED
from services.audit.store import doors as store
from services.audit.store.journals import SourceJournal

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MOST_ALARMS = 100
_REFUSALS = {"done": STEP_OUT_OF_ORDER, "same": SECOND_AUDITOR_REQUIRED}


class Doors:
    """Looks for numbers that no entry has, and lets a journal begin anew."""

    def __init__(
        self, database: Database, keyring: Keyring, journal: Journal, sources: Mapping[str, SourceJournal]
    ) -> None:
        self._database = database
        self._words = Words(keyring, "epoch_adoption")
        self._journal = journal
        self._sources = sources
        self._alarmed: set[Gap] = set()

    async def gaps(self, call: Call, *, source: str, with_explained: bool, most: int) -> tuple[list[Gap], Receipt]:
        """Return the newest gaps; those that the office has explained only where asked for."""
        async with self._database.transaction() as tx:
            receipt = await self._journal.write(tx, call.entry(purpose="audit"))
        found = await self._found(source, most)
        return [gap for gap in found if with_explained or not gap.cause], receipt

    async def alarm(self) -> None:
        """Log each gap that nobody has explained, once."""
        unexplained = {gap for gap in await self._found("", MOST_ALARMS) if not gap.cause}
        for gap in unexplained - self._alarmed:
            log.error("door numbers unexplained", source=gap.source, first=gap.first_no, last=gap.last_no)
        self._alarmed = unexplained

    async def adopt(self, call: Call, source: str, epoch: UUID, *, basis: str) -> tuple[bool, Receipt]:
        """Propose an epoch, or approve what another official proposed; True once it is approved.

        Raises Refused(NOT_FOUND) unless it is the source's present epoch, SECOND_AUDITOR_REQUIRED for the proposer.
        """
        officer, journal = call.require_officer("auditor"), self._sources.get(source)
        if journal is None:
            raise Refused(NOT_FOUND, field="source")
        if await journal.epoch() != epoch:
            raise Refused(NOT_FOUND, field="epoch")
        who = await self._words.official(officer)
        begins_after = await self._begins_after(journal)
        async with self._database.transaction() as tx:
            asked = {"source": source, "epoch": epoch, "by": who, "begins_after": begins_after}
            said: str = (await tx.call("adopt_epoch", **asked)).scalar_one()
            if said in _REFUSALS:
                raise Refused(_REFUSALS[said])
            shown = (f"{epoch}:{said}:{source}",)
            entry = call.entry(purpose="audit", matter=basis, decision="changed", disclosed=shown)
            return said == "approved", await self._journal.write(tx, entry)

    async def _found(self, source: str, most: int) -> list[Gap]:
        async with self._database.transaction() as tx:
            gaps = await store.gaps(tx, source=source, most=most)
        parts: list[Gap] = []
        for gap in gaps:
            journal = self._sources.get(gap.source)
            lost = await journal.lost_doors(gap.first_no, gap.last_no) if journal is not None else []
            parts += explained(gap, lost)
        return parts

    async def _begins_after(self, journal: SourceJournal) -> int:
        """The last entry of a restored journal that the log has already, by its commitment; 0: none."""
        before: int | None = None
        while page := await journal.commitments(before):
            async with self._database.transaction() as tx:
                leaves = await store.leaves(tx, journal.name, list(page))
            for entry in sorted(map(decode, leaves), key=lambda entry: entry.entry_id, reverse=True):
                if page.get(entry.entry_id) == entry.commitment:
                    return entry.entry_id
            before = min(page)
        return 0

"""Answering those who state a purpose: checks, reports, the feed of changes. The rest stands in `reading`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import repeat
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from foundation.access import Caller
from foundation.db import Database, Row
from foundation.identity import Identifier
from foundation.journal import Entry, Journal, Receipt
from foundation.journal.writer import seal_privates
from foundation.personal import Personal
from foundation.reasons import NOT_ENROLLED, NOT_FOUND, ROLE_REQUIRED
from foundation.refusal import Reason, Refused
from services.catalog.batches import MicroBatcher
from services.catalog.domain import reasons
from services.catalog.keys import CatalogKeys
from services.catalog.limits import LIMIT_KEY, QueryLimits
from services.catalog.sealing import Sealer, Shown
from services.catalog.store import answers
from services.catalog.store.answers import Answers, Position, Question

_OWN = (reasons.PURPOSE_UNKNOWN, reasons.NOT_GRANTED, reasons.PURPOSE_IS_YES_NO)
_REASONS: dict[str, Reason] = {reason.code: reason for reason in (NOT_ENROLLED, ROLE_REQUIRED, *_OWN)}
SOURCE = "catalog"

Asked: TypeAlias = "tuple[Context, Sequence[Identifier], datetime, bool]"
"""A question that waits for its batch: about whom, when it came, and whether it is for the records."""


class Context(NamedTuple):
    """On what authority a question is asked. Source: 54号 clause 13.

    `authority` is as the caller's certificate names it, for limits; what it may see the door finds by `fingerprint`.
    """

    fingerprint: bytes
    kind: str
    purpose: str
    matter: Personal
    officer: Personal
    query_id: UUID
    attempt: int = 1
    authority: str = ""


class Checked(NamedTuple):
    """The answer about one party: whether, for which items, and what names its journal entry."""

    found: bool
    items: Sequence[str]
    as_of: datetime
    entry_id: int
    digest: bytes


class SharingOffice:
    """Answers questions. Every answer was journalled in the transaction that read it."""

    def __init__(self, database: Database, sealer: Sealer, journal: Journal, limits: QueryLimits | None = None) -> None:
        self._database = database
        self._limits = limits
        self._sealer = sealer
        self._journal = journal
        self._batches = MicroBatcher(self._answer)

    async def _admit(self, context: Context, parties: Sequence[Identifier]) -> None:
        """Count the question; raises Throttled(TOO_MANY_PERSONS) where it is one too many."""
        if self._limits is not None and (persons := [party for party in parties if party.is_person]):
            key = await self._sealer.keyring.kek(LIMIT_KEY)
            await self._limits.admit(key, context.authority or context.fingerprint.hex(), persons)

    async def check(self, context: Context, party: Identifier, *, now: datetime) -> Checked:
        """Whether anything shareable is known; micro-batched with what arrives at the same time."""
        await self._admit(context, [party])
        answered = await self._batches.ask((context, [party], now, False))
        _raise_refusal(answered)
        return _checked(answered)[0]

    async def check_many(
        self, context: Context, parties: Sequence[Identifier], *, now: datetime
    ) -> Sequence[Checked] | Refused:
        """The same for many parties in one transaction, each with an entry of its own; or why it is refused for each.

        Raises Refused(NOT_ENROLLED).
        """
        await self._admit(context, parties)
        (answered,) = await self._answer([(context, parties, now, False)])
        if answered.reason and answered.reason != NOT_ENROLLED.code:
            return Refused(_REASONS[answered.reason])
        _raise_refusal(answered)
        return _checked(answered)

    async def refuse_members(self, caller: Caller, context: Context, refused: Sequence[Refused]) -> None:
        """Write the entries of a batch's malformed members, which no door gets to see."""
        asked = {name: getattr(context, name) for name in ("kind", "purpose", "matter", "officer", "query_id")}
        async with self._database.transaction() as tx:
            for one in refused:
                entry = Entry(caller=caller, decision="refused", reason=one.reason.code, **asked)
                await self._journal.write(tx, entry)

    async def report(self, context: Context, party: Identifier, *, now: datetime) -> tuple[list[Shown], Receipt]:
        """The records in force with the fields that the grant shows, and no others opened."""
        await self._admit(context, [party])
        answered = await self._batches.ask((context, [party], now, True))
        _raise_refusal(answered)
        hit = answered.hits.get(0, {"records": [], "fields": []})
        wanted = frozenset(hit["fields"])
        shown = [Shown(row=row, fields=await self._sealer.open_shared(row, wanted)) for row in hit["records"][:200]]
        return shown, Receipt.of(SOURCE, _checked(answered)[0])

    async def _answer(self, batch: Sequence[Asked]) -> Sequence[Answers]:
        """Seal what the entries of a batch keep apart, and put it to the door."""
        _, _, now, _ = batch[0]
        keys = await CatalogKeys.open(self._sealer.keyring, now)
        said = [(context.officer, context.matter, len(parties)) for context, parties, _, _ in batch]
        officials, salts, sealed = seal_privates(keys.journal, keys.journal_officers, said)
        buckets, tags, journal_tags = keys.tags_of([party for _, parties, _, _ in batch for party in parties])
        questions = [
            Question(of.fingerprint, of.kind, of.purpose, of.query_id, of.attempt, official, full, len(parties))
            for (of, parties, _, full), official in zip(batch, officials, strict=True)
        ]
        columns = {"bucket": buckets, "tag": tags, "journal_tag": journal_tags, "salt": salts, "sealed": sealed}
        return await answers.answer(self._database, questions, **columns)

    async def epoch(self) -> UUID:
        """The house's epoch, part of every cursor."""
        async with self._database.transaction() as tx:
            return (await tx.one("SELECT epoch FROM house")).epoch

    async def changes(
        self, context: Context, after: Position, *, most: int = 500
    ) -> tuple[list[dict[str, Any]], Position, Receipt | None]:
        """What changed after a position, as far as the caller may see it, and the position after it."""
        async with self._database.transaction() as tx:
            keys = await CatalogKeys.open(self._sealer.keyring, tx.now)
            found = await tx.call(
                "changes",
                fingerprint=context.fingerprint,
                purpose=context.purpose,
                xid=str(after.xid),
                event_id=after.event_id,
                most=most,
                query=context.query_id,
                **keys.private(None, officer=context.officer, matter=context.matter).arguments(),
            )
            row: Row = found.one()
        if row.reason:
            raise Refused(_REASONS[row.reason])
        upto = after if row.upto_xid is None else Position(int(row.upto_xid), row.upto_event_id)
        if row.events is None:
            return [], upto, None
        return row.events, upto, Receipt.of(SOURCE, row)

    async def acknowledge(self, caller: Caller, record_id: UUID) -> tuple[datetime, Receipt]:
        """Record that the caller deleted its copy. Raises Refused(NOT_FOUND) where it never received it."""
        async with self._database.transaction() as tx:
            done = await tx.call("acknowledge", fingerprint=caller.fingerprint, record_id=record_id)
            at: datetime | None = done.scalar_one()
            if at is None:
                raise Refused(NOT_FOUND, field="record_id")
            entry = Entry(
                kind="SharingService.AcknowledgeWithdrawal",
                caller=caller,
                decision="changed",
                disclosed=(f"{record_id}:0:acknowledged",),
            )
            return at, await self._journal.write(tx, entry)


def _checked(answered: Answers) -> list[Checked]:
    found = [answered.hits.get(place) for place in range(len(answered.entry_ids))] if answered.hits else repeat(None)
    return [
        Checked(hit is not None, hit["items"] if hit and not answered.yes_no else [], answered.as_of, entry_id, digest)
        for entry_id, digest, hit in zip(answered.entry_ids, answered.digests, found, strict=False)
        if entry_id is not None and digest is not None
    ]


def _raise_refusal(answered: Answers) -> None:
    """Raise the refusal of a question of one party, which the door has journalled unless it knows nobody to name."""
    if answered.reason:
        raise Refused(_REASONS[answered.reason], journalled=answered.entry_ids[0] is not None)

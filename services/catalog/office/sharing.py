"""Answering those who state a purpose: checks, reports, the feed of changes. The rest stands in `reading`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from foundation.access import Caller
from foundation.db import Database, Row
from foundation.identity import Identifier
from foundation.journal import Entry, Journal, Receipt
from foundation.personal import Personal
from foundation.reasons import NOT_ENROLLED, NOT_FOUND, ROLE_REQUIRED
from foundation.refusal import Reason, Refused
from services.catalog.batches import MicroBatcher
from services.catalog.domain import reasons
from services.catalog.keys import CatalogKeys
from services.catalog.limits import LIMIT_KEY, QueryLimits
from services.catalog.sealing import Sealer, Shown
from services.catalog.store import answers
from services.catalog.store.answers import Position, Question

_REASONS: dict[str, Reason] = {
    "NOT_ENROLLED": NOT_ENROLLED,
    "ROLE_REQUIRED": ROLE_REQUIRED,
    "PURPOSE_UNKNOWN": reasons.PURPOSE_UNKNOWN,
    "NOT_GRANTED": reasons.NOT_GRANTED,
    "PURPOSE_IS_YES_NO": reasons.PURPOSE_IS_YES_NO,
}
SOURCE = "catalog"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """On what authority a question is asked. Source: 54号 clause 13.

    `authority` is as the caller's certificate names it, for limits; what it may see the door finds by `fingerprint`.
    """

    fingerprint: bytes
    authority: str = ""
    kind: str
    purpose: str
    matter: Personal
    officer: Personal
    query_id: UUID
    attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The answer about one party: whether, and for which items."""

    found: bool
    items: list[str]
    receipt: Receipt


class SharingOffice:
    """Answers questions. Every answer was journalled in the transaction that read it."""

    def __init__(self, database: Database, sealer: Sealer, journal: Journal, limits: QueryLimits | None = None) -> None:
        self._database = database
        self._limits = limits
        self._sealer = sealer
        self._journal = journal
        self._batches: MicroBatcher[Question, Row] = MicroBatcher(self._answer_all)

    async def _admit(self, context: Context, parties: Sequence[Identifier]) -> None:
        """Count the question; raises Throttled(TOO_MANY_PERSONS) where it is one too many."""
        if self._limits is not None:
            key = await self._sealer.keyring.kek(LIMIT_KEY)
            await self._limits.admit(key, context.authority or context.fingerprint.hex(), parties)

    async def check(self, context: Context, party: Identifier, *, now: datetime) -> Checked:
        """Whether anything shareable is known; micro-batched with what arrives at the same time."""
        await self._admit(context, [party])
        keys = await CatalogKeys.open(self._sealer.keyring, now)
        return _checked(await self._batches.ask(_question(keys, context, party, full=False)))

    async def check_many(
        self, context: Context, parties: Sequence[Identifier], *, now: datetime
    ) -> list[Checked | Refused]:
        """The same for many parties in one transaction, each with an entry of its own.

        Raises Refused(NOT_ENROLLED) for all of them; other refusals are a member's own.
        """
        await self._admit(context, parties)
        keys = await CatalogKeys.open(self._sealer.keyring, now)
        given = await self._answer_all([_question(keys, context, party, full=False) for party in parties])
        results: list[Checked | Refused] = []
        for answer in given:
            try:
                results.append(_checked(answer))
            except Refused as refused:
                if refused.reason is NOT_ENROLLED:
                    raise
                results.append(refused)
        return results

    async def refuse_members(self, caller: Caller, context: Context, refused: Sequence[Refused]) -> None:
        """Write the entries of a batch's malformed members, which no door gets to see."""
        async with self._database.transaction() as tx:
            for one in refused:
                entry = Entry(
                    kind=context.kind,
                    caller=caller,
                    purpose=context.purpose,
                    matter=context.matter,
                    officer=context.officer,
                    decision="refused",
                    reason=one.reason.code,
                    query_id=context.query_id,
                )
                await self._journal.write(tx, entry)

    async def report(self, context: Context, party: Identifier, *, now: datetime) -> tuple[list[Shown], Receipt]:
        """The records in force with the fields that the grant shows, and no others opened."""
        await self._admit(context, [party])
        keys = await CatalogKeys.open(self._sealer.keyring, now)
        answer = await self._batches.ask(_question(keys, context, party, full=True))
        receipt = _receipt(answer)
        wanted = frozenset(answer.field_names)
        shown = [
            Shown(row=row, fields=await self._sealer.open_shared(row, wanted)) for row in (answer.records or [])[:200]
        ]
        return shown, receipt

    async def _answer_all(self, questions: Sequence[Question]) -> Sequence[Row]:
        async with self._database.transaction() as tx:
            return await answers.answer(tx, questions)

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


def _question(keys: CatalogKeys, context: Context, party: Identifier, *, full: bool) -> Question:
    private = keys.private(party, officer=context.officer, matter=context.matter)
    return Question(
        fingerprint=context.fingerprint,
        kind=context.kind,
        purpose=context.purpose,
        bucket=private.bucket,
        tag=keys.subject_tag(party),
        query=context.query_id,
        attempt=context.attempt,
        journal_tag=private.tag,
        full=full,
        **private.arguments(),
    )


def _checked(answer: Row) -> Checked:
    receipt = _receipt(answer)
    items = [] if answer.yes_no else answer.items
    return Checked(found=bool(answer.items), items=items, receipt=receipt)


def _receipt(answer: Row) -> Receipt:
    """The receipt of an answer; raises its refusal, which the door has journalled."""
    if answer.reason:
        raise Refused(_REASONS[answer.reason], journalled=answer.entry_id is not None)
    return Receipt.of(SOURCE, answer)

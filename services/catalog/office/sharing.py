"""Answering: checks, reports, the feed, a party's own records, the public list, withdrawal certificates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chengxin.proofs import note
from foundation.access import Caller, Person
from foundation.calendar import day_of
from foundation.crypto import epoch_of, name_tag
from foundation.db import Database, Row, Transaction
from foundation.identity import Identifier, IdentifierKind, canonicalise, fold_name, mask_identifier, mask_name
from foundation.journal import Entry, Journal, Receipt
from foundation.journal.writer import NO_SUBJECT, SealedPrivate, seal_private
from foundation.personal import NOTHING, Personal
from foundation.reasons import NOT_ENROLLED, NOT_FOUND, ROLE_REQUIRED
from foundation.refusal import Reason, Refused
from services.catalog.batches import MicroBatcher
from services.catalog.domain import reasons
from services.catalog.domain.certificate import Receiver, withdrawal_certificate
from services.catalog.keys import NAME_INDEX, CatalogKeys
from services.catalog.limits import LIMIT_KEY, QueryLimits
from services.catalog.sealing import DOCUMENT_NUMBER, PARTY_IDENTIFIER, PARTY_NAME, RECORD_NUMBER, Sealer
from services.catalog.store import answers, names
from services.catalog.store.answers import ALL_OF_IT, Answer, Position, Question, Wanted

_REASONS: dict[str, Reason] = {
    "NOT_ENROLLED": NOT_ENROLLED,
    "ROLE_REQUIRED": ROLE_REQUIRED,
    "PURPOSE_UNKNOWN": reasons.PURPOSE_UNKNOWN,
    "NOT_GRANTED": reasons.NOT_GRANTED,
    "PURPOSE_IS_YES_NO": reasons.PURPOSE_IS_YES_NO,
}
SOURCE = "catalog"
CANDIDATES = 500
"""Records opened at most for one page of a search by name: three times what a name of 10 million records shares."""
ANSWERABLE = ("provider", "repair_authority", "list_authority", "office")
"""Roles of systems that answer for records, and of the offices that act for a party."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A record as it may be shown: the row without sealed parts, and the texts that may be seen."""

    row: dict[str, Any]
    fields: dict[str, Personal]


class SharingOffice:
    """Answers questions. Every answer was journalled in the transaction that read it."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        journal: Journal,
        document_key: Ed25519PrivateKey,
        limits: QueryLimits | None = None,
    ) -> None:
        self._database = database
        self._limits = limits
        self._sealer = sealer
        self._journal = journal
        self._document_key = document_key
        self._batches: MicroBatcher[Question, Answer] = MicroBatcher(self._answer_all)

    async def _admit(self, context: Context, parties: Sequence[Identifier]) -> None:
        """Count the question; raises Throttled(TOO_MANY_PERSONS) where it is one too many."""
        if self._limits is not None:
            key = await self._sealer.keyring.kek(LIMIT_KEY)
            await self._limits.admit(key, context.authority or context.fingerprint.hex(), parties)

    async def keys(self, at: datetime) -> CatalogKeys:
        """The keys for questions put at an instant."""
        return await CatalogKeys.open(self._sealer.keyring, at)

    async def check(self, context: Context, party: Identifier, *, now: datetime) -> Checked:
        """Whether anything shareable is known; micro-batched with what arrives at the same time."""
        await self._admit(context, [party])
        keys = await self.keys(now)
        return _checked(await self._batches.ask(_question(keys, context, party, full=False)))

    async def check_many(
        self, context: Context, parties: Sequence[Identifier], *, now: datetime
    ) -> list[Checked | Refused]:
        """The same for many parties in one transaction, each with an entry of its own.

        Raises Refused(NOT_ENROLLED) for all of them; other refusals are a member's own.
        """
        await self._admit(context, parties)
        keys = await self.keys(now)
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
        keys = await self.keys(now)
        answer = await self._batches.ask(_question(keys, context, party, full=True))
        receipt = _receipt(answer)
        wanted = frozenset(answer.field_names)
        shown = [Shown(row=row, fields=await self._sealer.open_shared(row, wanted)) for row in answer.records[:200]]
        return shown, receipt

    async def _answer_all(self, questions: Sequence[Question]) -> list[Answer]:
        async with self._database.transaction() as tx:
            return await answers.answer(tx, questions)

    async def epoch(self) -> UUID:
        """The house's epoch, part of every cursor."""
        async with self._database.transaction() as tx:
            return await answers.epoch(tx)

    async def changes(
        self, context: Context, after: Position, *, most: int = 500
    ) -> tuple[list[dict[str, Any]], Position, Receipt | None]:
        """What changed after a position, as far as the caller may see it, and the position after it."""
        async with self._database.transaction() as tx:
            keys = await self.keys(tx.now)
            private = _private(keys, None, officer=context.officer, matter=context.matter)
            row = await answers.changes(
                tx,
                fingerprint=context.fingerprint,
                purpose=context.purpose,
                after=after,
                most=most,
                query_id=context.query_id,
                private=private,
            )
        if row.reason:
            raise Refused(_REASONS[row.reason])
        upto = after if row.upto_xid is None else Position(row.upto_xid, row.upto_event_id)
        if row.events is None:
            return [], upto, None
        receipt = Receipt(source=SOURCE, entry_id=row.entry_id, as_of=row.as_of, digest=bytes(row.digest))
        return row.events, upto, receipt

    async def acknowledge(self, caller: Caller, record_id: UUID) -> tuple[datetime, Receipt]:
        """Record that the caller deleted its copy. Raises Refused(NOT_FOUND) where it never received it."""
        async with self._database.transaction() as tx:
            at = await answers.acknowledge(tx, fingerprint=caller.fingerprint, record_id=record_id)
            if at is None:
                raise Refused(NOT_FOUND, field="record_id")
            entry = Entry(
                kind="SharingService.AcknowledgeWithdrawal",
                caller=caller,
                decision="changed",
                disclosed=(f"{record_id}:0:acknowledged",),
            )
            return at, await self._journal.write(tx, entry)

    async def own_records(self, caller: Caller, person: Person, query_id: UUID) -> tuple[list[Shown], Receipt]:
        """What is held about the asking party: all fields while shared, without fields afterwards."""
        party = person.identifier
        async with self._database.transaction() as tx:
            keys = await self.keys(tx.now)
            row = await answers.own(
                tx,
                fingerprint=caller.fingerprint,
                subject_tag=keys.subject_tag(party),
                journal_tag=keys.journal_tag(party),
                private=_private(keys, party, officer=caller.officer, matter=caller.matter),
                desk=caller.desk,
                query_id=query_id,
            )
        shown: list[Shown] = []
        for record in row.records or []:
            opened = await self._sealer.open_shared(record, None) if record["wrap"] else {}
            shown.append(Shown(row=record, fields={k: v for k, v in opened.items() if k != RECORD_NUMBER}))
        return shown, _row_receipt(row)

    async def record(
        self, caller: Caller, record_id: UUID, *, matter: Personal, about: Identifier | None, query_id: UUID
    ) -> tuple[dict[str, Any], Receipt]:
        """One record without its fields, for who answers for it. Raises Refused(NOT_FOUND) also for another's."""
        caller.require_role(*ANSWERABLE)
        row = await self._provided(
            caller, "RecordService.GetRecord", record_id, about=about, person=False, matter=matter, query_id=query_id
        )
        return row.record, _row_receipt(row)

    async def certificate(
        self, caller: Caller, person: Person | None, record_id: UUID, query_id: UUID
    ) -> tuple[str, list[Receiver], Receipt]:
        """The signed certificate of a withdrawal, naming every receiver and whether it acknowledged.

        Raises Refused(NOT_ENDED) while the record is shared.
        """
        if person is None:
            caller.require_role(*ANSWERABLE)
        row = await self._provided(
            caller,
            "SharingService.GetWithdrawalCertificate",
            record_id,
            about=person.identifier if person else None,
            person=person is not None,
            matter=NOTHING,
            query_id=query_id,
        )
        record = row.record
        receivers = [Receiver.read(entry) for entry in row.receivers]
        text = withdrawal_certificate(
            record_id=record_id,
            item_code=record["item_code"],
            determining_authority=record["determining_authority"],
            ended_at=datetime.fromisoformat(record["ended_at"]),
            end_reason=record["end_reason"],
            receivers=receivers,
            issued_at=row.as_of,
            deployment=self._sealer.deployment,
        )
        signed = note.sign(text, f"{self._sealer.deployment}/catalog", self._document_key)
        return signed, receivers, _row_receipt(row)

    async def _provided(
        self,
        caller: Caller,
        kind: str,
        record_id: UUID,
        *,
        about: Identifier | None,
        person: bool,
        matter: Personal,
        query_id: UUID,
    ) -> Any:
        async with self._database.transaction() as tx:
            keys = await self.keys(tx.now)
            row = await answers.provided(
                tx,
                fingerprint=caller.fingerprint,
                kind=kind,
                record_id=record_id,
                subject_tag=keys.subject_tag(about) if about else None,
                journal_tag=keys.journal_tag(about) if about else None,
                person=person,
                private=_private(keys, about, officer=caller.officer, matter=matter or caller.matter),
                desk=caller.desk,
                query_id=query_id,
            )
        if row.record is None:
            raise Refused(NOT_FOUND if row.shared is None else reasons.NOT_ENDED, field="record_id")
        return row

    async def published_named(
        self,
        name: str,
        wanted: Wanted = ALL_OF_IT,
        *,
        item_code: str,
        before: date | None,
        after: UUID | None,
        most: int,
    ) -> tuple[list[Shown], dict[str, Any] | None]:
        """A page of what is published about organisations of a name, and the row to go on after, if there is more.

        Names are equal that fold alike. At most CANDIDATES records are opened, so that a page may hold fewer, or none.
        """
        kek = (await self._sealer.keyring.in_use(NAME_INDEX)).reading
        asked = epoch_of(kek.name), name_tag(kek.key, name)
        async with self._database.transaction() as tx:
            rows = await names.candidates(
                tx, *asked, wanted, item_code=item_code, before=before, after=after, most=CANDIDATES
            )
        sought, shown = fold_name(name), list[Shown]()
        for row in rows:
            one = await self._public(row, day_of(tx.now))
            if fold_name(one.fields[PARTY_NAME].reveal()) == sought:
                if len(shown) == most:
                    return shown, shown[-1].row
                shown.append(one)
        return shown, dict(rows[-1]._mapping) if len(rows) == CANDIDATES else None

    async def published(
        self,
        wanted: Wanted = ALL_OF_IT,
        organisation: Identifier | None = None,
        *,
        item_code: str,
        before: date | None,
        after: UUID | None,
        most: int,
    ) -> list[Shown]:
        """A page of what the law publishes; a natural person's name and number are masked (54号 clause 4).

        Of one `organisation` where it is given; no natural person is found so.
        """
        async with self._database.transaction() as tx:
            one: tuple[int, bytes] | None = None
            if organisation is not None:
                keys = await self.keys(tx.now)
                one = keys.bucket_of(organisation), keys.subject_tag(organisation)
            rows = await answers.published(tx, wanted, one, item_code=item_code, before=before, after=after, most=most)
        return [await self._public(row, day_of(tx.now)) for row in rows]

    async def _public(self, row: Row, today: date) -> Shown:
        record = {**row._mapping, "wrap": row.share_wrap}
        opened = await self._sealer.open_shared(record, {PARTY_NAME, PARTY_IDENTIFIER, DOCUMENT_NUMBER})
        return Shown(row=record, fields=_masked(opened, person=row.person, today=today))

    async def now(self, tx: Transaction | None = None) -> datetime:
        """The house's time."""
        if tx is not None:
            return tx.now
        async with self._database.transaction() as fresh:
            return fresh.now


def _question(keys: CatalogKeys, context: Context, party: Identifier, *, full: bool) -> Question:
    return Question(
        fingerprint=context.fingerprint,
        kind=context.kind,
        purpose=context.purpose,
        subject_tag=keys.subject_tag(party),
        journal_tag=keys.journal_tag(party),
        private=_private(keys, party, officer=context.officer, matter=context.matter),
        query_id=context.query_id,
        attempt=context.attempt,
        full=full,
    )


def _private(keys: CatalogKeys, party: Identifier | None, *, officer: Personal, matter: Personal) -> SealedPrivate:
    if party is None:
        return seal_private(keys.journal, keys.journal_officers, officer, matter, tag=None, bucket=NO_SUBJECT)
    return seal_private(
        keys.journal, keys.journal_officers, officer, matter, tag=keys.journal_tag(party), bucket=keys.bucket_of(party)
    )


def _checked(answer: Answer) -> Checked:
    receipt = _receipt(answer)
    items = [] if answer.yes_no else answer.items
    return Checked(found=bool(answer.items), items=items, receipt=receipt)


def _receipt(answer: Answer) -> Receipt:
    """The receipt of an answer; raises its refusal, which the door has journalled."""
    if answer.reason:
        raise Refused(_REASONS[answer.reason], journalled=answer.entry_id is not None)
    assert answer.entry_id is not None
    assert answer.digest is not None
    return Receipt(source=SOURCE, entry_id=answer.entry_id, as_of=answer.as_of, digest=answer.digest)


def _row_receipt(row: Any) -> Receipt:
    return Receipt(source=SOURCE, entry_id=row.entry_id, as_of=row.as_of, digest=bytes(row.digest))


def _masked(fields: dict[str, Personal], *, person: bool, today: date) -> dict[str, Personal]:
    kind, _, number = fields[PARTY_IDENTIFIER].reveal().partition(":")
    if person:
        identifier = canonicalise(IdentifierKind(kind), number, today=today)
        return {
            **fields,
            PARTY_NAME: Personal(mask_name(fields[PARTY_NAME].reveal())),
            PARTY_IDENTIFIER: Personal(mask_identifier(identifier)),
        }
    return {**fields, PARTY_IDENTIFIER: Personal(number)}

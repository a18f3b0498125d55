"""Changing: handing in, revoking, withdrawing. What it may do, the doors decide by the caller's certificate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import date, datetime
from uuid import UUID, uuid4

from foundation.access import Caller
from foundation.calendar import day_of
from foundation.crypto import Kek, epoch_of, name_tag
from foundation.db import Database, Row, Transaction
from foundation.journal import Entry, Journal, Receipt
from foundation.policy import LawBook, Policy
from foundation.reasons import NOT_FOUND, UNAVAILABLE
from foundation.refusal import Reason, Refused
from services.catalog.domain import reasons
from services.catalog.domain.admission import Admitted, Draft, admit
from services.catalog.keys import CatalogKeys
from services.catalog.office.batch import Batch, BatchKeys, sealed_record
from services.catalog.sealing import Sealer
from services.catalog.store import records
from services.catalog.store.records import StoredRecord

_OWN = (reasons.ITEM_NOT_IN_FORCE, reasons.RETENTION_PASSED, reasons.NUMBER_USED_FOR_OTHER_CONTENT)
_OUTCOMES: dict[str, Reason] = {"again": UNAVAILABLE, **{reason.code: reason for reason in _OWN}}
END_REASONS = frozenset({"repaired", "objection_upheld", "listing_closed"})
"""Reasons for which a caller may end sharing; the others end it by themselves."""
_AT_ONCE = 25
"""Records judged or sealed before others have their turn: a question waits for some milliseconds at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedIn:
    """What became of one draft."""

    record_id: UUID | None = None
    already_held: bool = False
    refused: Refused | None = None
    warnings: tuple[str, ...] = ()


@dataclass(eq=False)
class RecordOffice:
    """Takes records in and ends their sharing."""

    database: Database
    sealer: Sealer
    journal: Journal
    _: KW_ONLY
    lawbook: LawBook
    policy: Policy
    _sample: bool | None = field(default=None, init=False)

    async def hand_in(self, caller: Caller, drafts: Sequence[Draft | Refused]) -> tuple[list[HandedIn], Receipt]:
        """Hold each draft against the rules and store what keeps them: one transaction, one entry for the batch.

        A draft that is refused already (malformed) keeps its place. Results are in the order of the drafts. Each
        refused one leaves an entry of its own: attempts are pursued (54号, supervision).
        """
        return await self.store(caller, await self.prepare(caller, lambda _: drafts))

    async def prepare(self, caller: Caller, read: Callable[[date], Iterable[Draft | Refused]]) -> Batch:
        """Judge and seal what `read` gives on the house's day, outside any transaction: others are stored meanwhile."""
        caller.require_role("provider", "office")
        async with self.database.transaction() as tx:
            if self._sample is None:
                self._sample = (await tx.one("SELECT sample FROM house")).sample
        drafts: list[Draft | Refused] = []
        judged: list[Admitted | Refused] = []
        today = day_of(tx.now)
        for draft in read(today):
            drafts.append(draft)
            judged.append(self._judged(draft, caller, today))
            if len(drafts) % _AT_ONCE == 0:
                await asyncio.sleep(0)
        return await self._sealed(caller, drafts, judged, tx.now)

    async def store(self, caller: Caller, batch: Batch) -> tuple[list[HandedIn], Receipt]:
        """Store a prepared batch as `hand_in` says. Where a key has been changed meanwhile it is sealed once more."""
        while True:
            async with self.database.transaction() as tx:
                # Here and not before: whoever changes a key waits for transactions that began under the old one.
                if batch.keys == await BatchKeys.open(self.sealer.keyring, tx.now, batch.keys.sealing):
                    return await self._stored(tx, caller, batch)
            batch = await self._sealed(caller, batch.drafts, batch.judged, tx.now)

    async def _stored(self, tx: Transaction, caller: Caller, batch: Batch) -> tuple[list[HandedIn], Receipt]:
        outcomes = iter(await self._recorded(tx, caller, batch) if batch.admitted else [])
        results = [
            HandedIn(refused=one) if isinstance(one, Refused) else _result(*next(outcomes), one.warnings)
            for one in batch.judged
        ]
        taken = [result for result in results if result.record_id and not result.already_held]
        await self._journal_refused(tx, caller, zip(batch.drafts, results, strict=True))
        entry = Entry(
            kind="RecordService.SubmitRecords",
            caller=caller,
            decision="changed",
            items=tuple(sorted({one.item.code for one in batch.admitted})),
            disclosed=tuple(f"{result.record_id}:1:recorded" for result in taken),
        )
        return results, await self.journal.write(tx, entry)

    async def _journal_refused(
        self, tx: Transaction, caller: Caller, judged: Iterable[tuple[Draft | Refused, HandedIn]]
    ) -> None:
        for draft, result in judged:
            if result.refused is None or result.refused.reason is UNAVAILABLE:
                continue
            known = isinstance(draft, Draft)
            entry = Entry(
                kind="RecordService.SubmitRecords",
                caller=caller,
                subject=draft.party if known else None,
                decision="refused",
                reason=result.refused.reason.code,
                items=(draft.item_code,) if known and self.lawbook.knows_item(draft.item_code) else (),
            )
            await self.journal.write(tx, entry)

    def _judged(self, draft: Draft | Refused, caller: Caller, today: date) -> Admitted | Refused:
        if isinstance(draft, Refused):
            return draft
        try:
            if draft.sample and not self._sample:
                raise Refused(reasons.SAMPLE_IN_REAL_HOUSE, field="sample")
            return admit(
                draft,
                lawbook=self.lawbook,
                policy=self.policy,
                provider=caller.authority,
                on_behalf="office" in caller.roles,
                today=today,
            )
        except Refused as refused:
            return refused

    async def _sealed(
        self, caller: Caller, drafts: Sequence[Draft | Refused], judged: Sequence[Admitted | Refused], now: datetime
    ) -> Batch:
        admitted = [one for one in judged if isinstance(one, Admitted)]
        today = day_of(now)
        families = {family for one in admitted for family in self.sealer.families(one, today)}
        keys = await BatchKeys.open(self.sealer.keyring, now, families)
        parties = [one.draft.party for one in admitted]
        buckets, tags = [keys.catalog.bucket_of(party) for party in parties], keys.catalog.subject_tags(parties)
        async with self.database.transaction() as tx:
            known = await records.subjects_known(tx, buckets, tags) if admitted else []
        drawn = {tag: uuid4() for tag, subject in zip(tags[0][1], known, strict=True) if subject is None}
        subjects = [subject or drawn[tag] for tag, subject in zip(tags[0][1], known, strict=True)]
        sealed: list[StoredRecord] = []
        for one, bucket, subject in zip(admitted, buckets, subjects, strict=True):
            sealed.append(sealed_record(one, self.sealer, keys, caller, bucket=bucket, subject_id=subject, today=today))
            if len(sealed) % _AT_ONCE == 0:
                await asyncio.sleep(0)
        fresh = [drawn.get(tag) for tag in tags[0][1]]
        names = [(epoch_of(kek.name), [_listed(one, kek) for one in admitted]) for kek in keys.names.writing]
        return Batch(drafts, judged, admitted, keys, tags, fresh, names, sealed)

    async def _recorded(self, tx: Transaction, caller: Caller, batch: Batch) -> list[tuple[str, UUID | None]]:
        canons = [one.draft.party.canon for one in batch.admitted]
        buckets, stored, today = [record.bucket for record in batch.sealed], list(batch.sealed), day_of(tx.now)
        subjects = await records.subjects_for(tx, buckets, canons, batch.tags, fresh=batch.fresh)
        for at, (one, bucket, subject) in enumerate(zip(batch.admitted, buckets, subjects, strict=True)):
            if stored[at].subject_id != subject:  # the party came, or was erased and came anew, since it was sealed
                stored[at] = sealed_record(
                    one, self.sealer, batch.keys, caller, bucket=bucket, subject_id=subject, today=today
                )
        return await records.hand_in(tx, fingerprint=caller.fingerprint, records=stored, names=batch.names)

    async def withdraw(
        self, caller: Caller, *, record_id: UUID | None, record_number: str, reason: str, matter: str
    ) -> tuple[UUID, datetime, bool, Receipt]:
        """End one record's sharing: record, instant, whether it had ended before. Idempotent.

        Raises Refused(NOT_FOUND) where it is none of the caller's, Refused(END_REASON_NOT_ALLOWED).
        """
        caller.require_role("provider", "repair_authority", "list_authority", "office")
        if reason not in END_REASONS:
            raise Refused(reasons.END_REASON_NOT_ALLOWED, field="reason")
        async with self.database.transaction() as tx:
            keys = await CatalogKeys.open(self.sealer.keyring, tx.now)
            number = keys.number_tag(caller.authority, record_number) if record_number else None
            which = {"fingerprint": caller.fingerprint, "record_id": record_id, "number_tag": number}
            row: Row | None = (await tx.call("end_sharing", reason=reason, **which)).one_or_none()
            if row is None:
                raise Refused(NOT_FOUND, field="record_id")
            entry = Entry(
                kind="RecordService.WithdrawRecord",
                caller=caller,
                matter=matter,
                decision="changed",
                disclosed=(f"{row.record_id}:0:withdrawn",),
            )
            receipt = await self.journal.write(tx, entry)
            return row.record_id, row.ended_at, row.already_ended, receipt

    async def revoke_document(self, caller: Caller, *, document_number: str, reason: str) -> tuple[list[UUID], Receipt]:
        """End the sharing of all the caller's records that rest on a document."""
        caller.require_role("provider")
        async with self.database.transaction() as tx:
            keys = await CatalogKeys.open(self.sealer.keyring, tx.now)
            tag = keys.document_tag(caller.authority, document_number)
            revoked = await tx.call("revoke_document", fingerprint=caller.fingerprint, document_tag=tag)
            ended = list(revoked.scalars())
            entry = Entry(
                kind="RecordService.RevokeDocument",
                caller=caller,
                matter=reason,
                decision="changed",
                disclosed=tuple(f"{record_id}:0:revoked" for record_id in ended),
            )
            return ended, await self.journal.write(tx, entry)


def _listed(one: Admitted, kek: Kek) -> int | None:
    """The tag of a name under which a record comes on the public list."""
    return name_tag(kek, one.draft.party_name) if one.public and not one.draft.party.is_person else None


def _result(outcome: str, record_id: UUID | None, warnings: tuple[str, ...]) -> HandedIn:
    if outcome in {"accepted", "held"}:
        return HandedIn(record_id=record_id, already_held=outcome == "held", warnings=warnings)
    return HandedIn(refused=Refused(_OUTCOMES[outcome], field="record_number" if "NUMBER" in outcome else ""))

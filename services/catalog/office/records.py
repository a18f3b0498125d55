"""Changing: handing in, revoking, withdrawing. What it may do, the doors decide by the caller's certificate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from foundation.access import Caller
from foundation.calendar import add_months, day_of, start_of
from foundation.crypto import epoch_of, name_tag
from foundation.db import Database, Row, Transaction
from foundation.journal import Entry, Journal, Receipt
from foundation.policy import LawBook, Policy
from foundation.reasons import NOT_FOUND, UNAVAILABLE
from foundation.refusal import Reason, Refused
from services.catalog.domain import reasons
from services.catalog.domain.admission import Admitted, Draft, admit
from services.catalog.keys import NAME_INDEX, CatalogKeys
from services.catalog.sealing import Sealer
from services.catalog.store import records
from services.catalog.store.records import StoredRecord

_OUTCOMES: dict[str, Reason] = {
    "ITEM_NOT_IN_FORCE": reasons.ITEM_NOT_IN_FORCE,
    "RETENTION_PASSED": reasons.RETENTION_PASSED,
    "NUMBER_USED_FOR_OTHER_CONTENT": reasons.NUMBER_USED_FOR_OTHER_CONTENT,
    "again": UNAVAILABLE,
}
END_REASONS = frozenset({"repaired", "objection_upheld", "listing_closed"})
"""Reasons for which a caller may end sharing; the others end it by themselves."""


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
        caller.require_role("provider", "office")
        async with self.database.transaction() as tx:
            judged = await self._judge(tx, caller, drafts)
            admitted = [one for one in judged if isinstance(one, Admitted)]
            outcomes = iter(await self._store(tx, caller, admitted) if admitted else [])
            results: list[HandedIn] = []
            for one in judged:
                if isinstance(one, Refused):
                    results.append(HandedIn(refused=one))
                else:
                    outcome, record_id = next(outcomes)
                    results.append(_result(outcome, record_id, one.warnings))
            taken = [result for result in results if result.record_id and not result.already_held]
            await self._journal_refused(tx, caller, zip(drafts, results, strict=True))
            entry = Entry(
                kind="RecordService.SubmitRecords",
                caller=caller,
                decision="changed",
                items=tuple(sorted({one.item.code for one in admitted})),
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

    async def _judge(
        self, tx: Transaction, caller: Caller, drafts: Sequence[Draft | Refused]
    ) -> list[Admitted | Refused]:
        if self._sample is None:
            self._sample = (await tx.one("SELECT sample FROM house")).sample
        today = day_of(tx.now)
        judged: list[Admitted | Refused] = []
        for draft in drafts:
            if isinstance(draft, Refused):
                judged.append(draft)
                continue
            try:
                if draft.sample and not self._sample:
                    raise Refused(reasons.SAMPLE_IN_REAL_HOUSE, field="sample")
                judged.append(
                    admit(
                        draft,
                        lawbook=self.lawbook,
                        policy=self.policy,
                        provider=caller.authority,
                        on_behalf="office" in caller.roles,
                        today=today,
                    )
                )
            except Refused as refused:
                judged.append(refused)
        return judged

    async def _store(
        self, tx: Transaction, caller: Caller, admitted: Sequence[Admitted]
    ) -> list[tuple[str, UUID | None]]:
        keys = await CatalogKeys.open(self.sealer.keyring, tx.now)
        buckets = [keys.bucket_of(one.draft.party) for one in admitted]
        parties = [one.draft.party for one in admitted]
        canons = [party.canon for party in parties]
        subjects = await records.subjects_for(tx, buckets, canons, keys.subject_tags(parties))
        stored = [
            await self._sealed(one, keys=keys, caller=caller, bucket=bucket, subject_id=subject_id, now=tx.now)
            for one, bucket, subject_id in zip(admitted, buckets, subjects, strict=True)
        ]
        outcomes = await records.hand_in(tx, fingerprint=caller.fingerprint, records=stored)
        index = await self.sealer.keyring.in_use(NAME_INDEX)
        named = [
            (epoch_of(kek.name), kept.bucket, kept.record_id, name_tag(kek, one.draft.party_name))
            for one, kept, (outcome, _) in zip(admitted, stored, outcomes, strict=True)
            if outcome == "accepted" and kept.public and not kept.person
            for kek in index.writing
        ]
        if named:
            columns = zip(("epoch", "bucket", "record_id", "tag"), zip(*named, strict=True), strict=True)
            await tx.call("name_records", **{name: list(column) for name, column in columns})
        return outcomes

    async def _sealed(
        self, one: Admitted, *, keys: CatalogKeys, caller: Caller, bucket: int, subject_id: UUID, now: datetime
    ) -> StoredRecord:
        draft, today = one.draft, day_of(now)
        record_id = uuid4()
        erase_before = max(add_months(draft.determined_on, one.item.retention_months), one.ends_before)
        share, archive = await self.sealer.keks(one, erase_before, today)
        sealed, fields = self.sealer.seal(one, record_id=record_id, subject_id=subject_id, share=share, archive=archive)
        return StoredRecord(
            number_tag=keys.number_tag(caller.authority, draft.record_number),
            content_digest=_content_digest(keys, draft),
            bucket=bucket,
            record_id=record_id,
            version=draft.version,
            subject_id=subject_id,
            person=draft.party.is_person,
            item_code=draft.item_code,
            determining_authority=draft.authority,
            document_kind=draft.document_kind,
            document_tag=keys.document_tag(caller.authority, draft.document_number),
            severity=draft.severity.value if draft.severity else None,
            determined_on=draft.determined_on,
            earliest_repair_on=one.earliest_repair_on,
            ends_before=start_of(one.ends_before),
            public=one.public,
            sample=draft.sample,
            archive_wrap=sealed.archive_wrap,
            share_wrap=sealed.share_wrap,
            fields=fields,
        )

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


def _result(outcome: str, record_id: UUID | None, warnings: tuple[str, ...]) -> HandedIn:
    if outcome in {"accepted", "held"}:
        return HandedIn(record_id=record_id, already_held=outcome == "held", warnings=warnings)
    return HandedIn(refused=Refused(_OUTCOMES[outcome], field="record_number" if "NUMBER" in outcome else ""))


def _content_digest(keys: CatalogKeys, draft: Draft) -> bytes:
    return keys.content_digest(
        draft.item_code,
        draft.party.kind.value,
        draft.party.value.reveal(),
        draft.party_name,
        draft.document_kind,
        draft.document_number,
        draft.authority,
        draft.determined_on.isoformat(),
        draft.effective_on.isoformat(),
        draft.severity.value if draft.severity else "",
        draft.publicity_until.isoformat() if draft.publicity_until else "",
        str(draft.version),
        draft.person_publicity_basis,
        str(draft.sample),
        *[text for pair in sorted(draft.fields) for text in pair],
    )

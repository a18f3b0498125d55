"""Tables and SQL of the repair office: one function per question. What people wrote is sealed and opened here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from foundation.calendar import Deadline
from foundation.crypto import Dek, OpenFailed
from foundation.db import Row, Transaction
from foundation.identity import Identifier
from services.repair.domain.application import Application, QueueEntry, State, Step, TakenStep
from services.repair.domain.eligibility import Finding
from services.repair.keys import ApplicationKeys, NewKey, Party, bucket_in, identifier_of, identifier_text

LISTED = 500
"""Applications that a list gives at most."""

_HEAD = """
    SELECT a.bucket, a.application_id, a.record_id, a.determining_authority, a.wrap, a.subject, a.correction,
           (SELECT count(*) FROM evidence e
             WHERE e.bucket = a.bucket AND e.application_id = a.application_id) AS evidence_count
      FROM application a JOIN standing s ON s.bucket = a.bucket AND s.application_id = a.application_id
"""


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """An application as held: with its party, and the key that seals what is added to it."""

    application: Application
    subject: Identifier
    dek: Dek

    @property
    def bucket(self) -> int:
        """The bucket of its rows."""
        return bucket_in(self.application.application_id)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NewApplication:
    """What an application is made of."""

    application_id: UUID
    party: Party
    request_tag: bytes
    finding: Finding
    correction: str
    key: NewKey


async def lock_bucket(tx: Transaction, bucket: int) -> None:
    """Let one transaction at a time change the applications of a bucket."""
    await tx.run("SELECT pg_advisory_xact_lock(hashtext('repair.application'), :bucket)", bucket=bucket)


class Store:
    """Reads and writes applications inside the caller's transaction."""

    def __init__(self, keys: ApplicationKeys) -> None:
        self._keys = keys

    async def of_party(self, tx: Transaction, party: Party, application_id: UUID) -> Held | None:
        """An application of this party; None for one that is not its own or does not exist."""
        heads = await tx.all(
            _HEAD + "WHERE a.bucket = :bucket AND a.application_id = :id AND a.subject_tag = :tag",
            bucket=party.bucket,
            id=application_id,
            tag=party.subject_tag,
        )
        return _own(await self._held(tx, heads), party)

    async def of_authority(self, tx: Transaction, authority: str, application_id: UUID) -> Held | None:
        """An application that this authority decides; None for any other."""
        heads = await tx.all(
            _HEAD
            + "WHERE a.bucket = :bucket AND a.application_id = :id AND a.determining_authority = :authority",
            bucket=bucket_in(application_id),
            id=application_id,
            authority=authority,
        )
        return next(iter(await self._held(tx, heads)), None)

    async def of_house(self, tx: Transaction, application_id: UUID) -> Held | None:
        """An application, for carrying out what was decided."""
        heads = await tx.all(
            _HEAD + "WHERE a.bucket = :bucket AND a.application_id = :id",
            bucket=bucket_in(application_id),
            id=application_id,
        )
        return next(iter(await self._held(tx, heads)), None)

    async def of_request(self, tx: Transaction, party: Party, request_tag: bytes) -> Held | None:
        """The application that this request made before; None the first time."""
        heads = await tx.all(
            _HEAD + "WHERE a.bucket = :bucket AND a.request_tag = :request AND a.subject_tag = :tag",
            bucket=party.bucket,
            request=request_tag,
            tag=party.subject_tag,
        )
        return _own(await self._held(tx, heads), party)

    async def list_of_party(self, tx: Transaction, party: Party) -> list[Application]:
        """The party's applications, next deadline first, at most 500."""
        heads = await tx.all(
            _HEAD + "WHERE s.bucket = :bucket AND s.subject_tag = :tag"
            " ORDER BY s.due_on NULLS LAST, s.application_id LIMIT :most",
            bucket=party.bucket,
            tag=party.subject_tag,
            most=LISTED,
        )
        held = await self._held(tx, heads)
        return [one.application for one in held if one.subject == party.identifier]

    async def queue(self, tx: Transaction, authority: str) -> list[QueueEntry]:
        """What waits at an authority, next deadline first, then what is being carried out; at most 500."""
        rows = await tx.all(
            "SELECT s.application_id, s.record_id, s.determining_authority, s.state, s.due_on,"
            "       t.due_provisional, t.at, f.at AS submitted_at,"
            "       (SELECT count(*) FROM evidence e"
            "         WHERE e.bucket = s.bucket AND e.application_id = s.application_id) AS evidence_count"
            "  FROM standing s"
            "  JOIN application_step t ON t.bucket = s.bucket AND t.application_id = s.application_id"
            "       AND t.step_no = s.step_no"
            "  JOIN application_step f ON f.bucket = s.bucket AND f.application_id = s.application_id"
            "       AND f.step_no = 1"
            " WHERE s.determining_authority = :authority AND s.state IN ('submitted', 'accepted', 'granted')"
            " ORDER BY s.due_on NULLS LAST, s.application_id LIMIT :most",
            authority=authority,
            most=LISTED,
        )
        return [_queue_entry(row) for row in rows]

    async def open_about(self, tx: Transaction, party: Party, record_id: str) -> bool:
        """Whether an application about the record is open, or granted and being carried out."""
        return await self._stands(tx, party.bucket, record_id, ("submitted", "accepted", "granted"))

    async def missing_named(self, tx: Transaction, bucket: int, record_id: str) -> bool:
        """Whether an application about the record was not accepted before."""
        return await self._stands(tx, bucket, record_id, ("not_accepted",))

    async def insert(self, tx: Transaction, new: NewApplication) -> None:
        """Put an application down; its first step must follow in the same transaction."""
        await tx.run(
            "INSERT INTO application (bucket, application_id, subject_tag, request_tag, record_id,"
            " determining_authority, repairable_from, commitment, wrap, subject, correction)"
            " VALUES (:bucket, :id, :tag, :request, :record, :authority, :from_day, true, :wrap, :subject,"
            " :correction)",
            bucket=new.party.bucket,
            id=new.application_id,
            tag=new.party.subject_tag,
            request=new.request_tag,
            record=new.finding.record_id,
            authority=new.finding.determining_authority,
            from_day=new.finding.repairable_from,
            wrap=new.key.wrap,
            subject=new.key.dek.seal("subject", identifier_text(new.party.identifier)),
            correction=new.key.dek.seal("correction", new.correction),
        )

    async def take(
        self, tx: Transaction, application_id: UUID, dek: Dek, step: Step, *, authority: str
    ) -> None:
        """Take a step; `authority` is the officer's, empty for a step of the party or the house."""
        await tx.run(
            "INSERT INTO application_step (bucket, application_id, state, day, officer, authority, due_on,"
            " due_provisional, missing, reasons, verification)"
            " VALUES (:bucket, :id, :state, :day, :officer, :authority, :due_on, :provisional, :missing, :reasons,"
            " :verification)",
            bucket=bucket_in(application_id),
            id=application_id,
            state=step.state.value,
            day=step.day,
            officer=_sealed(dek, "officer", step.officer),
            authority=authority,
            due_on=step.due.on if step.due else None,
            provisional=step.due.provisional if step.due else False,
            missing=_sealed(dek, "missing", json.dumps(step.missing) if step.missing else ""),
            reasons=_sealed(dek, "reasons", step.reasons),
            verification=_sealed(dek, "verification", step.verification),
        )

    async def granted_record(self, tx: Transaction, application_id: UUID) -> str | None:
        """The record that a granted application has yet to see withdrawn; None when nothing is to be done."""
        row = await tx.maybe(
            "SELECT record_id FROM standing"
            " WHERE bucket = :bucket AND application_id = :id AND state = 'granted'",
            bucket=bucket_in(application_id),
            id=application_id,
        )
        return None if row is None else row.record_id

    async def granted_without_job(self, tx: Transaction, job: str) -> list[tuple[UUID, str]]:
        """Granted applications, with their record, whose delivery nobody is at: its job was parked or lost."""
        rows = await tx.all(
            "SELECT s.application_id, s.record_id FROM standing s WHERE s.state = 'granted' AND NOT EXISTS ("
            "   SELECT FROM procrastinate_jobs j WHERE j.task_name = :job AND j.status IN ('todo', 'doing')"
            "      AND j.args->>'application_id' = s.application_id::text)",
            job=job,
        )
        return [(row.application_id, row.record_id) for row in rows]

    async def _stands(self, tx: Transaction, bucket: int, record_id: str, states: tuple[str, ...]) -> bool:
        row = await tx.one(
            "SELECT EXISTS (SELECT FROM standing WHERE bucket = :bucket AND record_id = :record"
            " AND state = ANY(:states)) AS found",
            bucket=bucket,
            record=record_id,
            states=list(states),
        )
        return bool(row.found)

    async def _held(self, tx: Transaction, heads: Sequence[Row]) -> list[Held]:
        """Open applications with all their steps, in the order of `heads`."""
        steps: dict[UUID, list[Row]] = {}
        for row in await tx.all(
            "SELECT t.* FROM unnest(cast(:buckets AS smallint[]), cast(:ids AS uuid[])) AS k (bucket, application_id)"
            " JOIN application_step t ON t.bucket = k.bucket AND t.application_id = k.application_id"
            " ORDER BY t.application_id, t.step_no",
            buckets=[head.bucket for head in heads],
            ids=[head.application_id for head in heads],
        ):
            steps.setdefault(row.application_id, []).append(row)
        return [await self._opened(head, steps[head.application_id]) for head in heads]

    async def _opened(self, head: Row, steps: list[Row]) -> Held:
        dek = await self._keys.open(head.application_id, bytes(head.wrap))
        application = Application(
            application_id=head.application_id,
            record_id=head.record_id,
            determining_authority=head.determining_authority,
            correction=dek.open("correction", bytes(head.correction)),
            history=tuple(TakenStep(_step(row, dek), row.at) for row in steps),
            evidence_count=head.evidence_count,
        )
        return Held(application, identifier_of(dek.open("subject", bytes(head.subject))), dek)


def _own(found: list[Held], party: Party) -> Held | None:
    """The one application found. A tag that leads to another party's sealed identifier was tampered with."""
    if not found:
        return None
    if found[0].subject != party.identifier:
        raise OpenFailed
    return found[0]


def _step(row: Row, dek: Dek) -> Step:
    def text(column: str, sealed: bytes | None) -> str:
        return "" if sealed is None else dek.open(column, bytes(sealed))

    return Step(
        state=State(row.state),
        day=row.day,
        officer=text("officer", row.officer),
        due=_due(row.due_on, row.due_provisional),
        missing=tuple(json.loads(text("missing", row.missing) or "[]")),
        reasons=text("reasons", row.reasons),
        verification=text("verification", row.verification),
    )


def _sealed(dek: Dek, column: str, text: str) -> bytes | None:
    return dek.seal(column, text) if text else None


def _due(on: date | None, provisional: bool) -> Deadline | None:
    return None if on is None else Deadline(on, provisional)


def _queue_entry(row: Row) -> QueueEntry:
    state = State(row.state)
    return QueueEntry(
        application_id=row.application_id,
        record_id=row.record_id,
        determining_authority=row.determining_authority,
        state=state,
        submitted_at=row.submitted_at,
        due=_due(row.due_on, row.due_provisional),
        decided_at=row.at if state is State.GRANTED else None,
        evidence_count=row.evidence_count,
    )

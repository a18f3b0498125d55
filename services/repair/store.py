"""Tables and SQL of the repair office: one function per question. What people wrote is sealed and opened here."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from foundation.calendar import Deadline, day_of
from foundation.crypto import Dek, DossierKeys, bucket_in, identifier_of, identifier_text, new_id
from foundation.db import Row, Transaction
from foundation.db.statements import sql_beside
from foundation.evidence import SealedFile
from foundation.identity import Identifier
from foundation.personal import NOTHING, Personal
from foundation.reasons import NOT_FOUND
from foundation.refusal import Refused
from services.repair.domain.application import Application, State, Step, TakenStep
from services.repair.domain.eligibility import Finding

TABLE = "application"
LISTED = 500
"""Applications that a list gives at most."""

sql = sql_beside(__file__)


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """An application as held: with its party, and the key that seals what is added to it."""

    application: Application
    subject: Identifier
    dek: Dek


class Store:
    """Reads and writes applications inside the caller's transaction."""

    def __init__(self, keys: DossierKeys, random: Callable[[int], bytes]) -> None:
        self._keys = keys
        self._random = random

    async def new_application_id(self, party: Identifier) -> UUID:
        """An id for an application of this party."""
        return new_id(await self._keys.bucket(party), self._random)

    async def lock(self, tx: Transaction, application_id: UUID) -> None:
        """Let one transaction at a time change the applications of a bucket."""
        bucket = bucket_in(application_id)
        await tx.run("SELECT pg_advisory_xact_lock(hashtext('repair.application'), :bucket)", bucket=bucket)

    async def of_house(self, tx: Transaction, application_id: UUID) -> Held:
        """An application, for carrying out what was decided. Raises Refused(NOT_FOUND)."""
        heads = "WHERE a.bucket = :bucket AND a.application_id = :id"
        for held in await self._held(tx, heads, bucket=bucket_in(application_id), id=application_id):
            return held
        raise Refused(NOT_FOUND, field="application_id")

    async def of_party(self, tx: Transaction, party: Identifier, application_id: UUID) -> Held:
        """An application of this party. Raises Refused(NOT_FOUND) for any other as for none."""
        held = await self.of_house(tx, application_id)
        if held.subject != party:
            raise Refused(NOT_FOUND, field="application_id")
        return held

    async def of_authority(self, tx: Transaction, authority: str, application_id: UUID) -> Held:
        """An application that this authority decides. Raises Refused(NOT_FOUND) for any other as for none."""
        held = await self.of_house(tx, application_id)
        if held.application.determining_authority != authority:
            raise Refused(NOT_FOUND, field="application_id")
        return held

    async def of_request(self, tx: Transaction, party: Identifier, idempotency_key: str) -> Held | None:
        """The application that this request made before; None the first time."""
        found = await self._held(
            tx,
            "WHERE a.bucket = :bucket AND a.request_tag = :tag",
            bucket=await self._keys.bucket(party),
            tag=await self._request_tag(party, idempotency_key),
        )
        return next((held for held in found if held.subject == party), None)

    async def list_of_party(self, tx: Transaction, party: Identifier) -> list[Application]:
        """The party's applications, next deadline first, at most 500."""
        found = await self._held(
            tx,
            sql("of_party"),
            bucket=await self._keys.bucket(party),
            tag=await self._keys.subject_tag(party),
            most=LISTED,
        )
        return [held.application for held in found if held.subject == party]

    async def queue(self, tx: Transaction, authority: str) -> Sequence[Row]:
        """What waits at an authority, next deadline first, then what is being carried out; at most 500.

        A row has nothing about the party, and nothing that anybody wrote.
        """
        return await tx.all(sql("queue"), authority=authority, most=LISTED)

    async def stands(self, tx: Transaction, party: Identifier, record_id: str, states: Collection[State]) -> bool:
        """Whether an application about the record is in one of these states."""
        row = await tx.one(
            sql("stands"),
            bucket=await self._keys.bucket(party),
            record=record_id,
            states=[state.value for state in states],
        )
        return row.found

    async def create(
        self,
        tx: Transaction,
        application_id: UUID,
        party: Identifier,
        finding: Finding,
        *,
        correction: Personal,
        key: str,
        step: Step,
    ) -> None:
        """Put an application down with its first step."""
        dek, wrap = await self._keys.new(application_id, day_of(tx.now))
        await tx.insert(
            TABLE,
            bucket=bucket_in(application_id),
            application_id=application_id,
            request_tag=await self._request_tag(party, key),
            record_id=finding.record_id,
            determining_authority=finding.determining_authority,
            repairable_from=finding.repairable_from,
            commitment=True,
            wrap=wrap,
            subject=dek.seal("subject", identifier_text(party)),
            correction=dek.seal("correction", correction.reveal()),
        )
        row = {"bucket": bucket_in(application_id), "application_id": application_id}
        for epoch, tag in await self._keys.subject_tags(party):
            await tx.insert("party_tag", **row, epoch=epoch, tag=tag)
        await self.take(tx, application_id, dek, step)

    async def take(self, tx: Transaction, application_id: UUID, dek: Dek, step: Step, *, authority: str = "") -> None:
        """Take a step; `authority` is the officer's, empty for a step of the party or the house."""
        texts = {
            "officer": step.officer,
            "missing": Personal(json.dumps([each.reveal() for each in step.missing]) if step.missing else ""),
            "reasons": step.reasons,
            "verification": step.verification,
        }
        await tx.insert(
            "application_step",
            bucket=bucket_in(application_id),
            application_id=application_id,
            state=step.state.value,
            day=step.day,
            authority=authority,
            due_on=step.due.on if step.due else None,
            due_provisional=step.due.provisional if step.due else False,
            **{column: dek.seal(column, text.reveal()) if text else None for column, text in texts.items()},
        )

    async def same_file(self, tx: Transaction, application_id: UUID, digest: bytes) -> UUID | None:
        """The id under which the application has a file of this SHA-256 already."""
        row = await tx.maybe(
            "SELECT evidence_id FROM evidence WHERE bucket = :bucket AND application_id = :id AND content_tag = :tag",
            bucket=bucket_in(application_id),
            id=application_id,
            tag=await self._keys.tag("content", application_id.bytes, digest),
        )
        return None if row is None else row.evidence_id

    async def add_evidence(self, tx: Transaction, application: Application, new: SealedFile) -> None:
        """Store a file as the application's next."""
        await tx.insert(
            "evidence",
            bucket=bucket_in(application.application_id),
            application_id=application.application_id,
            evidence_id=new.evidence_id,
            evidence_no=application.evidence_count + 1,
            content_tag=await self._keys.tag("content", application.application_id.bytes, new.sha256),
            size=new.size,
            header=new.header,
            content=new.content,
        )

    async def _request_tag(self, party: Identifier, idempotency_key: str) -> bytes:
        who = (party.kind.value, party.value.reveal(), idempotency_key)
        return await self._keys.tag("request", *(part.encode() for part in who))

    async def _held(self, tx: Transaction, where: str, **params: object) -> list[Held]:
        """Open the applications that a condition finds, with all their steps, in its order."""
        heads = await tx.all(sql("head") + where, **params)
        steps: dict[UUID, list[Row]] = {}
        for row in await tx.all(
            sql("steps"), buckets=[head.bucket for head in heads], ids=[head.application_id for head in heads]
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
        return Held(application, identifier_of(dek.open("subject", bytes(head.subject)).reveal()), dek)


def _step(row: Row, dek: Dek) -> Step:
    def text(column: str) -> Personal:
        sealed: bytes | None = getattr(row, column)
        return NOTHING if sealed is None else dek.open(column, bytes(sealed))

    return Step(
        state=State(row.state),
        day=row.day,
        officer=text("officer"),
        due=None if row.due_on is None else Deadline(row.due_on, row.due_provisional),
        missing=tuple(Personal.each(json.loads(text("missing").reveal() or "[]"))),
        reasons=text("reasons"),
        verification=text("verification"),
    )

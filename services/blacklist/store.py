"""Tables and SQL of the list office: one function per question. What is personal is sealed and opened here."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import Any, Literal, TypeAlias, TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from foundation.calendar import Deadline, day_of
from foundation.crypto import Dek, DossierKeys, bucket_in, identifier_of, identifier_text, new_id
from foundation.db import Row, Transaction
from foundation.db.statements import sql_beside
from foundation.evidence import MediaType, SealedFile
from foundation.personal import NOTHING, Personal
from foundation.reasons import NOT_FOUND, UNAVAILABLE
from foundation.refusal import Refused
from services.blacklist.domain.case import Case, Move, Taken, window_ends_before
from services.blacklist.domain.dossier import Party
from services.blacklist.domain.reasons import LAW_TABLES_DIFFER
from services.blacklist.domain.steps import State, Step

TABLE = "case_file"
LISTED = 500
"""Cases that a list gives at most."""

_sql = sql_beside(__file__)
_SALT_BYTES = 16
_DAY = timedelta(days=1)
_JUDGED = ("measures", "under_age", "slight", "upheld", "published", "record_id")
"""Columns of a step that the database judges, each named as the move has it."""

ListingName: TypeAlias = Literal["listing_id", "record_id"]
"""By what a listing is named: its own id, or that of the record that it became."""
_CASE_OF: dict[ListingName, str] = {
    "listing_id": "SELECT case_id FROM listing WHERE listing_id",
    "record_id": "SELECT case_id FROM listing_record WHERE record_id",
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OpenFile:
    """A case with its party, and the key that opens and seals what belongs to it."""

    case: Case
    party: Party
    dek: Dek


class Store:
    """Reads and writes cases inside the caller's transaction."""

    def __init__(self, keys: DossierKeys, random: Callable[[int], bytes]) -> None:
        self._keys = keys
        self._random = random

    async def is_sample_house(self, tx: Transaction) -> bool:
        """Whether this house holds generated data only."""
        return (await tx.one("SELECT sample FROM house")).sample

    async def claim_request(self, tx: Transaction, authority: str, key: str, case_id: UUID) -> UUID:
        """The case that this authority's request opens: `case_id`, or the one that it opened before."""
        tag = await self._keys.tag("request", authority.encode(), key.encode())
        await tx.insert("case_request", "ON CONFLICT DO NOTHING", bucket=tag[0], tag=tag, case_id=case_id)
        row = await tx.one(
            "SELECT case_id FROM case_request WHERE bucket = :bucket AND tag = :tag", bucket=tag[0], tag=tag
        )
        return row.case_id

    async def new_case_id(self, party: Party) -> UUID:
        """An id for a case against this party."""
        return new_id(await self._keys.bucket(party.identifier), self._random)

    async def create(self, tx: Transaction, case: Case, party: Party, opening: Move, content: object) -> OpenFile:
        """Store a new case (`case` without steps) with its first step."""
        dek, wrap = await self._keys.new(case.case_id, day_of(tx.now))
        sealed = json.dumps([identifier_text(party.identifier), party.name.reveal()], ensure_ascii=False)
        await tx.insert(
            TABLE,
            bucket=bucket_in(case.case_id),
            case_id=case.case_id,
            authority=case.authority,
            scheme_code=case.scheme_code,
            sample=case.sample,
            wrap=wrap,
            party=dek.seal("party", sealed),
        )
        return await self.take(tx, OpenFile(case=case, party=party, dek=dek), opening, content)

    async def of_authority(self, tx: Transaction, authority: str, case_id: UUID) -> OpenFile:
        """A case of this authority, locked until the transaction ends. Raises Refused(NOT_FOUND)."""
        file = await self.of_house(tx, case_id)
        if file.case.authority != authority:
            raise Refused(NOT_FOUND, field="case_id")
        return file

    async def of_house(self, tx: Transaction, case_id: UUID) -> OpenFile:
        """A case, for carrying out what was decided; locked likewise. Raises Refused(NOT_FOUND)."""
        await tx.run("SELECT pg_advisory_xact_lock(7402, hashtext(cast(:id AS text)))", id=case_id)
        head = await tx.maybe(
            f"{_sql('head')} WHERE f.bucket = :bucket AND f.case_id = :case_id",
            bucket=bucket_in(case_id),
            case_id=case_id,
        )
        if head is None:
            raise Refused(NOT_FOUND, field="case_id")
        ((case, dek),) = await self._cases(tx, [head])
        who, name = json.loads(dek.open("party", bytes(head.party)).reveal())
        return OpenFile(case=case, party=Party(identifier=identifier_of(who), name=Personal(name)), dek=dek)

    async def cases(self, tx: Transaction, authority: str, state: State | None) -> list[Case]:
        """Cases of an authority, next deadline first, at most 500; without their parties."""
        heads = await tx.all(
            _sql("head") + _sql("of_authority"), authority=authority, state=state.value if state else None, most=LISTED
        )
        return [case for case, _ in await self._cases(tx, heads)]

    async def take(self, tx: Transaction, file: OpenFile, move: Move, content: object) -> OpenFile:
        """Store a move as the case's next step, with what it says in words; the database stamps its time and window.

        Raises Refused(LAW_TABLES_DIFFER) when the database's window is another than the domain's,
        Refused(UNAVAILABLE) when midnight passed meanwhile, since documents name the day, and
        Refused(RULE_HELD_BY_DATABASE) for a move that the database does not allow.
        """
        case, seq, officer = file.case, len(file.case.steps) + 1, move.officer
        artefact = _artefact(content, self._random(_SALT_BYTES))
        digest = hashlib.sha256(artefact).digest()
        judged = {name: getattr(move, name) for name in _JUDGED}
        stored = await tx.insert(
            "case_step",
            "RETURNING at, window_ends_before, window_provisional",
            bucket=bucket_in(case.case_id),
            case_id=case.case_id,
            seq=seq,
            step=move.step.value,
            officer=file.dek.seal(_officer(seq), officer.reveal()) if officer else None,
            officer_tag=await self._tag("official", case, officer) if officer else None,
            member_tags=None
            if move.members is None
            else [await self._tag("official", case, member) for member in move.members],
            artefact=file.dek.seal_bytes(_place(seq), artefact),
            artefact_digest=digest,
            due_on=move.due.on if move.due else None,
            due_provisional=move.due.provisional if move.due else None,
            **{name: list(value) if isinstance(value, tuple) else value for name, value in judged.items()},
        )
        row: Row = stored.one()
        if day_of(row.at) != day_of(tx.now):
            raise Refused(UNAVAILABLE)
        if row.window_ends_before != (window_ends_before(move.window) if move.window else None):
            raise Refused(LAW_TABLES_DIFFER)
        move = replace(move, window=_window(row))
        return replace(file, case=case.with_step(move, at=row.at, digest=digest))

    async def said(self, tx: Transaction, file: OpenFile, kind: type[T], *steps: Step) -> list[T]:
        """What the case's steps of these sorts say, oldest first, as the type that `take` was given."""
        rows = await tx.all(
            _sql("said"),
            bucket=bucket_in(file.case.case_id),
            case_id=file.case.case_id,
            steps=[step.value for step in steps],
        )
        artefacts = [file.dek.open_bytes(_place(row.seq), bytes(row.artefact)) for row in rows]
        return [_form(kind).validate_python(json.loads(artefact)["content"]) for artefact in artefacts]

    async def add_evidence(
        self, tx: Transaction, file: OpenFile, new: SealedFile, *, officer: Personal, media_type: MediaType
    ) -> None:
        """Store a piece of evidence."""
        await tx.insert(
            "evidence",
            bucket=bucket_in(file.case.case_id),
            case_id=file.case.case_id,
            evidence_id=new.evidence_id,
            officer=file.dek.seal(f"evidence/{new.evidence_id}/officer", officer.reveal()),
            media_type=media_type.value,
            size=new.size,
            header=new.header,
            content=new.content,
        )

    async def claim_number(self, tx: Transaction, case: Case, number: Personal) -> bool:
        """Take a decision's number for this case; False when another decision of the authority has it."""
        tag = await self._tag("decision", case, number)
        new = {"bucket": tag[0], "authority": case.authority, "tag": tag, "case_id": case.case_id}
        return (await tx.insert("decision_number", "ON CONFLICT DO NOTHING", **new)).rowcount == 1

    async def create_listing(self, tx: Transaction, file: OpenFile) -> OpenFile:
        """Give the listing that comes out of a decided case its id."""
        bucket = bucket_in(file.case.case_id)
        listing_id = new_id(bucket, self._random)
        await tx.insert("listing", bucket=bucket, listing_id=listing_id, case_id=file.case.case_id)
        return replace(file, case=replace(file.case, listing_id=listing_id))

    async def hold_record(self, tx: Transaction, case: Case, record_id: UUID, ends_before: date) -> None:
        """Note which record of the catalog a listing became, and the first day after its period."""
        where = {"bucket": bucket_in(record_id), "record_id": record_id}
        await tx.insert("listing_record", **where, case_id=case.case_id, ends_before=ends_before)

    async def over(self, tx: Transaction, most: int) -> list[UUID]:
        """Cases whose listing's period is over by a day, and which nobody has closed; the oldest first."""
        return [row.case_id for row in await tx.all(_sql("over"), most=most)]

    async def case_of(self, tx: Transaction, name: ListingName, row_id: UUID) -> UUID:
        """The case that a listing came out of, named by its own id or by its record's. Raises Refused(NOT_FOUND)."""
        row = await tx.maybe(f"{_CASE_OF[name]} = :id AND bucket = :bucket", bucket=bucket_in(row_id), id=row_id)
        if row is None:
            raise Refused(NOT_FOUND, field=name)
        return row.case_id

    async def _tag(self, what: str, case: Case, named: Personal) -> bytes:
        """The tag of an official or a decision of the case's authority."""
        return await self._keys.tag(what, case.authority.encode(), named.reveal().encode())

    async def _cases(self, tx: Transaction, heads: Sequence[Row]) -> list[tuple[Case, Dek]]:
        """Cases from their heads, with their steps and keys; the artefacts stay sealed where they are."""
        deks = {head.case_id: await self._keys.open(head.case_id, bytes(head.wrap)) for head in heads}
        steps: defaultdict[UUID, list[Taken]] = defaultdict(list)
        for row in await tx.all(
            _sql("steps"), buckets=sorted({head.bucket for head in heads}), ids=[head.case_id for head in heads]
        ):
            steps[row.case_id].append(_taken(row, deks[row.case_id]))
        cases = [
            Case(
                case_id=head.case_id,
                authority=head.authority,
                scheme_code=head.scheme_code,
                sample=head.sample,
                evidence=head.evidence,
                steps=tuple(steps[head.case_id]),
                listing_id=head.listing_id,
            )
            for head in heads
        ]
        return [(case, deks[case.case_id]) for case in cases]


@cache
def _form(kind: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(kind)


def _taken(row: Row, dek: Dek) -> Taken:
    values = {name: getattr(row, name) for name in _JUDGED}
    judged: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in values.items()}
    move = Move(
        step=Step(row.step),
        state=State(row.state),
        officer=dek.open(_officer(row.seq), bytes(row.officer)) if row.officer else NOTHING,
        window=_window(row),
        due=None if row.due_on is None else Deadline(row.due_on, row.due_provisional),
        **judged,
    )
    return Taken(seq=row.seq, at=row.at, digest=bytes(row.artefact_digest), move=move)


def _window(row: Row) -> Deadline | None:
    """The last day of the window that a step's row names; None where it names none."""
    if row.window_ends_before is None:
        return None
    return Deadline(row.window_ends_before - _DAY, row.window_provisional)


def _artefact(content: object, salt: bytes) -> bytes:
    # The salt keeps the digest, which is shown and stored in clear, from telling a guessed content.
    said = _form(type(content)).dump_python(content, mode="json", fallback=Personal.reveal)
    artefact = {"salt": salt.hex(), "content": said}
    return json.dumps(artefact, ensure_ascii=False, sort_keys=True).encode()


def _place(seq: int) -> str:
    return f"step/{seq}"


def _officer(seq: int) -> str:
    return f"step/{seq}/officer"

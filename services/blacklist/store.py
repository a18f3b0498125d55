"""Tables and SQL of the list office: one function per question. What is personal is sealed and opened here."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from foundation.calendar import day_of
from foundation.crypto import Dek
from foundation.db import Row, Transaction
from foundation.reasons import NOT_FOUND, UNAVAILABLE
from foundation.refusal import Refused
from services.blacklist.domain.case import Case, Move, window_ends_before
from services.blacklist.domain.dossier import Party
from services.blacklist.domain.evidence import Media
from services.blacklist.domain.reasons import LAW_TABLES_DIFFER
from services.blacklist.domain.steps import State
from services.blacklist.keys import CaseKeys, bucket_in, new_id, party_of, party_text
from services.blacklist.rows import STEP, case_from, window_from

LISTED = 500
"""Cases that a list gives at most."""

_SALT_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OpenFile:
    """A case with its party, and the key that opens and seals what belongs to it."""

    case: Case
    party: Party
    dek: Dek


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NewEvidence:
    """A piece of evidence to be stored."""

    evidence_id: UUID
    officer: str
    media: Media
    file_name: str
    description: str
    content: bytes | bytearray


class Store:
    """Reads and writes cases inside the caller's transaction."""

    def __init__(self, keys: CaseKeys, random: Callable[[int], bytes]) -> None:
        self._keys = keys
        self._random = random

    async def is_sample_house(self, tx: Transaction) -> bool:
        """Whether this house holds generated data only."""
        return (await tx.one("SELECT sample FROM house")).sample

    async def claim_request(self, tx: Transaction, authority: str, key: str, case_id: UUID) -> UUID:
        """The case that this authority's request opens: `case_id`, or the one that it opened before."""
        tag = await self._keys.request_tag(authority, key)
        await tx.run(
            "INSERT INTO case_request (bucket, tag, case_id) VALUES (:bucket, :tag, :case_id) ON CONFLICT DO NOTHING",
            bucket=tag[0],
            tag=tag,
            case_id=case_id,
        )
        row = await tx.one(
            "SELECT case_id FROM case_request WHERE bucket = :bucket AND tag = :tag", bucket=tag[0], tag=tag
        )
        return row.case_id

    async def new_case_id(self, party: Party) -> UUID:
        """An id for a case against this party."""
        return new_id(await self._keys.bucket(party.identifier), self._random)

    async def create(self, tx: Transaction, case: Case, party: Party, opening: Move) -> OpenFile:
        """Store a new case (`case` without steps) with its first step."""
        key = await self._keys.new(case.case_id, day_of(tx.now))
        await tx.run(
            "INSERT INTO case_file (bucket, case_id, authority, scheme_code, sample, subject_tag, canon, wrap, party)"
            " VALUES (:bucket, :case_id, :authority, :scheme_code, :sample, :subject_tag, :canon, :wrap, :party)",
            bucket=bucket_in(case.case_id),
            case_id=case.case_id,
            authority=case.authority,
            scheme_code=case.scheme_code,
            sample=case.sample,
            subject_tag=await self._keys.subject_tag(party.identifier),
            canon=party.identifier.canon,
            wrap=key.wrap,
            party=key.dek.seal("party", party_text(party)),
        )
        return await self.take(tx, OpenFile(case=case, party=party, dek=key.dek), opening)

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
            "SELECT f.authority, f.scheme_code, f.sample, f.wrap, f.party, l.listing_id, (SELECT count(*)"
            "  FROM evidence e WHERE e.bucket = f.bucket AND e.case_id = f.case_id) AS evidence"
            " FROM case_file f LEFT JOIN listing l ON l.bucket = f.bucket AND l.case_id = f.case_id"
            " WHERE f.bucket = :bucket AND f.case_id = :case_id",
            bucket=bucket_in(case_id),
            case_id=case_id,
        )
        if head is None:
            raise Refused(NOT_FOUND, field="case_id")
        steps = await tx.all(
            f"{STEP} WHERE bucket = :bucket AND case_id = :case_id ORDER BY seq",
            bucket=bucket_in(case_id),
            case_id=case_id,
        )
        dek = await self._keys.open(case_id, bytes(head.wrap))
        case = case_from(case_id, head, steps)
        return OpenFile(case=case, party=party_of(dek.open("party", bytes(head.party))), dek=dek)

    async def cases(self, tx: Transaction, authority: str, state: State | None) -> list[Case]:
        """Cases of an authority, next deadline first, at most 500; without their parties."""
        heads = await tx.all(
            "SELECT f.bucket, f.case_id, f.authority, f.scheme_code, f.sample, l.listing_id, (SELECT count(*)"
            "  FROM evidence e WHERE e.bucket = f.bucket AND e.case_id = f.case_id) AS evidence"
            " FROM case_file f"
            " CROSS JOIN LATERAL (SELECT s.state, s.due_on FROM case_step s WHERE s.bucket = f.bucket"
            "  AND s.case_id = f.case_id ORDER BY s.seq DESC LIMIT 1) latest"
            " LEFT JOIN listing l ON l.bucket = f.bucket AND l.case_id = f.case_id"
            " WHERE f.authority = :authority AND (cast(:state AS text) IS NULL OR latest.state = :state)"
            " ORDER BY latest.due_on NULLS LAST, f.case_id LIMIT :most",
            authority=authority,
            state=state.value if state else None,
            most=LISTED,
        )
        rows = await tx.all(
            f"{STEP} WHERE bucket = ANY(:buckets) AND case_id = ANY(:ids) ORDER BY seq",
            buckets=sorted({head.bucket for head in heads}),
            ids=[head.case_id for head in heads],
        )
        steps: defaultdict[UUID, list[Row]] = defaultdict(list)
        for row in rows:
            steps[row.case_id].append(row)
        return [case_from(head.case_id, head, steps[head.case_id]) for head in heads]

    async def take(self, tx: Transaction, file: OpenFile, move: Move) -> OpenFile:
        """Store a move as the case's next step; the database stamps its time and its window.

        Raises Refused(LAW_TABLES_DIFFER) when the database's window is another than the domain's,
        Refused(UNAVAILABLE) when midnight passed meanwhile, since documents name the day, and
        Refused(RULE_HELD_BY_DATABASE) for a move that the database does not allow.
        """
        case = file.case
        seq = len(case.steps) + 1
        artefact = _artefact(move.content, self._random(_SALT_BYTES))
        row = await tx.one(
            "INSERT INTO case_step (bucket, case_id, seq, step, officer, artefact, artefact_digest, measures, members,"
            " under_age, slight, upheld, published, record_id, due_on, due_provisional) VALUES (:bucket, :case_id,"
            " :seq, :step, :officer, :artefact, :digest, cast(:measures AS text[]), cast(:members AS text[]),"
            " :under_age, :slight, :upheld, :published, :record_id, :due_on, :due_provisional)"
            " RETURNING at, state, window_ends_before, window_provisional",
            bucket=bucket_in(case.case_id),
            case_id=case.case_id,
            seq=seq,
            step=move.step.value,
            officer=move.officer,
            artefact=file.dek.seal_bytes(_place(seq), artefact),
            digest=hashlib.sha256(artefact).digest(),
            measures=None if move.measures is None else list(move.measures),
            members=None if move.members is None else list(move.members),
            under_age=move.under_age,
            slight=move.slight,
            upheld=move.upheld,
            published=move.published,
            record_id=move.record_id,
            due_on=move.due.on if move.due else None,
            due_provisional=move.due.provisional if move.due else None,
        )
        if day_of(row.at) != day_of(tx.now):
            raise Refused(UNAVAILABLE)
        if row.window_ends_before != (window_ends_before(move.window) if move.window else None):
            raise Refused(LAW_TABLES_DIFFER)
        stored = replace(move, content={}, window=window_from(row))
        case = case.with_step(stored, at=row.at, digest=hashlib.sha256(artefact).digest())
        return replace(file, case=case)

    async def contents(self, tx: Transaction, file: OpenFile) -> dict[int, dict[str, Any]]:
        """What the steps of a case say, by their numbers."""
        rows = await tx.all(
            "SELECT seq, artefact FROM case_step WHERE bucket = :bucket AND case_id = :case_id",
            bucket=bucket_in(file.case.case_id),
            case_id=file.case.case_id,
        )
        return {
            row.seq: json.loads(file.dek.open_bytes(_place(row.seq), bytes(row.artefact)))["content"]
            for row in rows
        }

    async def add_evidence(self, tx: Transaction, file: OpenFile, new: NewEvidence) -> bytes:
        """Store a piece of evidence; return the SHA-256 of its content."""
        digest = hashlib.sha256(new.content).digest()
        header = {"file_name": new.file_name, "description": new.description, "sha256": digest.hex()}
        place = f"evidence/{new.evidence_id}"
        await tx.run(
            "INSERT INTO evidence (bucket, case_id, evidence_id, officer, media_type, size, header, content)"
            " VALUES (:bucket, :case_id, :evidence_id, :officer, :media_type, :size, :header, :content)",
            bucket=bucket_in(file.case.case_id),
            case_id=file.case.case_id,
            evidence_id=new.evidence_id,
            officer=new.officer,
            media_type=new.media.value,
            size=len(new.content),
            header=file.dek.seal(f"{place}/header", json.dumps(header, ensure_ascii=False)),
            content=file.dek.seal_bytes(f"{place}/content", bytes(new.content)),
        )
        return digest

    async def claim_number(self, tx: Transaction, case: Case, number: str) -> bool:
        """Take a decision's number for this case; False when another decision of the authority has it."""
        taken = await tx.run(
            "INSERT INTO decision_number (bucket, authority, number, case_id)"
            " VALUES (:bucket, :authority, :number, :case_id) ON CONFLICT DO NOTHING",
            bucket=hashlib.sha256(f"{case.authority}\n{number}".encode()).digest()[0],
            authority=case.authority,
            number=number,
            case_id=case.case_id,
        )
        return taken == 1

    async def create_listing(self, tx: Transaction, file: OpenFile) -> OpenFile:
        """Give the listing that comes out of a decided case its id."""
        bucket = bucket_in(file.case.case_id)
        listing_id = new_id(bucket, self._random)
        await tx.run(
            "INSERT INTO listing (bucket, listing_id, case_id) VALUES (:bucket, :listing_id, :case_id)",
            bucket=bucket,
            listing_id=listing_id,
            case_id=file.case.case_id,
        )
        return replace(file, case=replace(file.case, listing_id=listing_id))

    async def hold_record(self, tx: Transaction, case: Case, record_id: UUID) -> None:
        """Note which record of the catalog a listing became."""
        await tx.run(
            "INSERT INTO listing_record (bucket, record_id, listing_id) VALUES (:bucket, :record_id, :listing_id)",
            bucket=bucket_in(record_id),
            record_id=record_id,
            listing_id=case.listing_id,
        )

    async def listing_of_record(self, tx: Transaction, record_id: UUID) -> UUID:
        """The listing that became this record. Raises Refused(NOT_FOUND)."""
        row = await tx.maybe(
            "SELECT listing_id FROM listing_record WHERE bucket = :bucket AND record_id = :record_id",
            bucket=bucket_in(record_id),
            record_id=record_id,
        )
        if row is None:
            raise Refused(NOT_FOUND, field="record_id")
        return row.listing_id

    async def case_of_listing(self, tx: Transaction, listing_id: UUID) -> UUID:
        """The case that a listing came out of. Raises Refused(NOT_FOUND)."""
        row = await tx.maybe(
            "SELECT case_id FROM listing WHERE bucket = :bucket AND listing_id = :listing_id",
            bucket=bucket_in(listing_id),
            listing_id=listing_id,
        )
        if row is None:
            raise Refused(NOT_FOUND, field="listing_id")
        return row.case_id


def _artefact(content: object, salt: bytes) -> bytes:
    # The salt keeps the digest, which is shown and stored in clear, from telling a guessed content.
    return json.dumps({"salt": salt.hex(), "content": content}, ensure_ascii=False, sort_keys=True).encode()


def _place(seq: int) -> str:
    return f"step/{seq}"

"""Tables and SQL of evidence: each file sealed in pieces under its application's data key."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from uuid import UUID

from foundation.crypto import Dek
from foundation.db import Transaction
from services.repair.domain.evidence import PIECE_BYTES, FileHeader
from services.repair.keys import bucket_in


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SealedFile:
    """A file ready to be stored."""

    evidence_id: UUID
    content_tag: bytes
    size: int
    about: bytes
    pieces: tuple[bytes, ...]


def seal_file(
    dek: Dek, header: FileHeader, content: bytes | bytearray, *, evidence_id: UUID, content_tag: bytes
) -> SealedFile:
    """Seal a file's header and content; every piece is bound to the file and its place in it."""
    about = [
        header.file_name,
        header.media_type.value,
        header.description,
        hashlib.sha256(content).hexdigest(),
    ]
    view = memoryview(content)
    return SealedFile(
        evidence_id=evidence_id,
        content_tag=content_tag,
        size=len(content),
        about=dek.seal(f"evidence/{evidence_id}/about", json.dumps(about)),
        pieces=tuple(
            dek.seal_bytes(piece_column(evidence_id, number), bytes(view[start : start + PIECE_BYTES]))
            for number, start in enumerate(range(0, len(content), PIECE_BYTES))
        ),
    )


def piece_column(evidence_id: UUID, number: int) -> str:
    """The name to which a piece's ciphertext is bound."""
    return f"evidence/{evidence_id}/{number}"


async def same_file(tx: Transaction, application_id: UUID, content_tag: bytes) -> UUID | None:
    """The id under which the application has this very content already."""
    row = await tx.maybe(
        "SELECT evidence_id FROM evidence WHERE bucket = :bucket AND application_id = :id AND content_tag = :tag",
        bucket=bucket_in(application_id),
        id=application_id,
        tag=content_tag,
    )
    return None if row is None else row.evidence_id


async def insert_file(tx: Transaction, application_id: UUID, file: SealedFile, *, number: int) -> None:
    """Store a file as the application's `number`-th, counted from 1."""
    where = {"bucket": bucket_in(application_id), "id": application_id, "evidence_id": file.evidence_id}
    await tx.run(
        "INSERT INTO evidence (bucket, application_id, evidence_id, evidence_no, content_tag, size, about)"
        " VALUES (:bucket, :id, :evidence_id, :number, :tag, :size, :about)",
        **where,
        number=number,
        tag=file.content_tag,
        size=file.size,
        about=file.about,
    )
    for piece_no, content in enumerate(file.pieces):
        await tx.run(
            "INSERT INTO evidence_piece (bucket, application_id, evidence_id, piece_no, content)"
            " VALUES (:bucket, :id, :evidence_id, :piece_no, :content)",
            **where,
            piece_no=piece_no,
            content=content,
        )

"""Taking evidence: bounded while it comes in, judged by its content, sealed, stored in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import UUID

from foundation.refusal import Refused
from foundation.rpc import Call
from services.blacklist.domain.evidence import LARGEST, taken
from services.blacklist.domain.reasons import EVIDENCE_TOO_LARGE, EVIDENCE_TOO_SLOW
from services.blacklist.office.desk import OFFICER_ROLE, Desk
from services.blacklist.store import NewEvidence

UPLOADS_AT_ONCE = 4
"""Files held in memory at once by one process; further ones wait."""
UPLOAD_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Upload:
    """What is said of a file before its content comes."""

    case_id: UUID
    file_name: str
    media_type: str
    description: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A piece of evidence as stored; `size` in bytes."""

    evidence_id: UUID
    sha256: bytes
    size: int


class EvidenceOffice:
    """Evidence of a case. Source: 54号 clause 8 (调查取证)."""

    def __init__(self, desk: Desk, random: Callable[[int], bytes], *, upload_s: float = UPLOAD_S) -> None:
        self._desk = desk
        self._random = random
        self._upload_s = upload_s
        self._places = asyncio.Semaphore(UPLOADS_AT_ONCE)

    async def add(self, call: Call, upload: Upload, pieces: AsyncIterator[bytes]) -> Stored:
        """Add a piece of evidence. Raises Refused(NOT_FOUND, STEP_OUT_OF_ORDER, EVIDENCE_*)."""
        async with self._desk.changing(call, upload.case_id, OFFICER_ROLE) as (_, file, _):
            file.case.takes_evidence()  # before anything large is taken in
        async with self._places:
            content = await self._collected(pieces)
            media = taken(content, claimed=upload.media_type)
            async with self._desk.changing(call, upload.case_id, OFFICER_ROLE) as (tx, file, officer):
                file.case.takes_evidence()
                new = NewEvidence(
                    evidence_id=UUID(bytes=self._random(16), version=4),
                    officer=officer,
                    media=media,
                    file_name=upload.file_name,
                    description=upload.description,
                    content=content,
                )
                digest = await self._desk.store.add_evidence(tx, file, new)
                await self._desk.journalled(tx, call, file, "changed")
            return Stored(new.evidence_id, digest, len(content))

    async def _collected(self, pieces: AsyncIterator[bytes]) -> bytearray:
        content = bytearray()
        try:
            async with asyncio.timeout(self._upload_s):
                async for piece in pieces:
                    if len(content) + len(piece) > LARGEST:
                        raise Refused(EVIDENCE_TOO_LARGE, field="content")
                    content += piece
        except TimeoutError:
            raise Refused(EVIDENCE_TOO_SLOW) from None
        return content

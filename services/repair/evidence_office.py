"""Taking evidence: bounded while it comes in, judged by its content, sealed, stored in one transaction."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import UUID

from foundation.db import Database, Transaction
from foundation.journal import Journal
from foundation.reasons import NOT_FOUND
from foundation.refusal import Refused
from foundation.rpc import Call
from services.repair.domain.evidence import FILE_BYTES, FILES, PIECE_BYTES, FileHeader, require_type
from services.repair.domain.reasons import (
    EVIDENCE_OUT_OF_ORDER,
    EVIDENCE_TOO_LARGE,
    EVIDENCE_TOO_MANY,
    EVIDENCE_TOO_SLOW,
)
from services.repair.evidence_store import insert_file, same_file, seal_file
from services.repair.keys import ApplicationKeys, Party
from services.repair.office import entry_about
from services.repair.store import Held, Store, lock_bucket

UPLOADS_AT_ONCE = 4
"""Files held in memory at once by one process; further ones wait."""
UPLOAD_S = 120.0


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as stored; `size` in bytes."""

    evidence_id: UUID
    sha256: bytes
    size: int


class EvidenceOffice:
    """Evidence for applications."""

    def __init__(
        self,
        *,
        database: Database,
        journal: Journal,
        keys: ApplicationKeys,
        random: Callable[[int], bytes],
        upload_s: float = UPLOAD_S,
    ) -> None:
        self._database = database
        self._journal = journal
        self._keys = keys
        self._store = Store(keys)
        self._random = random
        self._upload_s = upload_s
        self._places = asyncio.Semaphore(UPLOADS_AT_ONCE)

    async def add(
        self, call: Call, application_id: UUID, header: FileHeader, pieces: AsyncIterator[bytes]
    ) -> StoredFile:
        """Add a file to the party's own application; the same content again gives the file it has.

        Raises Refused(NOT_FOUND, STEP_NOT_POSSIBLE, EVIDENCE_*).
        """
        party = await self._keys.party(call.require_person().identifier)
        async with self._database.transaction() as tx:
            await self._open_application(tx, party, application_id)  # before anything large is taken in
        async with self._places:
            content = await self._collected(pieces)
            require_type(content, header.media_type)
            return await self._stored(call, party, application_id, header, content)

    async def _collected(self, pieces: AsyncIterator[bytes]) -> bytearray:
        content = bytearray()
        try:
            async with asyncio.timeout(self._upload_s):
                async for piece in pieces:
                    if len(piece) > PIECE_BYTES or len(content) + len(piece) > FILE_BYTES:
                        raise Refused(EVIDENCE_TOO_LARGE, field="content")
                    content += piece
        except TimeoutError:
            raise Refused(EVIDENCE_TOO_SLOW) from None
        if not content:
            raise Refused(EVIDENCE_OUT_OF_ORDER, field="content")
        return content

    async def _stored(
        self, call: Call, party: Party, application_id: UUID, header: FileHeader, content: bytearray
    ) -> StoredFile:
        digest = hashlib.sha256(content).digest()
        content_tag = await self._keys.content_tag(application_id, digest)
        evidence_id = UUID(bytes=self._random(16), version=4)
        async with self._database.transaction() as tx:
            await lock_bucket(tx, party.bucket)
            held = await self._open_application(tx, party, application_id)
            known = await same_file(tx, application_id, content_tag)
            if known is None:
                count = held.application.evidence_count
                if count >= FILES:
                    raise Refused(EVIDENCE_TOO_MANY)
                file = seal_file(held.dek, header, content, evidence_id=evidence_id, content_tag=content_tag)
                await insert_file(tx, application_id, file, number=count + 1)
            await self._journal.write(tx, entry_about(call, held, decision="changed"))
        return StoredFile(known or evidence_id, digest, len(content))

    async def _open_application(self, tx: Transaction, party: Party, application_id: UUID) -> Held:
        held = await self._store.of_party(tx, party, application_id)
        if held is None:
            raise Refused(NOT_FOUND, field="header.application_id")
        held.application.require_evidence_possible()
        return held

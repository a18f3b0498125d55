"""Sealing a record's texts, and opening those that may be shown."""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from foundation.crypto import (
    Kek,
    Keyring,
    Place,
    SealedRecord,
    archive_year,
    kek_name,
    open_dek,
    pack,
    seal_record,
    share_month,
    unpack,
)
from services.catalog.domain.admission import Admitted

PARTY_NAME, PARTY_IDENTIFIER = "party_name", "party_identifier"
DOCUMENT_NUMBER, RECORD_NUMBER = "document_number", "record_number"
RESERVED = frozenset({PARTY_NAME, PARTY_IDENTIFIER, DOCUMENT_NUMBER, RECORD_NUMBER})
"""Columns that every record has besides its item's fields; no item may name a field so."""

_TABLE = "record"


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals records of one deployment and opens their shared copies."""

    keyring: Keyring
    deployment: str

    def place(self, record_id: UUID, version: int, subject_id: UUID) -> Place:
        """Where a record stands: what its ciphertexts are bound to."""
        return Place(
            deployment=self.deployment, table=_TABLE, record_id=record_id, version=version, subject_ref=subject_id.bytes
        )

    async def keks(self, admitted: Admitted, erase_before: date, today: date) -> tuple[Kek, Kek]:
        """The share and archive key of a record."""
        return (
            await self.keyring.kek(share_month(admitted.ends_before, today)),
            await self.keyring.kek(archive_year(erase_before, today)),
        )

    def seal(
        self, admitted: Admitted, *, record_id: UUID, subject_id: UUID, share: Kek, archive: Kek
    ) -> tuple[SealedRecord, bytes]:
        """Seal the draft's texts; gives the wraps and the packed fields."""
        draft = admitted.draft
        texts = {
            PARTY_NAME: draft.party_name,
            PARTY_IDENTIFIER: f"{draft.party.kind.value}:{draft.party.value}",
            DOCUMENT_NUMBER: draft.document_number,
            RECORD_NUMBER: draft.record_number,
            **dict(draft.fields),
        }
        sealed = seal_record(
            texts, place=self.place(record_id, draft.version, subject_id), share=share, archive=archive
        )
        return sealed, pack(sealed.fields)

    async def open_shared(self, row: dict[str, Any], wanted: Collection[str] | None) -> dict[str, str]:
        """Open the wanted columns (None: all) of a record as a door gives it; raises OpenFailed, KeyGone."""
        wrap, fields = _binary(row["wrap"]), _binary(row["fields"])
        kek = await self.keyring.kek(kek_name(wrap))
        place = self.place(UUID(str(row["record_id"])), row["version"], UUID(str(row["subject_id"])))
        dek = open_dek(wrap, kek, place)
        sealed = unpack(fields, wanted)
        return {column: dek.open(column, content) for column, content in sealed.items()}


def _binary(value: str | bytes) -> bytes:
    """Doors give bytes inside JSON as base64."""
    return base64.b64decode(value) if isinstance(value, str) else bytes(value)

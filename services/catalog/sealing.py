"""Sealing a record's texts, and opening those that may be shown."""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from foundation.calendar import add_months
from foundation.crypto import (
    Kek,
    Keyring,
    OpenFailed,
    Place,
    SealedRecord,
    archive_year,
    kek_name,
    open_dek,
    seal_record,
    share_month,
)
from foundation.personal import Personal
from services.catalog.domain.admission import Admitted

PARTY_NAME, PARTY_IDENTIFIER = "party_name", "party_identifier"
DOCUMENT_NUMBER, RECORD_NUMBER = "document_number", "record_number"
RESERVED = frozenset({PARTY_NAME, PARTY_IDENTIFIER, DOCUMENT_NUMBER, RECORD_NUMBER})
"""Columns that every record has besides its item's fields; no item may name a field so."""

TABLE = "record"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A record as it may be shown: the row without sealed parts, and the texts that may be seen."""

    row: dict[str, Any]
    fields: dict[str, Personal]


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals records of one deployment and opens their shared copies."""

    keyring: Keyring
    deployment: str

    def place(self, record_id: UUID, version: int, subject_id: UUID) -> Place:
        """Where a record stands: what its ciphertexts are bound to."""
        return Place(
            deployment=self.deployment, table=TABLE, record_id=record_id, version=version, subject_ref=subject_id.bytes
        )

    def families(self, admitted: Admitted, today: date) -> tuple[str, str]:
        """The families of the share and the archive key of a record."""
        kept_until = add_months(admitted.draft.determined_on, admitted.item.retention_months)
        ends_before = admitted.ends_before
        return share_month(ends_before, today), archive_year(max(kept_until, ends_before), today)

    def seal(self, admitted: Admitted, *, record_id: UUID, subject_id: UUID, share: Kek, archive: Kek) -> SealedRecord:
        """Seal the draft's texts."""
        draft = admitted.draft
        texts = {
            PARTY_NAME: draft.party_name,
            PARTY_IDENTIFIER: f"{draft.party.kind.value}:{draft.party.value.reveal()}",
            DOCUMENT_NUMBER: draft.document_number,
            RECORD_NUMBER: draft.record_number,
            **dict(draft.fields),
        }
        return seal_record(texts, place=self.place(record_id, draft.version, subject_id), share=share, archive=archive)

    async def open_shared(self, row: dict[str, Any], wanted: Collection[str] | None) -> dict[str, Personal]:
        """Open the wanted columns (None: all) of a record as a door gives it; raises OpenFailed, KeyGone."""
        return await self._open(row, wanted, "share/")

    async def open_archived(self, row: dict[str, Any]) -> dict[str, Personal]:
        """Open all columns of an ended record as the door `open_archive` gives it; raises OpenFailed, KeyGone."""
        return await self._open(row, None, "archive/")

    async def _open(self, row: dict[str, Any], wanted: Collection[str] | None, family: str) -> dict[str, Personal]:
        wrap, fields = _binary(row["wrap"]), _binary(row["fields"])
        name = kek_name(wrap)
        if not name.startswith(family):  # the archive's wrap, put in the place of the one that was deleted
            raise OpenFailed
        kek = await self.keyring.kek(name)
        place = self.place(UUID(str(row["record_id"])), row["version"], UUID(str(row["subject_id"])))
        return open_dek(wrap, kek, place).open_record(fields, wanted)


def _binary(value: str | bytes | None) -> bytes:
    """Doors give bytes inside JSON as base64; what somebody took away opens no more than what was cut to nothing."""
    return base64.b64decode(value) if isinstance(value, str) else bytes(value or b"")

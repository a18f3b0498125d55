"""The keys of the list office: by what a party and a request are found, and what seals a case.

Each case has one data key, wrapped under the archive key of its year. It seals the party, the artefact of every
step and the evidence; each ciphertext is bound to its case and to its place there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from foundation.crypto import (
    Dek,
    Keyring,
    OpenFailed,
    Place,
    archive_year,
    bucket_of,
    kek_name,
    new_dek,
    open_dek,
    subject_tag,
    tag,
)
from foundation.identity import Identifier, IdentifierKind
from services.blacklist.domain.dossier import Party

BUCKET_KEY = "bucket"
SUBJECT_KEY = "index/subject/1"
REQUEST_KEY = "index/request/1"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A fresh data key and its wrap, to be stored with the case."""

    dek: Dek
    wrap: bytes


class CaseKeys:
    """Tags, buckets and data keys of cases, from the office's keyring."""

    def __init__(self, keyring: Keyring, deployment: str) -> None:
        self._keyring = keyring
        self._deployment = deployment

    async def bucket(self, identifier: Identifier) -> int:
        """The bucket of the party's rows, 0 to 255."""
        return bucket_of((await self._keyring.kek(BUCKET_KEY)).key, identifier)

    async def subject_tag(self, identifier: Identifier) -> bytes:
        """The tag (16 bytes) by which a party's cases are found."""
        return subject_tag((await self._keyring.kek(SUBJECT_KEY)).key, identifier)

    async def request_tag(self, authority: str, idempotency_key: str) -> bytes:
        """The tag (16 bytes) by which an authority's request is known when it comes again."""
        key = (await self._keyring.kek(REQUEST_KEY)).key
        return tag(key, b"request", authority.encode(), idempotency_key.encode())

    async def new(self, case_id: UUID, today: date) -> NewKey:
        """A data key for a new case."""
        kek = await self._keyring.kek(archive_year(None, today))
        dek = new_dek(self._place(case_id))
        return NewKey(dek, dek.wrap(kek))

    async def open(self, case_id: UUID, wrap: bytes) -> Dek:
        """The data key of a case. Raises OpenFailed, KeyGone."""
        return open_dek(wrap, await self._keyring.kek(kek_name(wrap)), self._place(case_id))

    def _place(self, case_id: UUID) -> Place:
        return Place(
            deployment=self._deployment,
            table="case_file",
            record_id=case_id,
            version=1,
            subject_ref=b"",
        )


def new_id(bucket: int, random: Callable[[int], bytes]) -> UUID:
    """A random id (UUID version 8) whose first byte is its bucket, so that it leads to its rows."""
    drawn = bytearray(random(16))
    drawn[0] = bucket
    drawn[6] = drawn[6] & 0x0F | 0x80
    drawn[8] = drawn[8] & 0x3F | 0x80
    return UUID(bytes=bytes(drawn))


def bucket_in(row_id: UUID) -> int:
    """The bucket that an id names."""
    return row_id.bytes[0]


def party_text(party: Party) -> str:
    """A party as it is sealed."""
    who = party.identifier
    return json.dumps([who.kind.value, who.value, who.canon, party.name], ensure_ascii=False)


def party_of(text: str) -> Party:
    """The party that was sealed. Raises OpenFailed where the text is none."""
    try:
        kind, value, canon, name = json.loads(text)
        return Party(identifier=Identifier(IdentifierKind(kind), value, canon), name=name)
    except (ValueError, TypeError):
        raise OpenFailed from None

"""The keys of the repair office: by what a party is found, and what seals an application.

Each application has one data key, wrapped under the archive key of its year. It seals the party's identifier,
the officers and every text of its steps, and its evidence; each ciphertext is bound to its application and column.
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

BUCKET_KEY = "bucket"
SUBJECT_KEY = "index/subject/1"
REQUEST_KEY = "index/request/1"
CONTENT_KEY = "index/content/1"


@dataclass(frozen=True, slots=True)
class Party:
    """A party as the tables know it."""

    identifier: Identifier
    bucket: int
    subject_tag: bytes


@dataclass(frozen=True, slots=True)
class NewKey:
    """A fresh data key and its wrap, to be stored with the application."""

    dek: Dek
    wrap: bytes


class ApplicationKeys:
    """Tags and data keys of applications, from the office's keyring."""

    def __init__(self, keyring: Keyring, deployment: str) -> None:
        self._keyring = keyring
        self._deployment = deployment

    async def party(self, identifier: Identifier) -> Party:
        """By what the tables know a party."""
        bucket = bucket_of((await self._keyring.kek(BUCKET_KEY)).key, identifier)
        return Party(identifier, bucket, subject_tag((await self._keyring.kek(SUBJECT_KEY)).key, identifier))

    async def request_tag(self, party: Party, idempotency_key: str) -> bytes:
        """By what a party's request is known when it comes again."""
        key = (await self._keyring.kek(REQUEST_KEY)).key
        who = party.identifier
        return tag(key, b"request", who.kind.value.encode(), who.value.encode(), idempotency_key.encode())

    async def content_tag(self, application_id: UUID, content_digest: bytes) -> bytes:
        """By what a file of an application is known when it comes again."""
        key = (await self._keyring.kek(CONTENT_KEY)).key
        return tag(key, b"content", application_id.bytes, content_digest)

    async def new(self, application_id: UUID, today: date) -> NewKey:
        """A data key for a new application."""
        kek = await self._keyring.kek(archive_year(None, today))
        dek = new_dek(self._place(application_id))
        return NewKey(dek, dek.wrap(kek))

    async def open(self, application_id: UUID, wrap: bytes) -> Dek:
        """The data key of an application. Raises OpenFailed, KeyGone."""
        return open_dek(wrap, await self._keyring.kek(kek_name(wrap)), self._place(application_id))

    def _place(self, application_id: UUID) -> Place:
        return Place(
            deployment=self._deployment,
            table="application",
            record_id=application_id,
            version=1,
            subject_ref=b"",
        )


def new_application_id(party: Party, random: Callable[[int], bytes]) -> UUID:
    """A random id (UUID version 8) whose first byte is the party's bucket, so that it leads to its rows."""
    drawn = bytearray(random(16))
    drawn[0] = party.bucket
    drawn[6] = drawn[6] & 0x0F | 0x80
    drawn[8] = drawn[8] & 0x3F | 0x80
    return UUID(bytes=bytes(drawn))


def bucket_in(application_id: UUID) -> int:
    """The bucket that an application's id names."""
    return application_id.bytes[0]


def identifier_text(identifier: Identifier) -> str:
    """An identifier as it is sealed."""
    return json.dumps([identifier.kind.value, identifier.value, identifier.canon])


def identifier_of(text: str) -> Identifier:
    """The identifier that was sealed. Raises OpenFailed where the text is none."""
    try:
        kind, value, canon = json.loads(text)
        return Identifier(IdentifierKind(kind), value, canon)
    except (ValueError, TypeError):
        raise OpenFailed from None

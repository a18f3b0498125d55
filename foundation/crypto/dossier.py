"""The keys of dossiers, such as a case or an application: by what they are found, and what seals each.

A dossier has one data key, wrapped under the archive key of its year. It seals the party and all that was written;
each ciphertext is bound to its dossier and to its place there.
"""

from __future__ import annotations

import json
from datetime import date
from uuid import UUID

from foundation.crypto.blind import bucket_of, epoch_of, subject_tag, tag
from foundation.crypto.envelope import Dek, Place, new_dek, open_dek
from foundation.crypto.kek import kek_name
from foundation.crypto.keyring import Keyring, archive_year
from foundation.identity import Identifier, IdentifierKind

SUBJECT_INDEX = "index/subject"


class DossierKeys:
    """Buckets, tags and data keys of the dossiers in one table, from the office's keyring."""

    def __init__(self, keyring: Keyring, deployment: str, table: str) -> None:
        self._keyring = keyring
        self._deployment = deployment
        self._table = table

    async def bucket(self, identifier: Identifier) -> int:
        """The bucket of the party's rows, 0 to 255."""
        return bucket_of(await self._keyring.kek("bucket"), identifier)

    async def subject_tag(self, identifier: Identifier) -> bytes:
        """The tag (16 bytes) by which a party's dossiers are found."""
        return subject_tag((await self._keyring.in_use(SUBJECT_INDEX)).reading, identifier)

    async def subject_tags(self, identifier: Identifier) -> list[tuple[int, bytes]]:
        """The tags, each with its epoch, under which a party's dossier is put down."""
        keys = (await self._keyring.in_use(SUBJECT_INDEX)).writing
        return [(epoch_of(kek.name), subject_tag(kek, identifier)) for kek in keys]

    async def tag(self, what: str, *parts: bytes) -> bytes:
        """The tag (16 bytes) by which a thing of a kind is known when it comes again."""
        return tag((await self._keyring.kek(f"index/{what}/1")).key, what.encode(), *parts)

    async def new(self, dossier_id: UUID, today: date) -> tuple[Dek, bytes]:
        """A data key for a new dossier, and its wrap to be stored with it."""
        kek = await self._keyring.newest(archive_year(None, today))
        dek = new_dek(self._place(dossier_id), suite=kek.suites.new)
        return dek, dek.wrap(kek)

    async def open(self, dossier_id: UUID, wrap: bytes) -> Dek:
        """The data key of a dossier. Raises OpenFailed, SuiteTooOld, KeyGone."""
        return open_dek(wrap, await self._keyring.kek(kek_name(wrap)), self._place(dossier_id))

    def _place(self, dossier_id: UUID) -> Place:
        return Place(deployment=self._deployment, table=self._table, record_id=dossier_id, version=1, subject_ref=b"")


def identifier_text(identifier: Identifier) -> str:
    """An identifier as it is sealed."""
    return json.dumps([identifier.kind.value, identifier.value.reveal(), identifier.canon])


def identifier_of(text: str) -> Identifier:
    """The identifier that was sealed."""
    kind, value, canon = json.loads(text)
    return Identifier(IdentifierKind(kind), value, canon)

"""The catalog's keys by use, opened once for a batch so that the work on each member needs no waiting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from foundation.crypto import (
    Kek,
    Keyring,
    KeysInUse,
    bucket_of,
    epoch_of,
    journal_year,
    name_tag,
    subject_tag,
    tag,
    tags_of,
)
from foundation.identity import Identifier, IdentifierKind
from foundation.journal.writer import BUCKET_KEY, INDEX_KEY, NO_SUBJECT, OFFICER_KEY, SealedPrivate, seal_private
from foundation.keys import Index
from foundation.personal import Personal
from services.catalog.sealing import PARTY_IDENTIFIER, PARTY_NAME

SUBJECT_INDEX = "index/subject"
NAME_INDEX = "index/name"
NUMBER_KEY = "index/record-number/1"
DOCUMENT_KEY = "index/document/1"
CONTENT_KEY = "index/content/1"


@dataclass(frozen=True, slots=True)
class CatalogKeys:
    """Every key that tags need, and the journal's key of the year."""

    bucket: Kek
    subjects: KeysInUse
    journal_index: Kek
    journal_officers: Kek
    journal: Kek
    number: Kek
    document: Kek
    content: Kek

    @classmethod
    async def open(cls, keyring: Keyring, at: datetime) -> CatalogKeys:
        """Open them; for the minute that an opened key serves they cost nothing."""

        async def make() -> CatalogKeys:
            names = (INDEX_KEY, OFFICER_KEY, journal_year(at), NUMBER_KEY, DOCUMENT_KEY, CONTENT_KEY)
            bucket, subjects = await keyring.kek(BUCKET_KEY), await keyring.in_use(SUBJECT_INDEX)
            return cls(bucket, subjects, *[await keyring.kek(name) for name in names])

        return await keyring.together((cls, at.year, at.month, at.day, at.hour), make)

    def bucket_of(self, party: Identifier) -> int:
        """The party's bucket, 0 to 255."""
        return bucket_of(self.bucket, party)

    def subject_tag(self, party: Identifier) -> bytes:
        """The tag by which the party is found."""
        return subject_tag(self.subjects.reading, party)

    def subject_tags(self, parties: Sequence[Identifier]) -> list[tuple[int, list[bytes]]]:
        """The tags under which parties are put down: by epoch, that of the key that is taking over last."""
        return [(epoch_of(kek.name), [subject_tag(kek, party) for party in parties]) for kek in self.subjects.writing]

    def tags_of(self, parties: Iterable[Identifier]) -> tuple[list[int], list[bytes], list[bytes]]:
        """Each party's bucket, the tag by which it is found, and its tag in the journal."""
        return tags_of(parties, bucket=self.bucket, subject=self.subjects.reading, journal=self.journal_index)

    def private(self, party: Identifier | None, *, officer: Personal, matter: Personal) -> SealedPrivate:
        """The private part of an entry that a door writes, about a party or none."""
        (bucket,), _, (tag,) = self.tags_of([party]) if party else ([NO_SUBJECT], [], [None])
        return seal_private(self.journal, self.journal_officers, officer, matter, tag=tag, bucket=bucket)

    def number_tag(self, provider: str, number: str) -> bytes:
        """The tag of a provider's record number."""
        return tag(self.number, provider.encode(), number.encode())

    def document_tag(self, provider: str, number: str) -> bytes:
        """The tag of a document's number, among one provider's."""
        return tag(self.document, provider.encode(), number.encode())

    def content_digest(self, *parts: str) -> bytes:
        """A keyed digest of a draft's content, for telling a repetition from a contradiction."""
        return tag(self.content, *[part.encode() for part in parts])


def _subject(kek: Kek, sealed_identifier: Personal) -> bytes:
    kind, _, value = sealed_identifier.reveal().partition(":")
    return subject_tag(kek, Identifier(IdentifierKind(kind), value))


def _name(kek: Kek, sealed_name: Personal) -> bytes:
    return name_tag(kek, sealed_name.reveal()).to_bytes(2, "big")


INDICES = {SUBJECT_INDEX: Index(PARTY_IDENTIFIER, _subject), NAME_INDEX: Index(PARTY_NAME, _name)}
"""The indexes that rotate: how a tag is made under another key from what records hold."""
ROTATED = ("share/", "archive/", *INDICES)
"""Beginnings of the names of the keys that the catalog can rotate."""

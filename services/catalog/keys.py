"""The catalog's keys by use, opened once for a batch so that the work on each member needs no waiting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from foundation.crypto import Kek, Keyring, bucket_of, journal_tag, journal_year, subject_tag, tag
from foundation.identity import Identifier
from foundation.journal.writer import BUCKET_KEY, INDEX_KEY

SUBJECT_KEY = "index/subject/1"
NUMBER_KEY = "index/record-number/1"
DOCUMENT_KEY = "index/document/1"
CONTENT_KEY = "index/content/1"


@dataclass(frozen=True, slots=True)
class CatalogKeys:
    """Every key that tags need, and the journal's key of the year."""

    bucket: Kek
    subject: Kek
    journal_index: Kek
    journal: Kek
    number: Kek
    document: Kek
    content: Kek

    @classmethod
    async def open(cls, keyring: Keyring, at: datetime) -> CatalogKeys:
        """Open them; those opened in the last minute cost nothing."""
        names = (BUCKET_KEY, SUBJECT_KEY, INDEX_KEY, journal_year(at), NUMBER_KEY, DOCUMENT_KEY, CONTENT_KEY)
        return cls(*[await keyring.kek(name) for name in names])

    def bucket_of(self, party: Identifier) -> int:
        """The party's bucket, 0 to 255."""
        return bucket_of(self.bucket.key, party)

    def subject_tag(self, party: Identifier) -> bytes:
        """The party's tag in the subject table."""
        return subject_tag(self.subject.key, party)

    def journal_tag(self, party: Identifier) -> bytes:
        """The party's tag in the journal."""
        return journal_tag(self.journal_index.key, party)

    def number_tag(self, provider: str, number: str) -> bytes:
        """The tag of a provider's record number."""
        return tag(self.number.key, provider.encode(), number.encode())

    def document_tag(self, provider: str, number: str) -> bytes:
        """The tag of a document's number, among one provider's."""
        return tag(self.document.key, provider.encode(), number.encode())

    def content_digest(self, *parts: str) -> bytes:
        """A keyed digest of a draft's content, for telling a repetition from a contradiction."""
        return tag(self.content.key, *[part.encode() for part in parts])

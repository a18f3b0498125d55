"""Writes entries through the door `journal_write`, and opens their private parts for those who may."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from foundation.crypto import Kek, Keyring, bucket_of, journal_tag, journal_year, kek_name, open_blob, seal_blobs, tag
from foundation.db import Transaction
from foundation.identity import Identifier
from foundation.journal.entry import Entry, PrivatePart, Receipt
from foundation.personal import Personal
from foundation.telemetry import queried

INDEX_KEY = "index/journal/1"
OFFICER_KEY = "index/journal-officer/1"
BUCKET_KEY = "bucket"
NO_SUBJECT = -1
"""Bucket of entries that concern no party."""
SALT_BYTES = 16
_quoted = json.JSONEncoder(ensure_ascii=False).encode


class Journal:
    """The journal of one office."""

    def __init__(self, keyring: Keyring, source: str) -> None:
        self._keyring = keyring
        self._source = source

    async def write(self, tx: Transaction, entry: Entry) -> Receipt:
        """Write the entry in `tx`; it is there exactly when `tx` commits."""
        officer, matter = entry.officer, entry.matter
        if clerk := entry.caller.officer:
            # He acts for the party at a desk: every entry of the call names him and the desk's number, whatever the
            # office says of it, and however many parties it says the same of.
            officer, matter = clerk, f"{entry.caller.matter.reveal()} {Personal.of(matter).reveal()}".strip()
        private = await self.private_part(entry.subject, officer, matter, at=tx.now)
        written = await tx.call(
            "journal_write",
            bucket=private.bucket,
            kind=entry.kind,
            query=queried(entry.query_id),
            attempt=entry.attempt,
            authority=entry.caller.authority,
            fingerprint=entry.caller.fingerprint,
            purpose=entry.purpose,
            grant=entry.grant_id,
            decision=entry.decision,
            reason=entry.reason,
            tag=private.tag,
            items=list(entry.items),
            disclosed=list(entry.disclosed),
            visible_from=entry.visible_from,
            **private.arguments(),
        )
        return Receipt.of(self._source, written.one())

    async def private_part(
        self, subject: Identifier | None, officer: Personal | str, matter: Personal | str, *, at: datetime
    ) -> SealedPrivate:
        """Seal what the entry keeps apart; doors that write their own entries take it as arguments."""
        kek = await self._keyring.kek(journal_year(at))
        officers = await self._keyring.kek(OFFICER_KEY)
        subject_tag, bucket = None, NO_SUBJECT
        if subject is not None:
            subject_tag = journal_tag(await self._keyring.kek(INDEX_KEY), subject)
            bucket = bucket_of(await self._keyring.kek(BUCKET_KEY), subject)
        return seal_private(kek, officers, officer, matter, tag=subject_tag, bucket=bucket)


class SealedPrivate(NamedTuple):
    """The private part of an entry as stored."""

    salt: bytes
    sealed: bytes
    tag: bytes | None
    bucket: int
    officer_tag: bytes | None

    def arguments(self) -> dict[str, Any]:
        """What every door takes that writes an entry of its own."""
        return {"salt": self.salt, "sealed": self.sealed, "officer_tag": self.officer_tag}


def seal_private(
    kek: Kek, officers: Kek, officer: Personal | str, matter: Personal | str, *, tag: bytes | None, bucket: int
) -> SealedPrivate:
    """Seal official and matter under the journal's year, bound to a fresh salt of 16 bytes.

    `officers` is the key OFFICER_KEY, which tags the official so that "what did this official look at" is a look-up.
    """
    (official,), (salt,), (sealed,) = seal_privates(kek, officers, [(officer, matter, 1)])
    return SealedPrivate(salt, sealed, tag, bucket, official)


def seal_privates(
    kek: Kek, officers: Kek, said: Iterable[tuple[Personal | str, Personal | str, int]]
) -> tuple[list[bytes | None], list[bytes], list[bytes]]:
    """The private parts of many questions' entries: each official's tag, then each entry's salt and sealed text.

    Of each question is `said`: official, matter, number of entries.
    """
    tags, texts = list[bytes | None](), list[bytes]()
    for officer, matter, count in said:
        official, matter_text = Personal.of(officer).reveal(), Personal.of(matter).reveal()
        tags.append(officer_tag(officers, official) if official else None)
        texts += [f"[{_quoted(kek.name)}, {_quoted(official)}, {_quoted(matter_text)}]".encode()] * count
    drawn = os.urandom(SALT_BYTES * len(texts))
    salts = [drawn[at : at + SALT_BYTES] for at in range(0, len(drawn), SALT_BYTES)]
    return tags, salts, seal_blobs(kek, texts, [b"journal_private"], salts)


def officer_tag(officers: Kek, officer: str) -> bytes:
    """The tag (16 bytes) of an official, as his authority names him: it means him only beside that authority."""
    return tag(officers, b"officer", officer.encode())


class JournalReader:
    """Reads private parts of one source's journal; for the audit office."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def tag(self, identifier: Identifier) -> bytes:
        """The subject's tag in this source's journal."""
        return journal_tag(await self._keyring.kek(INDEX_KEY), identifier)

    async def bucket(self, identifier: Identifier) -> int:
        """The subject's bucket in this source."""
        return bucket_of(await self._keyring.kek(BUCKET_KEY), identifier)

    async def officer_tag(self, officer: str) -> bytes:
        """The official's tag in this source's journal; to be read together with the authority."""
        return officer_tag(await self._keyring.kek(OFFICER_KEY), officer)

    async def open(self, salt: bytes, sealed: bytes) -> PrivatePart:
        """Open the private part of an entry; raises foundation.crypto.OpenFailed, KeyGone."""
        kek = await self._keyring.kek(kek_name(sealed))
        _, officer, matter = json.loads(open_blob(kek, sealed, b"journal_private", salt))
        return PrivatePart(officer=Personal(officer), matter=Personal(matter))

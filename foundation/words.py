"""What officials say and who they are, in rows that show neither: sealed texts, and tags by which two are two."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from foundation.access import Officer
from foundation.crypto import KeyGone, Keyring, OpenFailed, journal_year, kek_name, open_blob, seal_blob, tag
from foundation.personal import NOTHING, Personal

OFFICIAL_KEY = "index/official/1"


class Words:
    """Of the rows of one table. Texts are sealed under the journal's key of the year and go with it."""

    def __init__(self, keyring: Keyring, table: str) -> None:
        self._keyring = keyring
        self._table = table.encode()

    async def official(self, officer: Officer) -> bytes:
        """The tag (16 bytes) of an official, whichever authority he acts for: the database compares it."""
        return tag((await self._keyring.kek(OFFICIAL_KEY)).key, b"official", officer.subject.reveal().encode())

    async def seal(self, at: datetime, row_id: UUID, column: str, *texts: Personal) -> bytes:
        """Seal texts that open in no other row and column."""
        said = json.dumps([text.reveal() for text in texts], ensure_ascii=False).encode()
        return seal_blob(await self._keyring.kek(journal_year(at)), said, self._table, column.encode(), row_id.bytes)

    async def open(self, sealed: bytes | None, row_id: UUID, column: str, *, count: int) -> list[Personal]:
        """Open `count` texts; they are empty where nothing is sealed, or where it does not open any more."""
        sealed = bytes(sealed or b"")
        try:
            kek = await self._keyring.kek(kek_name(sealed))
            said = json.loads(open_blob(kek, sealed, self._table, column.encode(), row_id.bytes))
        except (KeyGone, OpenFailed):
            return [NOTHING] * count
        return Personal.each(said)

"""A house of two offices' journals and the log over them: real schemas, real roles, real keys."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chengxin.proofs import note
from chengxin.proofs.merkle import root_from_leaf_hashes
from foundation.access import Caller
from foundation.crypto import FileKeyProvider, Keyring
from foundation.db import Database
from foundation.identity import Identifier, IdentifierKind, canonicalise, uscc_check_character
from foundation.journal import Entry, Journal, Receipt
from services.audit.office.accesses import Accesses
from services.audit.office.doors import Doors
from services.audit.office.proving import Prover
from services.audit.office.sequencing import Sequencer
from services.audit.store.journals import SourceJournal
from tests.support.databases import SchemaDatabase

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORIGIN = "audit.test/log"
VKEY = note.vkey(ORIGIN, KEY.public_key())
SOURCES = ("audit", "repair")


def company(number: int) -> Identifier:
    """The `number`-th sample company; none of them exists."""
    first = f"91430100{number:09d}"
    return canonicalise(IdentifierKind.USCC, first + uscc_check_character(first), today=date(2026, 6, 1))


DEPARTMENT = company(900_000_002).value.reveal()
OTHER_DEPARTMENT = company(900_000_003).value.reveal()
PARTY, OTHER_PARTY = company(1), company(2)


def caller(authority: str = DEPARTMENT) -> Caller:
    return Caller(authority=authority, system="queries", fingerprint=bytes(32))


@dataclass
class Journals:
    """The journals and the log. Every sequencer asked for is another one, as in another process."""

    database: SchemaDatabase
    folder: Path
    opened: list[Database | Keyring | SourceJournal] = field(default_factory=list)

    def __post_init__(self) -> None:
        for schema in SOURCES:
            FileKeyProvider.initialise(self.folder / schema)
        self.own = self._open(self.database.open("audit_app"))
        self.repair = self._open(self.database.open("repair_app"))
        self.repair_journal = Journal(self._keyring("repair", self.repair), "repair")
        self.sources = {name: self._source(name) for name in SOURCES}
        self.prover = Prover(self.own, self.sources, key=KEY.public_key(), origin=ORIGIN)
        keyring = self._keyring("audit", self.own)
        self.own_journal = Journal(keyring, "audit")
        self.accesses = Accesses(self.own, self.own_journal, self.sources)
        self.doors = Doors(self.own, keyring, self.own_journal, self.sources)

    def sequencer(self) -> Sequencer:
        return Sequencer(self.own, list(self.sources.values()), key=KEY, origin=ORIGIN, token=uuid.uuid4())

    async def look(self, subject: Identifier | None = PARTY, **values: object) -> Receipt:
        """Write one entry into the repair office's journal, as its office does."""
        entry = Entry(
            kind="RepairService.CheckEligibility",
            caller=values.pop("caller", caller()),  # type: ignore[arg-type]
            subject=subject,
            **{"purpose": "tender", "matter": "T-1", "officer": "official Li", **values},  # type: ignore[arg-type]
        )
        async with self.repair.transaction() as tx:
            return await self.repair_journal.write(tx, entry)

    def admin(self, schema: str = "audit") -> psycopg.Connection:
        """A connection that may do what no login role may."""
        return psycopg.connect(self.database.admin_dsn, options=f"-c search_path={schema}", autocommit=True)

    def leaf_hashes(self) -> list[bytes]:
        with self.admin() as connection:
            rows = connection.execute("SELECT leaf_hash FROM log_entry ORDER BY index").fetchall()
        return [bytes(row[0]) for row in rows]

    def published(self) -> Sequence[tuple[int, bytes, str]]:
        """Every checkpoint ever published, oldest first."""
        with self.admin() as connection:
            rows = connection.execute("SELECT size, root, text FROM checkpoint ORDER BY size").fetchall()
        return [(size, bytes(root), text) for size, root, text in rows]

    def assert_append_only(self) -> None:
        """Every checkpoint ever published is over a prefix of the log as it is now, without a gap."""
        hashes = self.leaf_hashes()
        checkpoints = self.published()
        for size, root, text in checkpoints:
            assert root_from_leaf_hashes(hashes[:size]) == root
            assert note.verify(text, [VKEY]).signers == (ORIGIN,)
        assert checkpoints[-1][0] == len(hashes)

    async def close(self) -> None:
        for one in reversed(self.opened):
            await one.close()

    def _open(self, database: Database) -> Database:
        self.opened.append(database)
        return database

    def _keyring(self, schema: str, database: Database) -> Keyring:
        keyring = Keyring(FileKeyProvider(self.folder / schema), database)
        self.opened.append(keyring)
        return keyring

    def _source(self, schema: str) -> SourceJournal:
        database = Database.open(self.database.dsn("audit_reader"), schema=schema, pool=2)
        keyring = Keyring(FileKeyProvider(self.folder / schema), database)
        source = SourceJournal(schema, database, keyring)
        self.opened.append(source)
        return source

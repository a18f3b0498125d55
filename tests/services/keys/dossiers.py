"""The offices that keep dossiers, with the rotation of their archive's key: rows as each of them stores them."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from foundation.access import Caller
from foundation.calendar import day_of
from foundation.crypto import DossierKeys, FileKeyProvider, Keyring, Suites, identifier_of, identifier_text, new_id
from foundation.crypto.suite import DEFAULT
from foundation.db.migrate import ROLES
from foundation.identity import Identifier, IdentifierKind
from foundation.journal import Journal
from foundation.keys import Index, KeyOffice, Rotator
from foundation.keys.dossiers import party_index
from foundation.rpc import Ground
from tests.services.keys.rotating import Minutes, Turn
from tests.support.catalog_house import DEPLOYMENT, uscc
from tests.support.databases import SchemaDatabase

PARTY = Identifier(IdentifierKind.USCC, uscc(7))


class Kept(NamedTuple):
    """A table of dossiers: the column of its ids, and that of the party, which is sealed; what else a row needs."""

    table: str
    row_id: str
    party: str
    rest: Callable[[], Mapping[str, Any]]


OFFICES = {
    "blacklist": Kept(
        "case_file", "case_id", "party", lambda: {"authority": uscc(1), "scheme_code": "样例", "sample": True}
    ),
    "repair": Kept(
        "application",
        "application_id",
        "subject",
        lambda: {
            "request_tag": os.urandom(16),
            "record_id": "样例",
            "determining_authority": uscc(1),
            "repairable_from": date(2020, 1, 1),
            "commitment": True,
            "correction": b"-",
        },
    ),
    "audit": Kept(
        "misuse_matter",
        "matter_id",
        "reporter",
        lambda: {"by_party": True, "source": "catalog", "entry_id": 1, "authority": uscc(1)},
    ),
}


@dataclass(kw_only=True)
class Dossiers(Turn):
    """An office with dossiers whose archive key rotates."""

    kept: Kept
    sealing: DossierKeys

    async def seal(self, count: int = 1) -> None:
        """Open dossiers."""
        for _ in range(count):
            await self.insert(new_id(7, os.urandom))

    async def insert(
        self, dossier_id: UUID, sealing: DossierKeys | None = None, *, party: Identifier | None = None
    ) -> bytes:
        """Open a dossier, found by its party if one is given; gives its wrap."""
        sealing = sealing or self.sealing
        async with self.ground.database.transaction() as tx:
            dek, wrap = await sealing.new(dossier_id, day_of(tx.now))
            named = {
                "bucket": dossier_id.bytes[0],
                self.row_id: dossier_id,
                "wrap": wrap,
                self.kept.party: dek.seal(self.kept.party, identifier_text(party or PARTY)),
            }
            await tx.insert(self.table, **named, **self.kept.rest())
            for epoch, tag in await sealing.subject_tags(party) if party else ():
                where = {"bucket": dossier_id.bytes[0], self.row_id: dossier_id}
                await tx.insert("party_tag", **where, epoch=epoch, tag=tag)
        return wrap

    async def blind_search_errors(self) -> list[str]:
        """What a search by a party's tag and a scan that opens every dossier do not agree on."""
        held: dict[Identifier, set[UUID]] = {}
        rows = self.sql(f"SELECT {self.row_id}, wrap, {self.kept.party} FROM {self.table} WHERE wrap IS NOT NULL")
        for dossier_id, wrap, sealed in rows:
            party = identifier_of((await self.sealing.open(dossier_id, wrap)).open(self.kept.party, sealed).reveal())
            held.setdefault(party, set()).add(dossier_id)
        wrong: list[str] = []
        for number, (party, expected) in enumerate(held.items()):
            tag = await self.sealing.subject_tag(party)
            found = {one for (one,) in self.sql(f"SELECT {self.row_id} FROM party_tag WHERE tag = %s", tag)}
            if found != expected:
                wrong.append(f"party {number}: {len(found)} found, {len(expected)} held")
        return wrong

    async def everything_opens(self) -> int:
        """Open every dossier that has a wrap; gives how many there were."""
        rows = self.sql(f"SELECT {self.row_id}, wrap, {self.kept.party} FROM {self.table} WHERE wrap IS NOT NULL")
        for dossier_id, wrap, party in rows:
            assert (await self.sealing.open(dossier_id, wrap)).open(self.kept.party, party).reveal() == identifier_text(
                PARTY
            )
        return len(rows)

    def erase(self, dossier_id: UUID) -> None:
        """Leave of a dossier what the eraser leaves, though its time is not over."""
        self.sql(
            f"SET LOCAL session_replication_role = replica; UPDATE {self.table} SET wrap = NULL, {self.kept.party} = ''"
            f" WHERE {self.row_id} = '{dossier_id}'"
        )


@asynccontextmanager
async def dossiers(schema_db: Callable[..., SchemaDatabase], folder: Path, office: str) -> AsyncGenerator[Dossiers]:
    """An office with dossiers, in a sample house, with a rotator that waits for nobody."""
    FileKeyProvider.initialise(folder / "keys")
    async with dossiers_on(schema_db(office, sample=True), folder, office) as made:
        yield made


@asynccontextmanager
async def dossiers_on(
    database: SchemaDatabase, folder: Path, office: str, suites: Suites = DEFAULT
) -> AsyncGenerator[Dossiers]:
    """The office on a database and keys that are there, by the suites of its settings."""
    kept, minutes = OFFICES[office], Minutes()
    app = database.open(ROLES[office][0], pool=4)
    keyring = Keyring(FileKeyProvider(folder / "keys", suite=suites.new), app, clock=minutes, suites=suites)
    ground = Ground(app, keyring, Journal(keyring, office))
    operator = Caller(authority=uscc(9000009), system="keys", fingerprint=bytes(32), roles=frozenset({"operator"}))
    turn = Dossiers(
        database=database,
        minutes=minutes,
        keys=KeyOffice(ground, rotated=("archive/", *indices(office))),
        ground=ground,
        rotator=dossier_rotator(ground, operator, office),
        operator=operator,
        table=kept.table,
        row_id=kept.row_id,
        wrap="wrap",
        kept=kept,
        sealing=DossierKeys(keyring, DEPLOYMENT, kept.table),
    )
    yield turn
    turn.close()
    await keyring.close()
    await app.close()


def dossier_rotator(ground: Ground, house: Caller, office: str, wait: timedelta = timedelta(0)) -> Rotator:
    """The rotator of an office with dossiers."""
    kept = OFFICES[office]
    return Rotator(ground, house, deployment=DEPLOYMENT, table=kept.table, indices=indices(office), wait=wait)


def indices(office: str) -> dict[str, Index]:
    """The indexes that rotate at an office."""
    return party_index(OFFICES[office].party if office != "blacklist" else "")

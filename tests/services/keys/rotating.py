"""An office whose keys are rotated in the test's own process, with a minute that passes when the test says so."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from foundation.access import Caller, Officer
from foundation.crypto import FileKeyProvider, Keyring, kek_name, open_dek
from foundation.db import Row
from foundation.journal import Journal
from foundation.keys import KeyOffice, Rotator
from foundation.rpc import Ground
from services.catalog.keys import INDICES, ROTATED
from services.catalog.office.records import RecordOffice
from services.catalog.sealing import PARTY_IDENTIFIER, TABLE, Sealer
from tests.support.catalog_house import DEPLOYMENT, LAWBOOK, POLICY, CatalogHouse, catalog_house, uscc
from tests.support.databases import SchemaDatabase

FIRST, SECOND = "custodian-1", "custodian-2"


class Minutes:
    """A monotonic clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def pass_by(self) -> None:
        """Let everything be forgotten that is kept for a minute."""
        self.seconds += 61


@dataclass(kw_only=True)
class Turn:
    """An office's key office, and its rotator, which takes a step when it is told to.

    What rotates in all offices alike is the column `wrap` of `table`, where `row_id` names a row.
    """

    database: SchemaDatabase
    minutes: Minutes
    keys: KeyOffice
    ground: Ground
    rotator: Rotator
    operator: Caller
    table: str
    row_id: str
    wrap: str
    ways: int = 1
    """How many wraps a row has."""

    @property
    def schema(self) -> str:
        """The office."""
        return self.ground.database.schema

    async def seal(self, count: int = 1) -> None:
        """Hand in so many rows, sealed under the newest key."""
        raise NotImplementedError

    def key(self) -> str:
        """The key that wraps, without its generation; something is sealed."""
        (key,) = {key for key in self.wrapped() if key is not None}
        return "/".join(key.split("/")[:2])

    async def everything_opens(self) -> int:
        """Open every row by each wrap that it has; gives how many ways there were."""
        raise NotImplementedError

    def sql(self, statement: str, *values: object) -> list[Any]:
        """Run SQL in the office's schema as the owner of the database."""
        with self._owner.transaction():
            cursor = self._owner.execute(statement, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    @cached_property
    def _owner(self) -> psycopg.Connection:
        # One for all: a test asks a thousand times, and to connect takes longer than to answer.
        options = f"-c search_path={self.schema}"
        return psycopg.connect(self.database.admin_dsn, options=options, autocommit=True, prepare_threshold=None)

    def close(self) -> None:
        """Leave the database."""
        self._owner.close()

    def wrapped(self) -> dict[str | None, int]:
        """How many rows are wrapped under each key."""
        return dict(self.sql(f"SELECT wrap_key({self.wrap}), count(*) FROM {self.table} GROUP BY 1"))

    def pass_days(self, days: int) -> None:
        """Let days pass in the sample house."""
        self.sql("UPDATE clock_offset SET ahead = ahead + make_interval(days => %s)", days)

    def officer(self, name: str) -> Officer:
        """A key custodian."""
        return Officer(subject=name, authority=self.operator.authority, roles=frozenset({"key_custodian"}))

    async def start(self, key: str, method: str = "rewrap", *, by: str = FIRST) -> Row:
        """Begin a rotation; everybody has learned of it when this returns."""
        row = await self.keys.start(self.operator, self.officer(by), key=key, method=method)
        self.minutes.pass_by()
        return row

    async def approve(self, rotation_id: UUID, *, by: str = SECOND) -> Row:
        """Say that the old key may go."""
        return await self.keys.approve(self.operator, self.officer(by), rotation_id)

    async def work(self, *, most: int = 2000) -> int:
        """Step until nothing is to be done; gives how many steps."""
        for taken in range(most):
            if not await self.rotator.step():
                self.minutes.pass_by()
                return taken
        raise AssertionError("the rotation does not end")

    def rotation(self, rotation_id: UUID) -> dict[str, Any]:
        """The rotation's row."""
        ((row,),) = self.sql("SELECT to_jsonb(k) FROM key_rotation k WHERE rotation_id = %s", rotation_id)
        return row


@dataclass(kw_only=True)
class Rotating(Turn):
    """A catalog whose share key rotates, or another one."""

    house: CatalogHouse

    async def seal(self, count: int = 1) -> None:
        """Hand records in."""
        await self.house.hand_in(*[self.house.draft() for _ in range(count)])

    def wraps(self, column: str) -> dict[str | None, int]:
        """How many records are wrapped under each key."""
        return dict(self.house.sql(f"SELECT catalog.wrap_key({column}), count(*) FROM catalog.record GROUP BY 1"))

    def tags(self) -> dict[int, int]:
        """How many tags there are of each epoch."""
        return dict(self.house.sql("SELECT epoch, count(*) FROM catalog.subject_tag GROUP BY 1"))

    async def everything_opens(self) -> int:
        """Open every record by each wrap that it has; gives how many ways there were."""
        rows = self.house.sql(
            "SELECT record_id, version, subject_id, share_wrap, archive_wrap, fields"
            " FROM catalog.record JOIN catalog.record_text USING (bucket, record_id)"
        )
        opened = 0
        for record_id, version, subject_id, *wraps, fields in rows:
            for wrap in filter(None, wraps):
                kek = await self.house.sealer.keyring.kek(kek_name(wrap))
                dek = open_dek(wrap, kek, self.house.sealer.place(record_id, version, subject_id))
                assert dek.open_record(fields)[PARTY_IDENTIFIER]
                opened += 1
        return opened


@asynccontextmanager
async def another_process(turn: Rotating, folder: Path) -> AsyncGenerator[tuple[RecordOffice, Minutes]]:
    """A second process of the office, which learns of changes when its own minutes pass."""
    minutes = Minutes()
    keyring = Keyring(FileKeyProvider(folder / "keys"), turn.house.changing, clock=minutes)
    journal = Journal(keyring, "catalog")
    sealer = Sealer(keyring, DEPLOYMENT)
    yield RecordOffice(turn.house.changing, sealer, journal, lawbook=LAWBOOK, policy=POLICY), minutes
    await keyring.close()


@asynccontextmanager
async def rotating(schema_db: Callable[..., SchemaDatabase], folder: Path) -> AsyncGenerator[Rotating]:
    """A sample catalog with a rotator that waits for nobody."""
    minutes = Minutes()
    async with catalog_house(schema_db, folder, clock=minutes) as house:
        keyring = Keyring(FileKeyProvider(folder / "keys"), house.working, clock=minutes)
        ground = Ground(house.working, keyring, Journal(keyring, "catalog"))
        operator = house.enrol(uscc(9000009), "operator")
        office = Ground(house.changing, house.sealer.keyring, Journal(house.sealer.keyring, "catalog"))
        turn = Rotating(
            house=house,
            minutes=minutes,
            keys=KeyOffice(office, rotated=ROTATED),
            ground=ground,
            rotator=rotator(ground, operator),
            operator=operator,
            database=house.database,
            table="record",
            row_id="record_id",
            wrap="share_wrap",
            ways=2,
        )
        yield turn
        turn.close()
        await keyring.close()


def rotator(ground: Ground, house: Caller, wait: timedelta = timedelta(0)) -> Rotator:
    """The catalog's rotator."""
    return Rotator(ground, house, deployment=DEPLOYMENT, table=TABLE, indices=INDICES, wait=wait)

"""A rotator, two rows a step, as a process that kills itself (SIGKILL) where it is told to."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from foundation.access import Caller
from foundation.crypto import FileKeyProvider, Keyring
from foundation.db import Database, Transaction
from foundation.journal import Journal
from foundation.keys import rotator as stepping
from foundation.rpc import Ground
from tests.services.keys.dossiers import dossier_rotator
from tests.services.keys.rotating import rotator
from tests.support.catalog_house import uscc

POINT, NTH = "", 0


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DoomedDatabase(Database):
    """Counts its transactions."""

    count = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction]:
        self.count += 1
        mine = self.count == NTH
        async with super().transaction() as tx:
            yield tx
            if mine and POINT == "before":
                die()
            if mine and POINT == "inside":
                threading.Timer(0.0004, die).start()
        if mine and POINT == "after":
            die()


class DoomedProvider(FileKeyProvider):
    """Destroys a key, or nearly."""

    def destroy(self, name: str) -> None:
        if POINT == "unlinking":
            die()
        super().destroy(name)
        if POINT == "unlinked":
            die()


def run(office: str, dsn: str, keys: Path, point: str, nth: int) -> None:
    """Rotate in this process, which is for that alone, until there is nothing to do or it dies.

    `point` is before, inside or after the commit of the `nth` transaction; unlinking, unlinked: around the destruction
    of a key; never.
    """
    global POINT, NTH
    POINT, NTH = point, nth
    asyncio.run(_rotate(office, dsn, keys))


async def _rotate(office: str, dsn: str, keys: Path) -> None:
    database = DoomedDatabase.open(dsn, schema=office, pool=2)
    keyring = Keyring(DoomedProvider(keys), database)
    house = Caller(authority=uscc(1), system=office, fingerprint=bytes(32), roles=frozenset({"office"}))
    ground = Ground(database, keyring, Journal(keyring, office))
    doomed = rotator(ground, house) if office == "catalog" else dossier_rotator(ground, house, office)
    stepping.STEP = 2
    while await doomed.step():
        pass
    await keyring.close()
    await database.close()

"""Erasing what has been kept for as long as the law says. What that is, the doors of erasure.sql find out themselves."""

from __future__ import annotations

from typing import Any

import psycopg
import structlog
from psycopg import sql

from foundation.access import Caller, own_caller
from foundation.calendar import day_of
from foundation.journal import Entry
from foundation.periodic import every
from foundation.policy import Policy
from foundation.rpc import Ground
from foundation.settings import OfficeSettings

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

STEP = 500
"""Rows erased in one transaction, so that none lasts over two seconds."""
VOLUME_TIMEOUT = "10min"
"""How long a volume of private parts may be looked through before it is dropped."""
EVERY_S = 3600.0
RETENTION = {"journal": "journal.retention", "dossier": "dossier.retention"}
"""What the table `retention` holds, and the statutory number that says how long it is kept."""


def load_retention(connection: psycopg.Connection[Any], schema: str, policy: Policy) -> None:
    """Bring a schema's table `retention` in step with the statutory numbers in force, as its owner."""
    with connection.transaction():
        connection.execute(sql.SQL("SET LOCAL search_path = {}").format(sql.Identifier(schema)))
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(f"{schema}_owner")))
        row = connection.execute("SELECT house_today()").fetchone()
        assert row is not None
        for what, name in RETENTION.items():
            number = policy.governing(name, on=row[0])
            connection.execute(
                "INSERT INTO retention VALUES (%s, %s::interval)"
                " ON CONFLICT (what) DO UPDATE SET period = EXCLUDED.period",
                (what, f"{number.value} {number.unit}"),
            )


class Eraser:
    """Goes through an office's doors of erasure, by the eraser's role; then destroys the keys of years that are over."""

    def __init__(self, ground: Ground, house: Caller, *doors: str) -> None:
        """`house` is the office as a caller, for the journal; `doors` are those besides `erase_private`."""
        self._ground = ground
        self._house = house
        self._doors = (*doors, "erase_private")

    @classmethod
    def open(cls, settings: OfficeSettings, schema: str, *doors: str) -> Eraser:
        """Prepare the eraser of an office; nothing connects before it runs."""
        ground = Ground.open(settings, schema, f"{schema}_eraser", pool=1)
        return cls(ground, own_caller(settings.cert), *doors)

    async def run(self) -> None:
        """Erase every hour until cancelled."""
        await every(EVERY_S, self.sweep, "erasure")

    async def close(self) -> None:
        """Close the connections."""
        await self._ground.keyring.close()
        await self._ground.database.close()

    async def sweep(self) -> dict[str, int]:
        """Erase everything that is over at present; gives how many by door, and by `keys` how many were destroyed."""
        async with self._ground.database.transaction() as tx:
            await tx.call("make_private_volumes")
        erased = {"drop_private": await self._through("drop_private")}
        erased |= {door: await self._through(door, most=STEP) for door in self._doors}
        async with self._ground.database.transaction() as tx:
            over = sorted(row.name for row in await tx.all("SELECT keys_over() AS name"))
            for name in over:
                entry = Entry(
                    kind="Eraser.DestroyKey",
                    caller=self._house,
                    purpose="erasure",
                    decision="changed",
                    disclosed=(f"{name}:0:key",),
                )
                await self._ground.journal.write(tx, entry)
        for name in over:
            await self._ground.keyring.destroy(name)
        # Also finishes what a killed process left half destroyed.
        await self._ground.keyring.destroy_ended_months(day_of(tx.now))
        erased["keys"] = len(over)
        if any(erased.values()):
            log.info("erased what is over", **erased)
        return erased

    async def _through(self, door: str, **most: int) -> int:
        erased, total = 1, 0
        while erased:
            async with self._ground.database.transaction() as tx:
                if not most:  # A whole volume is read before it goes; nobody waits for that.
                    await tx.run(f"SET LOCAL statement_timeout = '{VOLUME_TIMEOUT}'")
                    await tx.run("SET LOCAL transaction_timeout = 0")
                private = await self._ground.journal.private_part(None, "", "", at=tx.now)
                sealed = {"salt": private.salt, "sealed": private.sealed}
                erased = (await tx.call(door, fingerprint=self._house.fingerprint, **most, **sealed)).scalar_one()
            total += erased
        return total

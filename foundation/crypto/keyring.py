"""An office's keys: 32 random bytes each, wrapped in the office's schema, opened for a minute at a time."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from foundation.calendar import day_of
from foundation.crypto.errors import KeyGone
from foundation.crypto.kek import Kek, checked_name
from foundation.crypto.provider import KeyProvider
from foundation.crypto.suite import KEY_BYTES
from foundation.db import Database

KEPT_SECONDS = 60.0
"""How long an opened key serves before the database is asked again whether it still exists."""

_SHARE_MONTH = re.compile(r"share/([0-9]{4}-[0-9]{2})", re.ASCII)


class Keyring:
    """The keys of one office by name, made when first asked for.

    Processes of the office share them through the table `keyring`, where each lies wrapped by the provider's
    key of the same name; so there is never more than one key of a name, and none again once it was destroyed.

    It has one connection of its own, to the schema and by the role of `database`: keys are asked for inside
    transactions too, and would wait for ever for a connection if those held all of them.
    """

    def __init__(
        self,
        provider: KeyProvider,
        database: Database,
        *,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._provider = provider
        self._database = Database.open(database.dsn, schema=database.schema, pool=1)
        self._clock = clock
        self._random = random
        self._opened: dict[str, tuple[float, Kek]] = {}
        self._opening = asyncio.Lock()

    def __repr__(self) -> str:
        return "Keyring(<redacted>)"

    async def close(self) -> None:
        """Forget the opened keys and close the connection."""
        self._opened.clear()
        await self._database.close()

    def cached(self, name: str) -> Kek | None:
        """The key if it was opened in the last minute, else None; asks nobody."""
        entry = self._opened.get(name)
        return entry[1] if entry is not None and self._clock() < entry[0] else None

    async def kek(self, name: str) -> Kek:
        """The key of that name; makes it if there never was one.

        Raises KeyGone where it was destroyed, OpenFailed where the provider's key does not open it, and what
        `Database.transaction` raises.
        """
        kek = self.cached(name)
        if kek is not None:
            return kek
        async with self._opening:
            kek = self.cached(name)
            if kek is None:
                until = self._clock() + KEPT_SECONDS  # counted from before the question
                self._forget_old()
                kek = await self._open(checked_name(name))
                self._opened[name] = (until, kek)
            return kek

    async def ensure(self, names: Iterable[str]) -> dict[str, Kek]:
        """Open all these keys, so that `cached` has them for the next minute; give them by name."""
        return {name: await self.kek(name) for name in names}

    async def destroy(self, name: str) -> None:
        """Destroy a key for good. Other processes may use it for a minute longer. Safe to repeat."""
        async with self._database.transaction() as tx:
            await tx.run(
                "UPDATE keyring SET destroyed_at = house_now() WHERE name = :name AND destroyed_at IS NULL", name=name
            )
        self._opened.pop(name, None)
        # Only now: where this is cut short, the mark stands and `destroy_ended_months` finishes.
        await asyncio.to_thread(self._provider.destroy, name)

    async def destroy_ended_months(self, today: date) -> list[str]:
        """Destroy the share keys of all months before that of `today`; give their names. Safe to repeat.

        Also finishes what a killed process left half done.
        """
        async with self._database.transaction() as tx:
            rows = await tx.all("SELECT name, destroyed_at FROM keyring ORDER BY name")
        kept = set(await asyncio.to_thread(self._provider.list))
        ended = [
            row.name
            for row in rows
            if (row.name in kept if row.destroyed_at is not None else share_month_is_over(row.name, today))
        ]
        for name in ended:
            await self.destroy(name)
        return ended

    async def _open(self, name: str) -> Kek:
        async with self._database.transaction() as tx:
            row = await tx.maybe("SELECT wrapped, destroyed_at FROM keyring WHERE name = :name", name=name)
        if row is None:
            wrapped = await asyncio.to_thread(self._new, name)
            async with self._database.transaction() as tx:
                await tx.run(
                    "INSERT INTO keyring (name, wrapped) VALUES (:name, :wrapped) ON CONFLICT DO NOTHING",
                    name=name,
                    wrapped=wrapped,
                )
                # Read back: another process may have been first, and only the stored key counts.
                row = await tx.one("SELECT wrapped, destroyed_at FROM keyring WHERE name = :name", name=name)
        if row.destroyed_at is not None:
            raise KeyGone(name)
        return Kek(name, await asyncio.to_thread(self._provider.unwrap, name, bytes(row.wrapped)))

    def _new(self, name: str) -> bytes:
        self._provider.create(name)
        return self._provider.wrap(name, self._random(KEY_BYTES))

    def _forget_old(self) -> None:
        now = self._clock()
        self._opened = {name: entry for name, entry in self._opened.items() if now < entry[0]}


def share_month(ends_before: date | None, today: date) -> str:
    """The name of the share key of a record whose sharing ends before `ends_before` (first day not shared).

    The month is that of the last shared day, so that the key is destroyed in the month after. None: no end is
    set; the key of this year, and the record is wrapped anew each year.
    """
    if ends_before is None:
        return f"share/open-{today:%Y}"
    return f"share/{ends_before - timedelta(days=1):%Y-%m}"


def share_month_is_over(name: str, today: date) -> bool:
    """Whether `name` is the share key of a month before that of `today`."""
    month = _SHARE_MONTH.fullmatch(name)
    return month is not None and month[1] < f"{today:%Y-%m}"


def archive_year(erase_before: date | None, today: date) -> str:
    """The name of the archive key of a record to be erased before `erase_before` (first day not kept).

    The year is that of the last day kept; None: no end is set yet, the key of this year.
    """
    if erase_before is None:
        return f"archive/open-{today:%Y}"
    return f"archive/{erase_before - timedelta(days=1):%Y}"


def journal_year(instant: datetime) -> str:
    """The name of the journal's key at `instant` (aware): that of its year in Asia/Shanghai."""
    return f"journal/{day_of(instant):%Y}"

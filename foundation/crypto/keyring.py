"""An office's keys: 32 random bytes each, wrapped in the office's schema.

An opened key serves for a minute; then the database is asked whether it still exists unchanged. The provider is
asked to open it again after five minutes, beside the work. While the provider is away the key serves on, for half
an hour after its last word at most; when the provider says that the key is gone, or refuses, it stops at once.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import ParamSpec, TypeVar, cast

import structlog

from foundation.calendar import day_of
from foundation.crypto.errors import KeyGone, KeyStoreUnusable, OpenFailed, SuiteTooOld
from foundation.crypto.kek import FORMAT, Kek, checked_name
from foundation.crypto.provider import KeyProvider, KeyProviderAway
from foundation.crypto.suite import DEFAULT, KEY_BYTES, Suites
from foundation.db import Database
from foundation.db.database import Row
from foundation.reasons import KEY_PROVIDER_AWAY, KEY_PROVIDER_REFUSES, SUITE_TOO_OLD
from foundation.refusal import Refused

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

KEPT_SECONDS = 60.0
"""How long an opened key serves before the database is asked again whether it still exists."""
ASKED_AGAIN_SECONDS = 300.0
"""How long after the provider's last word it is asked again whether it still opens the key."""
GRACE_SECONDS = 1800.0
"""How long after the provider's last word a key serves at most, while the provider is away."""
_AWAY_SECONDS = 1.0
"""How long a provider that was found away is not asked for further keys: callers need not wait for it in turn."""

_SELECT = "SELECT wrapped, coalesce(provider_key, name) AS provider_key, destroyed_at FROM keyring WHERE name = :name"
_SHARE_MONTH = re.compile(r"share/([0-9]{4}-[0-9]{2})(/[0-9]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class KeysInUse:
    """The keys of a family: the one by which an index is read, and those that write, the newest last."""

    reading: Kek
    writing: tuple[Kek, ...]


@dataclass(slots=True)
class _Opened:
    kek: Kek
    provider_key: str
    wrapped: bytes
    confirmed: float
    """When the provider was last asked for it with success; counted from before the question, as all times here."""
    until: float = 0.0
    """Till then it serves without asking anybody."""
    asking: asyncio.Task[None] | None = None


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
        suites: Suites = DEFAULT,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._provider = provider
        self._database = Database.open(database.dsn, schema=database.schema, pool=1)
        self._suites = suites
        self._clock = clock
        self._random = random
        self._opened: dict[str, _Opened] = {}
        self._in_use: dict[str, tuple[float, str, list[str]]] = {}
        # One for each name: who waits for the provider holds up nobody who wants another key.
        self._opening: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._together: tuple[Hashable, float, int, object] = (None, 0.0, 0, None)
        self._changes = 0
        self._away_until = clock()
        self._gone: set[str] = set()

    def __repr__(self) -> str:
        return "Keyring(<redacted>)"

    async def close(self) -> None:
        """Forget the opened keys and close the connection."""
        for opened in self._opened.values():
            if opened.asking is not None:
                opened.asking.cancel()
        self._opened.clear()
        self._changes += 1
        await self._database.close()

    def cached(self, name: str) -> Kek | None:
        """The key if it was found good in the last minute, else None; asks nobody."""
        opened = self._opened.get(name)
        return opened.kek if opened is not None and self._clock() < opened.until else None

    async def kek(self, name: str) -> Kek:
        """The key of that name; makes it if there never was one.

        Raises KeyGone where it was destroyed, OpenFailed where the provider's key does not open it, what
        `Database.transaction` raises, and Refused(KEY_PROVIDER_AWAY, KEY_PROVIDER_REFUSES or SUITE_TOO_OLD).
        """
        kek = self.cached(name)
        if kek is not None:
            return kek
        async with self._opening[checked_name(name)]:
            kek = self.cached(name)
            if kek is None:
                asked = self._clock()
                self._forget_old()
                opened = await self._found(name, asked)
                opened.until = min(asked + KEPT_SECONDS, opened.confirmed + GRACE_SECONDS)
                if self._opened.get(name) is not opened:
                    self._put(name, opened)
                kek = opened.kek
            return kek

    async def together(self, which: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """What `make` makes of several keys, kept until the first of all keys has to be asked for, or one changes."""
        known, until, changes, kept = self._together
        if which == known and changes == self._changes and self._clock() < until:
            return cast("T", kept)
        changes, made = self._changes, await make()
        now = self._clock()
        ends = [*[opened.until for opened in self._opened.values()], *[until for until, _, _ in self._in_use.values()]]
        self._together = which, min((end for end in ends if end > now), default=now), changes, made
        return made

    async def in_use(self, family: str) -> KeysInUse:
        """The keys that are in use for `family` (share/2027-03, index/subject), as of at most a minute ago.

        A key's rotation makes further generations of it: share/2027-03/2 and so on. See foundation/db/keys.sql.
        """
        known = self._in_use.get(family)
        if known is None or self._clock() >= known[0]:
            until = self._clock() + KEPT_SECONDS  # counted from before the question
            async with self._database.transaction() as tx:
                sql = "SELECT reading, writing FROM keys_in_use(:family)"
                row = await tx.one(sql, family=checked_name(family))
            known = self._in_use[family] = until, row.reading, row.writing
        _, reading, writing = known
        return KeysInUse(await self.kek(reading), tuple([await self.kek(name) for name in writing]))

    async def newest(self, family: str) -> Kek:
        """The key under which new data of `family` is sealed."""
        return (await self.in_use(family)).writing[-1]

    async def destroy(self, name: str) -> None:
        """Destroy a key for good. Other processes may use it for a minute longer. Safe to repeat."""
        async with self._database.transaction() as tx:
            await tx.run(
                "UPDATE keyring SET destroyed_at = house_now() WHERE name = :name AND destroyed_at IS NULL", name=name
            )
            row = await tx.one("SELECT provider_keys(:name) AS keys", name=name)
        self._put(name, None)
        # Only now: where this is cut short, the mark stands and `destroy_ended_months` finishes.
        for key in row.keys:
            await self.destroy_provider_key(key)

    async def destroy_provider_key(self, name: str) -> None:
        """Destroy a key of the provider that wraps nothing any more. Safe to repeat."""
        await self._ask(self._provider.destroy, name)

    async def rewrap(self, name: str, provider_key: str) -> bool:
        """Wrap a key anew under the provider's key of another name, which is made; says whether that was to be done.

        Compare and swap. A key that is destroyed is left so.
        """
        async with self._database.transaction() as tx:
            row = await tx.maybe(
                "SELECT wrapped, coalesce(provider_key, name) AS provider_key FROM keyring"
                " WHERE name = :name AND destroyed_at IS NULL",
                name=name,
            )
        if row is None or row.provider_key == provider_key:
            return False
        # Outside the transaction: the provider may take its time, and this is the only connection.
        key = await self._unwrapped(name, row)
        await self._ask(self._provider.create, provider_key)
        wrapped = await self._ask(self._provider.wrap, provider_key, key)
        async with self._database.transaction() as tx:
            await tx.run(
                "UPDATE keyring SET wrapped = :new, provider_key = :provider_key"
                " WHERE name = :name AND wrapped = :old AND destroyed_at IS NULL",
                new=wrapped,
                provider_key=provider_key,
                name=name,
                old=row.wrapped,
            )
        return True

    async def months_over(self, today: date) -> list[str]:
        """The names of share keys of months before that of `today` that are not destroyed yet."""
        async with self._database.transaction() as tx:
            rows = await tx.all("SELECT name FROM keyring WHERE destroyed_at IS NULL ORDER BY name")
        return [row.name for row in rows if share_month_is_over(row.name, today)]

    async def destroy_ended_months(self, today: date) -> list[str]:
        """Destroy the share keys of all months before that of `today`; give their names. Safe to repeat.

        Also finishes what a killed process left half done.
        """
        async with self._database.transaction() as tx:
            rows = await tx.all("SELECT name, destroyed_at, provider_keys(name) AS keys FROM keyring ORDER BY name")
        marked = {key for row in rows if row.destroyed_at is not None for key in row.keys} - self._gone
        kept: set[str] = set()
        if marked:  # else a provider at the other end of the network would be asked at each sweep
            kept = marked.intersection(await self._ask(self._provider.list))
            self._gone |= marked - kept
        ended = [
            row.name
            for row in rows
            if (kept & set(row.keys) if row.destroyed_at is not None else share_month_is_over(row.name, today))
        ]
        for name in ended:
            await self.destroy(name)
        return ended

    async def _found(self, name: str, asked: float) -> _Opened:
        """The opened key where the database holds it unchanged; else the provider opens it."""
        row = await self._row(name) or await self._made(name)
        if row.destroyed_at is not None:
            self._put(name, None)
            raise KeyGone(name)
        wrapped, opened = bytes(row.wrapped), self._opened.get(name)
        if opened is None or opened.wrapped != wrapped:
            key = await self._unwrapped(name, row)
            return _Opened(Kek(name, key, self._suites), row.provider_key, wrapped, asked)
        if asked >= opened.confirmed + ASKED_AGAIN_SECONDS and opened.asking is None:
            opened.asking = asyncio.create_task(self._ask_again(opened, asked))
        # A key in use need not wait for that; one that lay unused for longer is older news than promised.
        if opened.asking is not None and asked >= opened.until + KEPT_SECONDS:
            await asyncio.shield(opened.asking)
            if self._opened.get(name) is not opened:
                return await self._found(name, asked)
        return opened

    async def _unwrapped(self, name: str, row: Row) -> bytes:
        """Have the provider open a key. What OpenBao wrapped is of no suite; ours says in its header of which."""
        wrapped = bytes(row.wrapped)
        try:
            if len(wrapped) > 1 and wrapped[0] == FORMAT:
                self._suites.admit(wrapped[1], key=name)
        except SuiteTooOld as old:
            raise Refused(SUITE_TOO_OLD, detail=old.problem) from old
        return await self._ask(self._provider.unwrap, row.provider_key, wrapped)

    async def _ask_again(self, opened: _Opened, asked: float) -> None:
        """Have the provider open a key once more, beside the work; forget it unless the provider does or is away."""
        try:
            await asyncio.to_thread(self._provider.unwrap, opened.provider_key, opened.wrapped)
        except KeyProviderAway as away:
            serves = round(opened.confirmed + GRACE_SECONDS - self._clock())
            name, problem, remedy = opened.kek.name, away.problem, away.remedy
            log.warning("opened key serves on", key=name, for_s=serves, problem=problem, remedy=remedy)
        except (KeyGone, OpenFailed, KeyStoreUnusable) as error:
            log.error("opened key stops: the provider does not open it", key=opened.kek.name, why=str(error))
            if self._opened.get(opened.kek.name) is opened:
                self._put(opened.kek.name, None)
        else:
            opened.confirmed = asked
        finally:
            opened.asking = None

    async def _ask(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Ask the provider, in a thread. What keeps it from answering goes to the log, a reason to the caller."""
        if self._clock() < self._away_until:
            raise Refused(KEY_PROVIDER_AWAY)
        try:
            return await asyncio.to_thread(question, *args, **kwargs)
        except KeyStoreUnusable as unusable:
            away = isinstance(unusable, KeyProviderAway)
            if away:
                self._away_until = self._clock() + _AWAY_SECONDS
            log.error("key provider does not serve", problem=unusable.problem, remedy=unusable.remedy)
            raise Refused(KEY_PROVIDER_AWAY if away else KEY_PROVIDER_REFUSES) from unusable

    async def _row(self, name: str) -> Row | None:
        async with self._database.transaction() as tx:
            return await tx.maybe(_SELECT, name=name)

    async def _made(self, name: str) -> Row:
        wrapped = await self._ask(self._new, name)
        async with self._database.transaction() as tx:
            await tx.run(
                "INSERT INTO keyring (name, wrapped) VALUES (:name, :wrapped) ON CONFLICT DO NOTHING",
                name=name,
                wrapped=wrapped,
            )
            # Read back: another process may have been first, and only the stored key counts.
            return await tx.one(_SELECT, name=name)

    def _new(self, name: str) -> bytes:
        self._provider.create(name)
        return self._provider.wrap(name, self._random(KEY_BYTES))

    def _put(self, name: str, opened: _Opened | None) -> None:
        self._changes += 1
        if opened is None:
            self._opened.pop(name, None)
        else:
            self._opened[name] = opened

    def _forget_old(self) -> None:
        now = self._clock()
        self._opened = {name: opened for name, opened in self._opened.items() if now < opened.confirmed + GRACE_SECONDS}


@lru_cache(maxsize=4096)
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


@lru_cache(maxsize=4096)
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

"""When the keyring asks its provider, and what it does while the provider is away, refuses, or has no key any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from foundation.crypto import FileKeyProvider, KeyGone, Keyring, KeyStoreUnusable, OpenFailed, share_month
from foundation.crypto.keyring import ASKED_AGAIN_SECONDS, GRACE_SECONDS, KEPT_SECONDS
from foundation.crypto.provider import KeyProviderAway
from foundation.db import Database
from foundation.refusal import Kind, Refused
from tests.support.databases import SchemaDatabase
from tests.support.eventually import eventually

NAME = "share/2027-03"
AWAY = KeyProviderAway("It does not answer.", remedy="start it")
REFUSES = KeyStoreUnusable("The token is not known.", remedy="put a new one there")


class Distant(FileKeyProvider):
    """Keys in files that behave as if they were behind a network: counted, and failing on demand."""

    calls = 0
    trouble: Exception | None = None
    hanging: threading.Event | None = None

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        self._crossed()
        return super().unwrap(name, wrapped)

    def create(self, name: str) -> None:
        self._crossed()
        super().create(name)

    def list(self) -> list[str]:
        self._crossed()
        return super().list()

    def destroy(self, name: str) -> None:
        self._crossed()
        super().destroy(name)

    def _crossed(self) -> None:
        self.calls += 1
        if self.hanging is not None:
            self.hanging.wait(10)
        if self.trouble is not None:
            raise self.trouble


class Office:
    """A keyring whose clock stands, and its provider."""

    def __init__(self, database: Database, folder: Path) -> None:
        FileKeyProvider.initialise(folder)
        self.provider = Distant(folder)
        self.database = database
        self.now = 1000.0
        self.keyring = self.process()

    def process(self) -> Keyring:
        return Keyring(self.provider, self.database, clock=lambda: self.now)

    async def later(self, seconds: float) -> bytes:
        """The key after so many seconds, and after what that set going has ended."""
        self.now += seconds
        kek = await self.keyring.kek(NAME)
        await self.settled()
        return kek.key

    async def in_use_for(self, seconds: float) -> bytes:
        """The same where it is in use all the while."""
        key = b""
        while seconds > 0:
            key = await self.later(min(seconds, KEPT_SECONDS))
            seconds -= KEPT_SECONDS
        return key

    async def settled(self) -> None:
        await eventually(lambda: all(opened.asking is None for opened in self.keyring._opened.values()))


@pytest.fixture(scope="module")
def house(schema_db: Callable[..., SchemaDatabase]) -> SchemaDatabase:
    return schema_db("catalog")


@pytest_asyncio.fixture
async def office(house: SchemaDatabase, tmp_path: Path) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        database = house.open("catalog_change", pool=2)
        stack.push_async_callback(database.close)
        made = Office(database, tmp_path / "keys")
        stack.push_async_callback(made.keyring.close)
        yield made
    with psycopg.connect(house.admin_dsn) as connection:
        connection.execute("DELETE FROM catalog.keyring")


async def test_an_opened_key_asks_the_database_each_minute_and_the_provider_each_five(office: Office) -> None:
    key = await office.later(0)
    made = office.provider.calls
    for _ in range(4):
        assert await office.later(KEPT_SECONDS) == key
    assert office.provider.calls == made
    assert await office.later(KEPT_SECONDS) == key
    assert office.provider.calls == made + 1
    assert await office.later(ASKED_AGAIN_SECONDS - 1) == key
    assert office.provider.calls == made + 1


async def test_a_provider_that_is_away_stops_no_opened_key_until_its_grace_is_over(office: Office) -> None:
    key = await office.later(0)
    office.provider.trouble = AWAY
    served = 0.0
    while served + KEPT_SECONDS < GRACE_SECONDS:
        assert await office.later(KEPT_SECONDS) == key
        served += KEPT_SECONDS
    office.now += GRACE_SECONDS - served
    assert office.keyring.cached(NAME) is None
    with pytest.raises(Refused) as refused:
        await office.keyring.kek(NAME)
    assert refused.value.reason.code == "KEY_PROVIDER_AWAY"


async def test_a_key_that_was_just_found_good_does_not_outlive_the_grace(office: Office) -> None:
    await office.later(0)
    office.provider.trouble = AWAY
    await office.later(GRACE_SECONDS - 1)
    assert office.keyring.cached(NAME) is not None
    office.now += 1
    assert office.keyring.cached(NAME) is None


async def test_a_provider_that_comes_back_in_time_begins_the_grace_anew(office: Office) -> None:
    key = await office.later(0)
    office.provider.trouble = AWAY
    await office.later(GRACE_SECONDS - KEPT_SECONDS - 1)
    office.provider.trouble = None
    await office.later(KEPT_SECONDS)
    office.provider.trouble = AWAY
    assert await office.later(GRACE_SECONDS - KEPT_SECONDS) == key


@pytest.mark.parametrize(("said", "then"), [(REFUSES, Refused), (KeyGone(NAME), KeyGone), (OpenFailed(), OpenFailed)])
async def test_a_provider_that_refuses_or_has_no_key_any_more_stops_it_at_once(
    office: Office, said: Exception, then: type[Exception]
) -> None:
    await office.later(0)
    office.provider.trouble = said
    await office.in_use_for(ASKED_AGAIN_SECONDS)
    assert office.keyring.cached(NAME) is None
    with pytest.raises(then):
        await office.keyring.kek(NAME)


@pytest.mark.parametrize(("said", "then"), [(REFUSES, Refused), (KeyGone(NAME), KeyGone), (OpenFailed(), OpenFailed)])
async def test_a_key_unused_for_long_serves_nobody_before_the_provider_was_asked(
    office: Office, said: Exception, then: type[Exception]
) -> None:
    await office.later(0)
    office.provider.trouble = said
    office.now += ASKED_AGAIN_SECONDS + KEPT_SECONDS
    with pytest.raises(then):
        await office.keyring.kek(NAME)


async def test_a_key_destroyed_elsewhere_stops_within_a_minute_though_the_provider_is_away(office: Office) -> None:
    await office.later(0)
    other = office.process()
    await other.destroy(NAME)
    await other.close()
    office.provider.trouble = AWAY
    with pytest.raises(KeyGone):
        await office.later(KEPT_SECONDS)
    assert office.keyring.cached(NAME) is None


async def test_a_key_that_was_wrapped_anew_is_opened_anew(office: Office) -> None:
    key = await office.later(0)
    assert await office.keyring.rewrap(NAME, f"{NAME}/2")
    calls = office.provider.calls
    assert await office.later(KEPT_SECONDS) == key
    assert office.provider.calls == calls + 1


async def test_a_key_not_opened_yet_is_refused_so_that_the_caller_tries_again(office: Office) -> None:
    office.provider.trouble = AWAY
    with pytest.raises(Refused) as refused:
        await office.keyring.kek(NAME)
    assert (refused.value.reason.code, refused.value.reason.kind) == ("KEY_PROVIDER_AWAY", Kind.UNAVAILABLE)
    office.provider.trouble = REFUSES
    office.now += 1
    with pytest.raises(Refused) as refused:
        await office.keyring.kek(NAME)
    assert (refused.value.reason.code, refused.value.reason.kind) == ("KEY_PROVIDER_REFUSES", Kind.UNAVAILABLE)
    office.provider.trouble = None
    assert (await office.keyring.kek(NAME)).name == NAME


async def test_a_provider_found_away_is_not_asked_again_within_the_second(office: Office) -> None:
    office.provider.trouble = AWAY
    for name in (NAME, "share/2027-04", "archive/2031"):
        with pytest.raises(Refused, match="KEY_PROVIDER_AWAY"):
            await office.keyring.kek(name)
    assert office.provider.calls == 1


async def test_who_waits_for_a_silent_provider_holds_up_no_other_key(office: Office) -> None:
    await office.later(0)
    key = await office.in_use_for(ASKED_AGAIN_SECONDS - KEPT_SECONDS)
    office.provider.hanging = threading.Event()
    waiting = asyncio.create_task(office.keyring.kek("share/2027-04"))
    await eventually(lambda: office.provider.calls > 2)
    office.now += KEPT_SECONDS
    assert (await office.keyring.kek(NAME)).key == key
    assert not waiting.done()
    office.provider.hanging.set()
    assert (await waiting).name == "share/2027-04"
    await office.settled()


async def test_a_sweep_with_nothing_to_destroy_asks_no_provider(office: Office) -> None:
    await office.keyring.kek(NAME)
    await office.keyring.kek("share/2026-03")
    assert await office.keyring.destroy_ended_months(date(2026, 4, 1)) == ["share/2026-03"]
    assert await office.keyring.destroy_ended_months(date(2026, 4, 1)) == []
    calls = office.provider.calls
    for _ in range(5):
        assert await office.keyring.destroy_ended_months(date(2026, 4, 2)) == []
    assert office.provider.calls == calls


async def test_a_destruction_that_found_the_provider_away_is_finished_by_a_later_sweep(office: Office) -> None:
    await office.keyring.kek("share/2026-03")
    office.provider.trouble = AWAY
    with pytest.raises(Refused, match="KEY_PROVIDER_AWAY"):
        await office.keyring.destroy_ended_months(date(2026, 4, 1))
    with pytest.raises(KeyGone):
        await office.keyring.kek("share/2026-03")
    office.provider.trouble = None
    office.now += 1
    assert await office.keyring.destroy_ended_months(date(2026, 4, 1)) == ["share/2026-03"]
    assert office.provider.list() == []


async def test_the_open_key_of_a_year_that_is_over_can_be_destroyed_and_the_new_years_serves(office: Office) -> None:
    old, new = share_month(None, date(2025, 12, 31)), share_month(None, date(2026, 1, 1))
    assert (old, new) == ("share/open-2025", "share/open-2026")
    await office.keyring.kek(old)
    await office.keyring.kek(new)
    await office.keyring.destroy(old)
    assert office.provider.list() == [new]
    with pytest.raises(KeyGone):
        await office.keyring.kek(old)
    assert (await office.keyring.kek(new)).name == new


async def test_keys_kept_together_serve_no_longer_than_each_of_them(office: Office) -> None:
    made = 0

    async def together() -> tuple[bytes, bytes]:
        async def make() -> tuple[bytes, bytes]:
            nonlocal made
            made += 1
            return (await office.keyring.kek(NAME)).key, (await office.keyring.kek("index/subject/1")).key

        return await office.keyring.together("both", make)

    await together()
    keys = await together()
    assert await together() == keys
    kept = made
    office.now += KEPT_SECONDS
    assert await together() == keys
    assert made == kept + 1
    await office.keyring.destroy("index/subject/1")
    with pytest.raises(KeyGone):
        await together()


async def test_keys_kept_together_stop_at_once_when_the_provider_refuses_one(office: Office) -> None:
    async def make() -> bytes:
        return (await office.keyring.kek(NAME)).key

    for _ in range(3):
        await office.keyring.together("one", make)
    office.now += ASKED_AGAIN_SECONDS
    office.provider.trouble = REFUSES
    with pytest.raises(Refused):  # noqa: PT012  the provider is asked beside the work
        for _ in range(3):
            await office.keyring.together("one", make)
            await office.settled()

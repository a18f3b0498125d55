"""An office's keys: one of a name, whoever asks first; opened for a minute; never again once destroyed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from foundation.crypto import (
    FileKeyProvider,
    KeyGone,
    Keyring,
    OpenFailed,
    archive_year,
    journal_year,
    share_month,
    share_month_is_over,
)
from foundation.db import Database
from tests.support.databases import SchemaDatabase

ROLE = "catalog_change"


class Clock:
    """A monotonic clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Office:
    """One office's database and key folder, and as many keyrings on them as it has processes."""

    def __init__(self, database: Database, folder: Path, stack: AsyncExitStack) -> None:
        self.database = database
        self.provider = FileKeyProvider.initialise(folder)
        self.clock = Clock()
        self._stack = stack

    def process(self) -> Keyring:
        keyring = Keyring(self.provider, self.database, clock=self.clock)
        self._stack.push_async_callback(keyring.close)
        return keyring

    async def rows(self) -> dict[str, bool]:
        """The names in the table, and whether each is marked destroyed."""
        async with self.database.transaction() as tx:
            rows = await tx.all("SELECT name, destroyed_at FROM keyring ORDER BY name")
        return {row.name: row.destroyed_at is not None for row in rows}


@pytest.fixture(scope="module")
def house(schema_db: Callable[..., SchemaDatabase]) -> SchemaDatabase:
    return schema_db("catalog")


@pytest_asyncio.fixture
async def office(house: SchemaDatabase, tmp_path: Path) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        database = house.open(ROLE, pool=2)
        stack.push_async_callback(database.close)
        yield Office(database, tmp_path / "keys", stack)
    _emptied(house)


def _emptied(house: SchemaDatabase) -> None:
    with psycopg.connect(house.admin_dsn) as connection:
        connection.execute("DELETE FROM catalog.keyring")


async def test_a_key_is_made_when_first_asked_for_and_then_stays(office: Office) -> None:
    made = await office.process().kek("share/2027-03")
    assert (await office.process().kek("share/2027-03")).key == made.key
    assert office.provider.list() == ["share/2027-03"]


async def test_two_names_have_two_keys(office: Office) -> None:
    process = office.process()
    assert (await process.kek("share/2027-03")).key != (await process.kek("archive/2031")).key


async def test_the_database_holds_no_key_in_clear(office: Office) -> None:
    kek = await office.process().kek("share/2027-03")
    async with office.database.transaction() as tx:
        wrapped = (await tx.one("SELECT wrapped FROM keyring")).wrapped
    assert kek.key not in bytes(wrapped)
    assert office.provider.unwrap("share/2027-03", bytes(wrapped)) == kek.key


async def test_processes_that_ask_first_at_once_get_the_same_key(office: Office) -> None:
    names = [f"share/2027-{month:02d}" for month in range(1, 9)]
    processes = [office.process() for _ in range(4)]
    for name in names:
        asked = await asyncio.gather(*(process.kek(name) for process in processes for _ in range(3)))
        assert len({kek.key for kek in asked}) == 1
        async with office.database.transaction() as tx:
            row = await tx.one("SELECT wrapped FROM keyring WHERE name = :name", name=name)
        assert office.provider.unwrap(name, bytes(row.wrapped)) == asked[0].key


async def test_an_opened_key_serves_a_minute_without_asking(office: Office) -> None:
    process = office.process()
    assert process.cached("share/2027-03") is None
    kek = await process.kek("share/2027-03")
    office.clock.seconds += 59.9
    assert process.cached("share/2027-03") is kek
    assert await process.kek("share/2027-03") is kek
    office.clock.seconds += 0.1
    assert process.cached("share/2027-03") is None
    assert (await process.kek("share/2027-03")).key == kek.key


async def test_a_destroyed_key_is_gone_at_once_here_and_within_a_minute_elsewhere(office: Office) -> None:
    here, elsewhere = office.process(), office.process()
    await here.kek("share/2027-03")
    await elsewhere.kek("share/2027-03")
    await here.destroy("share/2027-03")
    with pytest.raises(KeyGone, match="share/2027-03"):
        await here.kek("share/2027-03")
    assert elsewhere.cached("share/2027-03") is not None
    office.clock.seconds += 60
    assert elsewhere.cached("share/2027-03") is None
    with pytest.raises(KeyGone):
        await elsewhere.kek("share/2027-03")


async def test_a_destroyed_key_is_never_made_again(office: Office) -> None:
    await office.process().kek("share/2027-03")
    await office.process().destroy("share/2027-03")
    office.provider.create("share/2027-03")
    with pytest.raises(KeyGone):
        await office.process().kek("share/2027-03")


async def test_a_key_whose_file_is_lost_is_gone_and_not_replaced(office: Office) -> None:
    await office.process().kek("archive/2031")
    office.provider.destroy("archive/2031")
    with pytest.raises(KeyGone, match="archive/2031"):
        await office.process().kek("archive/2031")
    assert office.provider.list() == []


async def test_a_key_folder_that_is_not_this_offices_opens_nothing(office: Office, tmp_path: Path) -> None:
    await office.process().kek("bucket")
    office.provider = FileKeyProvider.initialise(tmp_path / "other")
    office.provider.create("bucket")
    with pytest.raises(OpenFailed):
        await office.process().kek("bucket")


async def test_the_keys_of_ended_months_are_destroyed_and_no_others(office: Office) -> None:
    process = office.process()
    kept = ["archive/2025", "bucket", "share/2026-04", "share/2026-11", "share/open-2025"]
    for name in ("share/2025-12", "share/2026-03", *kept):
        await process.kek(name)
    assert await process.destroy_ended_months(date(2026, 4, 1)) == ["share/2025-12", "share/2026-03"]
    assert office.provider.list() == kept
    assert [name for name, destroyed in (await office.rows()).items() if not destroyed] == kept
    assert await process.destroy_ended_months(date(2026, 4, 1)) == []


async def test_a_destruction_cut_short_after_its_mark_is_finished(office: Office) -> None:
    process = office.process()
    await process.kek("share/2026-03")
    async with office.database.transaction() as tx:
        await tx.run("UPDATE keyring SET destroyed_at = house_now()")
    assert await process.destroy_ended_months(date(2026, 3, 31)) == ["share/2026-03"]
    assert office.provider.list() == []


async def test_a_key_opens_while_transactions_hold_every_other_connection(office: Office) -> None:
    process = office.process()
    async with office.database.transaction(), office.database.transaction():
        assert (await process.kek("journal/2026")).name == "journal/2026"


async def test_a_name_that_is_none_is_refused_before_anybody_is_asked(office: Office) -> None:
    with pytest.raises(ValueError, match="key's name"):
        await office.process().kek("../root")
    assert await office.rows() == {}


async def test_a_closed_keyring_has_forgotten_its_keys(office: Office) -> None:
    process = office.process()
    await process.kek("bucket")
    await process.close()
    assert process.cached("bucket") is None
    assert repr(process) == "Keyring(<redacted>)"


@pytest.mark.parametrize(
    ("ends_before", "name"),
    [
        (date(2027, 3, 15), "share/2027-03"),
        (date(2027, 3, 2), "share/2027-03"),
        (date(2027, 4, 1), "share/2027-03"),
        (date(2027, 1, 1), "share/2026-12"),
        (None, "share/open-2026"),
    ],
)
def test_a_records_share_key_is_that_of_its_last_shared_day(ends_before: date | None, name: str) -> None:
    assert share_month(ends_before, date(2026, 6, 1)) == name


def test_a_share_key_outlives_every_day_on_which_its_records_are_shared() -> None:
    for ends_before in (date(2027, 3, 2), date(2027, 4, 1)):
        name = share_month(ends_before, date(2026, 6, 1))
        assert not share_month_is_over(name, date(2027, 3, 31))
        assert share_month_is_over(name, date(2027, 4, 1))


@pytest.mark.parametrize("name", ["share/open-2020", "archive/2020", "journal/2020", "bucket", "share/２０２０-01"])
def test_only_share_months_end(name: str) -> None:
    assert not share_month_is_over(name, date(2030, 1, 1))


@pytest.mark.parametrize(
    ("erase_before", "name"),
    [(date(2032, 1, 1), "archive/2031"), (date(2031, 5, 2), "archive/2031"), (None, "archive/open-2026")],
)
def test_a_records_archive_key_is_that_of_the_last_day_it_is_kept(erase_before: date | None, name: str) -> None:
    assert archive_year(erase_before, date(2026, 6, 1)) == name


def test_the_journals_year_turns_at_midnight_in_shanghai() -> None:
    assert journal_year(datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)) == "journal/2026"
    assert journal_year(datetime(2026, 12, 31, 16, 0, 0, tzinfo=UTC)) == "journal/2027"

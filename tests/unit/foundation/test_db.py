"""Transactions: what the database says becomes a refusal, an outage, or an error of ours; and the house's one clock."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from foundation.calendar import day_of
from foundation.db import Database
from foundation.reasons import RULE_HELD_BY_DATABASE, UNAVAILABLE
from foundation.refusal import Refused
from tests.support.databases import SchemaDatabase

ROLES = ("repair_app", "audit_reader")


@pytest.fixture(scope="module")
def database(schema_db: Callable[..., SchemaDatabase]) -> SchemaDatabase:
    """The schema of an office in a sample house."""
    return schema_db("repair", sample=True)


@pytest.fixture
async def office(database: SchemaDatabase) -> AsyncIterator[Database]:
    """The office's pool: two connections."""
    pool = database.open("repair_app", pool=2)
    yield pool
    await pool.close()


@contextmanager
def administrator(database: SchemaDatabase) -> Iterator[psycopg.Connection]:
    """The operator, who may do what no office may."""
    with psycopg.connect(database.admin_dsn, options="-c search_path=repair") as connection:
        yield connection


def cut_all(database: SchemaDatabase) -> None:
    """Kill every connection of the office."""
    with administrator(database) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = 'repair_app'"
        )


async def refused(opened: Database, statement: str, **params: object) -> Refused:
    """What a statement is refused with."""
    with pytest.raises(Refused) as caught:
        async with opened.transaction() as tx:
            await tx.run(statement, **params)
    return caught.value


async def keys(opened: Database) -> set[str]:
    """Names in the keyring, a table that an office may write."""
    async with opened.transaction() as tx:
        return {row.name for row in await tx.all("SELECT name FROM keyring")}


INSERT = "INSERT INTO keyring (name, wrapped) VALUES (:name, '')"


@pytest.mark.parametrize(
    "column",
    [[], [b"x" * 16] * 3, [b"", b""], [b"", b"xy"], [b"xy", None, b"zw"], [None], [b"one"], [b"x" * 300] * 1000],
    ids=["none", "alike", "empty", "unlike", "with null", "null", "one", "long"],
)
async def test_a_column_of_bytes_arrives_as_it_was_given(office: Database, column: list[bytes | None]) -> None:
    async with office.transaction() as tx:
        arrived = await tx.one(
            "SELECT cast(:column AS bytea[]) AS column, array_lower(:column, 1) AS first", column=column
        )
    assert (arrived.column, arrived.first) == (column, 1 if column else None)


async def test_what_is_done_is_there_after_the_commit(office: Database) -> None:
    async with office.transaction() as tx:
        assert await tx.run(INSERT, name="committed") == 1
        assert "committed" not in await keys(office)
    assert "committed" in await keys(office)


async def test_an_error_of_any_kind_undoes_all(office: Database) -> None:
    async def fail(error: Exception) -> None:
        async with office.transaction() as tx:
            await tx.run(INSERT, name="undone")
            raise error

    for error in (Refused(UNAVAILABLE), KeyError("x")):
        with pytest.raises(type(error)):
            await fail(error)
    assert "undone" not in await keys(office)


async def test_who_waits_too_long_for_a_lock_is_told_to_come_again(office: Database) -> None:
    async with office.transaction() as tx:
        await tx.run("SELECT pg_advisory_xact_lock(1, 2)")
        assert (await refused(office, "SELECT pg_advisory_xact_lock(1, 2)")).reason is UNAVAILABLE


async def test_a_statement_that_takes_too_long_is_an_outage(office: Database) -> None:
    async def dawdle() -> None:
        async with office.transaction() as tx:
            await tx.run("SET LOCAL statement_timeout = '20ms'")
            await tx.run("SELECT pg_sleep(5)")

    with pytest.raises(Refused) as caught:
        await dawdle()
    assert caught.value.reason is UNAVAILABLE


@pytest.mark.parametrize("by", ["statement", "driver"])
async def test_a_connection_killed_in_a_transaction_is_an_outage_and_undoes_it(
    database: SchemaDatabase, office: Database, by: str
) -> None:
    async def be_cut() -> None:
        async with office.transaction() as tx:
            await tx.run(INSERT, name=f"cut by {by}")
            cut_all(database)
            if by == "statement":
                await tx.run("SELECT 1")
            else:
                await tx.connection.execute("SELECT 1")

    with pytest.raises(Refused) as caught:
        await be_cut()
    assert caught.value.reason is UNAVAILABLE
    assert f"cut by {by}" not in await keys(office)


async def test_a_commit_of_which_nobody_knows_is_an_outage(database: SchemaDatabase, office: Database) -> None:
    async def be_cut() -> None:
        async with office.transaction() as tx:
            await tx.run(INSERT, name="unknown")
            cut_all(database)

    with pytest.raises(Refused) as caught:
        await be_cut()
    assert caught.value.reason is UNAVAILABLE
    assert "unknown" not in await keys(office)


async def test_after_an_outage_no_call_finds_the_pool_broken(database: SchemaDatabase, office: Database) -> None:
    async with office.transaction(), office.transaction():
        pass
    cut_all(database)
    async with office.transaction() as one, office.transaction() as other:
        assert (await one.one("SELECT 1 AS n")).n == (await other.one("SELECT 1 AS n")).n


async def test_when_all_connections_are_in_use_a_call_is_told_to_come_again(office: Database) -> None:
    async with office.transaction(), office.transaction():
        assert (await refused(office, "SELECT 1")).reason is UNAVAILABLE


async def test_no_server_no_such_database_and_no_access_are_outages(database: SchemaDatabase) -> None:
    dsn = database.dsn("repair_app")
    parts = urlsplit(dsn)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{taken.getsockname()[1]}"
        for away in (
            urlunsplit(parts._replace(path="/no-such-database")),
            urlunsplit(parts._replace(netloc=nobody, query="")),
        ):
            opened = Database.open(away, schema="repair", pool=1)
            assert (await refused(opened, "SELECT 1")).reason is UNAVAILABLE
            await opened.close()


async def test_a_rule_of_the_house_is_told_as_such_with_its_own_words(office: Database) -> None:
    async with office.transaction() as tx:
        await tx.run(INSERT, name="destroyed")
        await tx.run("UPDATE keyring SET destroyed_at = house_now() WHERE name = 'destroyed'")
    held = await refused(office, "UPDATE keyring SET destroyed_at = NULL WHERE name = :name", name="destroyed")
    assert (held.reason, held.detail) == (RULE_HELD_BY_DATABASE, "a destroyed key stays destroyed")

    async def by_the_driver() -> None:
        async with office.transaction() as tx:
            await tx.connection.execute("UPDATE keyring SET destroyed_at = NULL")

    with pytest.raises(Refused) as caught:
        await by_the_driver()
    assert caught.value.reason is RULE_HELD_BY_DATABASE


@pytest.mark.parametrize(
    ("statement", "params"),
    [
        ("SELEC 1", {}),
        ("SELECT cast(:text AS integer)", {"text": "no number"}),
        ("SELECT cast(:text AS text)", {"text": "a\x00b"}),
        ("SELECT * FROM no_such_table", {}),
        ("UPDATE clock_floor SET floor = now()", {}),
    ],
    ids=["syntax", "a value out of range", "a value that cannot be sent", "an unknown table", "a right that lacks"],
)
async def test_a_mistake_of_ours_is_no_outage(office: Database, statement: str, params: dict[str, object]) -> None:
    """Who is told to come again would come again for ever."""
    with pytest.raises(Exception) as caught:
        async with office.transaction() as tx:
            await tx.run(statement, **params)
    assert not isinstance(caught.value, Refused)
    assert await keys(office) is not None


async def test_statements_give_rows_as_asked(office: Database) -> None:
    async with office.transaction() as tx:
        two = "SELECT n FROM generate_series(1, 2) AS n"
        assert [row.n for row in await tx.all(two)] == [1, 2]
        assert await tx.maybe(f"{two} WHERE n = 3") is None
        assert len(await tx.all("SELECT FROM generate_series(1, 2)")) == 2
        assert (await tx.one(f"{two} WHERE n = 2")).n == 2
        with pytest.raises(LookupError):
            await tx.maybe(two)
        assert (await tx.one("SELECT cast(:value AS jsonb) ->> 'a' AS a", value={"a": "甲"})).a == "甲"


async def now(opened: Database) -> datetime:
    """The house's time as a transaction has it."""
    async with opened.transaction() as tx:
        return tx.now


async def test_the_houses_time_is_the_databases(office: Database) -> None:
    before = datetime.now(UTC)
    first, second = await now(office), await now(office)
    assert before - timedelta(seconds=1) < first < second < datetime.now(UTC) + timedelta(seconds=1)
    assert first.utcoffset() == timedelta(0)


async def test_a_clock_set_back_stops_the_houses_time_and_never_turns_it_back(
    database: SchemaDatabase, office: Database
) -> None:
    """A clock that is an hour behind the floor is what is left when it was set back by an hour."""
    floor = datetime.now(UTC) + timedelta(hours=1)
    with administrator(database) as admin:
        admin.execute("UPDATE clock_floor SET floor = %s", (floor,))
    try:
        assert [await now(office) for _ in range(3)] == [floor] * 3
        async with office.transaction() as tx:
            await tx.run("SELECT raise_floor()")
        assert await now(office) == floor
    finally:
        with administrator(database) as admin:
            admin.execute("UPDATE clock_floor SET floor = clock_timestamp()")


@pytest.mark.parametrize("role", ROLES)
def test_an_office_raises_the_floor_to_the_present_and_no_further(database: SchemaDatabase, role: str) -> None:
    with administrator(database) as admin:
        admin.execute("UPDATE clock_floor SET floor = clock_timestamp() - interval '1 hour'")
    with psycopg.connect(database.dsn(role), options="-c search_path=repair") as office:
        office.execute("SELECT raise_floor()")
    with administrator(database) as admin:
        row = admin.execute(
            "SELECT floor <= clock_timestamp() AND floor > clock_timestamp() - interval '1 minute' FROM clock_floor"
        ).fetchone()
    assert row == (True,)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE clock_floor SET floor = now() + interval '1 day'",
        "DELETE FROM clock_floor",
        "UPDATE clock_offset SET ahead = ahead + interval '1 day'",
        "UPDATE house SET sample = true",
        "INSERT INTO enrolment VALUES ('', '', '', '', '{steward}', now())",
        "CREATE FUNCTION house_now(integer) RETURNS timestamptz LANGUAGE sql RETURN now()",
        "ALTER FUNCTION house_now() RENAME TO no_longer",
        "SET ROLE repair_owner",
    ],
)
def test_an_office_can_move_neither_clock_nor_house(database: SchemaDatabase, role: str, statement: str) -> None:
    with (
        psycopg.connect(database.dsn(role), options="-c search_path=repair") as office,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        office.execute(statement)  # type: ignore[arg-type]


async def test_a_sample_houses_owner_lets_weeks_pass(database: SchemaDatabase, office: Database) -> None:
    before = await now(office)
    with administrator(database) as admin:
        admin.execute("UPDATE clock_offset SET ahead = ahead + interval '21 days'")
    after = await now(office)
    assert timedelta(days=21) <= after - before < timedelta(days=21, minutes=5)
    async with office.transaction() as tx:
        assert (await tx.one("SELECT house_today() AS today")).today == day_of(tx.now)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE clock_offset SET ahead = ahead - interval '1 second'",
        "DELETE FROM clock_offset",
        "UPDATE house SET sample = NOT sample",
        "UPDATE house SET epoch = gen_random_uuid()",
        "DELETE FROM house",
    ],
)
def test_not_even_the_operator_turns_time_back_or_makes_it_another_house(
    database: SchemaDatabase, statement: str
) -> None:
    with administrator(database) as admin, pytest.raises(psycopg.Error) as caught:
        admin.execute(statement)  # type: ignore[arg-type]
    assert caught.value.sqlstate == "CX001"
    with administrator(database) as admin:
        assert admin.execute("SELECT count(*) FROM house, clock_offset, clock_floor").fetchone() == (1,)


def test_a_real_houses_clock_cannot_be_moved(schema_db: Callable[..., SchemaDatabase]) -> None:
    with administrator(schema_db("repair")) as admin, pytest.raises(psycopg.Error) as caught:
        admin.execute("UPDATE clock_offset SET ahead = interval '1 second'")
    assert caught.value.sqlstate == "CX001"

"""One office's connection to its schema, and its transactions."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeAlias

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import CursorResult, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from foundation.reasons import RULE_HELD_BY_DATABASE, UNAVAILABLE
from foundation.refusal import Refused

Row: TypeAlias = Any
"""A result row: its columns are attributes."""

HOUSE_RULE = "CX001"
"""SQLSTATE with which triggers and functions of the house refuse."""

_OPTIONS = {
    "lock_timeout": "1500ms",
    "statement_timeout": "5s",
    "transaction_timeout": "8s",
    "idle_in_transaction_session_timeout": "8s",
    "timezone": "UTC",
}

_BEGINNING = text("SELECT house_now(), door_no_now()")
_EXPLAIN = text("SELECT explain_lost_doors(:after, :cause, :same)")


class Transaction:
    """An open transaction. `now` is the house's time at its start (aware, UTC)."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self.connection = connection
        self.now = now

    async def run(self, sql: str, /, **params: object) -> int:
        """Run a statement with named parameters; return how many rows it touched."""
        return (await self.connection.execute(text(sql), _adapted(params))).rowcount

    async def all(self, sql: str, /, **params: object) -> Sequence[Row]:
        """Return all rows."""
        return (await self.connection.execute(text(sql), _adapted(params))).all()

    async def one(self, sql: str, /, **params: object) -> Row:
        """Return the only row."""
        return (await self.connection.execute(text(sql), _adapted(params))).one()

    async def maybe(self, sql: str, /, **params: object) -> Row | None:
        """Return the only row, or None."""
        return (await self.connection.execute(text(sql), _adapted(params))).one_or_none()

    async def insert(self, table: str, tail: str = "", /, **values: object) -> CursorResult[Any]:
        """Insert a row, each value under its column's name; `tail` follows: ON CONFLICT, RETURNING."""
        columns, places = ", ".join(values), ", ".join(f":{name}" for name in values)
        sql = f"INSERT INTO {table} ({columns}) VALUES ({places}) {tail}"
        return await self.connection.execute(text(sql), _adapted(values))

    async def driver(self) -> psycopg.AsyncConnection[Any]:
        """The driver's connection, for COPY and array-heavy calls inside this transaction."""
        raw = await self.connection.get_raw_connection()
        driver = raw.driver_connection
        assert isinstance(driver, psycopg.AsyncConnection)
        return driver


class Database:
    """A pool of connections of one login role to one schema."""

    def __init__(self, engine: AsyncEngine, schema: str, dsn: str) -> None:
        self._engine = engine
        self.schema = schema
        self.dsn = dsn
        self._saying: set[asyncio.Task[None]] = set()

    @classmethod
    def open(cls, dsn: str, *, schema: str, pool: int = 8) -> Database:
        """Prepare the pool; nothing connects before the first transaction."""
        options = " ".join(f"-c {k}={v}" for k, v in {"search_path": schema, **_OPTIONS}.items())
        engine = create_async_engine(
            make_url(dsn).set(drivername="postgresql+psycopg"),
            pool_size=pool,
            max_overflow=0,
            pool_timeout=3,
            pool_pre_ping=False,
            isolation_level="READ COMMITTED",
            connect_args={"options": options, "connect_timeout": 3, "prepare_threshold": 2},
        )
        return cls(engine, schema, dsn)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction]:
        """Open a READ COMMITTED transaction; commit at the end, roll back on any error.

        Raises Refused(UNAVAILABLE) when the database can't be reached, a lock or statement took too long, or
        the outcome of the commit is unknown; Refused(RULE_HELD_BY_DATABASE) when a rule of the house's own
        triggers forbids the change.
        """
        try:
            async with self._engine.connect() as connection:
                drawn = -1
                try:
                    async with connection.begin():
                        now, drawn = (await connection.execute(_BEGINNING)).one()
                        yield Transaction(connection, now)
                except BaseException as error:
                    if drawn >= 0:
                        await self._explain(connection, drawn, _cause(error))
                    raise
        except DBAPIError as error:
            raise refused_by(error.orig) from error
        except psycopg.Error as error:
            raise refused_by(error) from error
        except PoolTimeout as error:
            raise Refused(UNAVAILABLE) from error

    async def _explain(self, connection: AsyncConnection, drawn: int, cause: str) -> None:
        """Say which door numbers the failed transaction may have lost: those drawn since `drawn`.

        What can't be said, because the database is away, stays an unexplained gap that the audit office reports.
        """
        values = {"after": drawn, "cause": cause, "same": not connection.invalidated}

        async def say(on: AsyncConnection) -> None:
            await on.execute(_EXPLAIN, values)
            await on.commit()

        async def say_on_another() -> None:
            with contextlib.suppress(SQLAlchemyError, psycopg.Error):
                async with self._engine.connect() as other:
                    await say(other)

        if connection.invalidated:  # The session is gone, and its caller need not wait for another.
            saying = asyncio.create_task(say_on_another())
            self._saying.add(saying)
            saying.add_done_callback(self._saying.discard)
        else:
            with contextlib.suppress(SQLAlchemyError, psycopg.Error):
                await asyncio.shield(say(connection))

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(*self._saying)
        await self._engine.dispose()


def _cause(error: BaseException) -> str:
    """Why a transaction failed, without any value: a reason, an SQLSTATE, or an error's type."""
    if isinstance(error, Refused):
        return error.reason.code
    driver = error.orig if isinstance(error, DBAPIError) else error
    state: str | None = getattr(driver, "sqlstate", None)
    return f"SQLSTATE {state}" if state else type(error).__name__


def refused_by(error: BaseException | None) -> Exception:
    """What a driver's error means: Refused where the database refused or is away, else the error itself."""
    state: str | None = getattr(error, "sqlstate", None)
    if state == HOUSE_RULE:
        message = getattr(getattr(error, "diag", None), "message_primary", "") or ""
        return Refused(RULE_HELD_BY_DATABASE, detail=message)
    away = state is not None and (state[:2] in {"08", "53", "57"} or state in {"40001", "40P01", "55P03", "25P04"})
    if away or isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
        return Refused(UNAVAILABLE)
    return error if isinstance(error, Exception) else SQLAlchemyError(str(error))


def _adapted(params: Mapping[str, object]) -> dict[str, object]:
    return {name: Jsonb(value) if isinstance(value, dict) else value for name, value in params.items()}

"""One office's connection to its schema, and its transactions."""

from __future__ import annotations

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
            async with self._engine.begin() as connection:
                now = (await connection.execute(text("SELECT house_now()"))).scalar_one()
                yield Transaction(connection, now)
        except DBAPIError as error:
            raise refused_by(error.orig) from error
        except psycopg.Error as error:
            raise refused_by(error) from error
        except PoolTimeout as error:
            raise Refused(UNAVAILABLE) from error

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()


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

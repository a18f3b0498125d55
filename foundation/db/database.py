"""One office's connection to its schema, and its transactions."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import ExecStatus
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb

from foundation.db.pool import Connection, Pool
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

DOOR_NO_KNOWN_S = 1.0
"""How long the last known door number serves, from which on a call that fails says that it may have lost some."""
_DOOR_NO = "SELECT door_no_now()"
_BEGINNING = "BEGIN; SELECT house_now(), door_no_now()"
_EXPLAIN = "SELECT explain_lost_doors(%s, %s, %s)"
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]\w*)")


@dataclass(frozen=True, slots=True)
class Result:
    """What a statement gave: its rows, and how many it touched."""

    rows: Sequence[Row]
    rowcount: int

    def all(self) -> Sequence[Row]:
        """All rows."""
        return self.rows

    def one(self) -> Row:
        """The only row. Raises LookupError where there is none, or more."""
        if len(self.rows) != 1:
            raise LookupError(f"{len(self.rows)} rows where one was to be")
        return self.rows[0]

    def one_or_none(self) -> Row | None:
        """The only row, or None. Raises LookupError where there are more."""
        return self.one() if self.rows else None

    def scalars(self) -> list[Any]:
        """The first column."""
        return [row[0] for row in self.rows]

    def scalar_one(self) -> Any:
        """The first column of the only row. Raises as `one`."""
        return self.one()[0]


class Transaction:
    """An open transaction. `now` is the house's time at its start (aware, UTC).

    `connection` is the driver's, for COPY and array-heavy calls.
    """

    def __init__(self, connection: AsyncConnection[Any], now: datetime) -> None:
        self.connection = connection
        self.now = now

    async def run(self, sql: str, /, **params: object) -> int:
        """Run a statement with named parameters; return how many rows it touched."""
        return (await self._executed(sql, params)).rowcount

    async def all(self, sql: str, /, **params: object) -> Sequence[Row]:
        """Return all rows."""
        return (await self._executed(sql, params)).rows

    async def one(self, sql: str, /, **params: object) -> Row:
        """Return the only row."""
        return (await self._executed(sql, params)).one()

    async def maybe(self, sql: str, /, **params: object) -> Row | None:
        """Return the only row, or None."""
        return (await self._executed(sql, params)).one_or_none()

    async def insert(self, table: str, tail: str = "", /, **values: object) -> Result:
        """Insert a row, each value under its column's name; `tail` follows: ON CONFLICT, RETURNING."""
        columns, places = ", ".join(values), ", ".join(f":{name}" for name in values)
        return await self._executed(f"INSERT INTO {table} ({columns}) VALUES ({places}) {tail}", values)

    async def call(self, function: str, /, **arguments: object) -> Result:
        """Call a function of the schema, a door for instance; its arguments have names that begin with p_ there."""
        return await self._executed(_calling(function, arguments), arguments)

    async def _executed(self, sql: str, params: Mapping[str, object]) -> Result:
        async with self.connection.cursor(row_factory=namedtuple_row) as cursor:
            await cursor.execute(_statement(sql), _adapted(params))
            gave = cursor.pgresult is not None and cursor.pgresult.status == ExecStatus.TUPLES_OK
            return Result(await cursor.fetchall() if gave else (), cursor.rowcount)


class Database:
    """A pool of connections of one login role to one schema."""

    def __init__(self, pool: Pool, schema: str, dsn: str) -> None:
        self._pool = pool
        self.schema = schema
        self.dsn = dsn
        self._saying: set[asyncio.Task[None]] = set()

    @classmethod
    def open(cls, dsn: str, *, schema: str, pool: int = 8) -> Database:
        """Prepare the pool; nothing connects before the first transaction."""
        options = " ".join(f"-c {k}={v}" for k, v in {"search_path": schema, **_OPTIONS}.items())
        return cls(Pool(dsn, options=options, size=pool), schema, dsn)

    @asynccontextmanager
    async def _lent(self) -> AsyncGenerator[Connection]:
        try:
            async with self._pool.connection() as connection:
                yield connection
        except psycopg.Error as error:
            raise refused_by(error) from error

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction]:
        """Open a READ COMMITTED transaction; commit at the end, roll back on any error.

        Raises Refused(UNAVAILABLE) when the database can't be reached, a lock or statement took too long, or
        the outcome of the commit is unknown; Refused(RULE_HELD_BY_DATABASE) when a rule of the house's own
        triggers forbids the change.
        """
        async with self._lent() as connection:
            drawn = -1
            try:
                begun = await connection.execute(_BEGINNING)
                begun.nextset()
                ((now, drawn),) = await begun.fetchall()
                yield Transaction(connection, now)
                await connection.commit()
            except BaseException as error:
                with contextlib.suppress(psycopg.Error):
                    await connection.rollback()
                if drawn >= 0:
                    await self._explain(connection, drawn, _cause(error))
                raise

    async def alone(self, function: str, /, **arguments: object) -> Row:
        """Call a function as a transaction of its own, in one round trip; gives its only row.

        In `door_no` the row has the last door number that the function drew. Values come in the driver's binary form.
        Raises as `transaction`.
        """
        async with self._lent() as connection:
            if time.monotonic() - connection.door_no_at > DOOR_NO_KNOWN_S:
                ((connection.door_no,),) = await (await connection.execute(_DOOR_NO)).fetchall()
                connection.door_no_at = time.monotonic()
            try:
                await connection.kept_cursor.execute(_statement(_calling(function, arguments)), arguments)
                (row,) = await connection.kept_cursor.fetchall()
            except BaseException as error:
                await self._explain(connection, connection.door_no, _cause(error))
                raise
            connection.door_no = max(connection.door_no, row.door_no)
            return row

    async def statement(self, sql: str, /, **params: object) -> list[tuple[Any, ...]]:
        """Carry out a statement as a transaction of its own that draws no door number, in one round trip; gives its rows.

        Values come in the driver's binary form. Raises as `transaction` does.
        """
        async with self._lent() as connection, connection.cursor(binary=True) as cursor:
            await cursor.execute(_statement(sql), _adapted(params))
            return await cursor.fetchall()

    async def _explain(self, connection: AsyncConnection[Any], drawn: int, cause: str) -> None:
        """Say which door numbers the failed transaction may have lost: those drawn since `drawn`.

        What can't be said, because the database is away, stays an unexplained gap that the audit office reports.
        """
        values = (drawn, cause, not connection.closed)

        async def say_on_another() -> None:
            with contextlib.suppress(psycopg.Error):
                async with self._pool.connection() as other:
                    await other.execute(_EXPLAIN, values)

        if connection.closed:  # The session is gone, and its caller need not wait for another.
            saying = asyncio.create_task(say_on_another())
            self._saying.add(saying)
            saying.add_done_callback(self._saying.discard)
        else:
            with contextlib.suppress(psycopg.Error):
                await asyncio.shield(connection.execute(_EXPLAIN, values))

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(*self._saying)
        await self._pool.close()


def _calling(function: str, arguments: Mapping[str, object]) -> str:
    given = ", ".join(f"p_{name} => :{name}" for name in arguments)
    return f"SELECT * FROM {function}({given})"


@cache
def _statement(sql: str) -> bytes:
    """The statement with its parameters, `:name`, as the driver writes them."""
    return _PARAMETER.sub(r"%(\1)s", sql.replace("%", "%%")).encode()


def _cause(error: BaseException) -> str:
    """Why a transaction failed, without any value: a reason, an SQLSTATE, or an error's type."""
    if isinstance(error, Refused):
        return error.reason.code
    state: str | None = getattr(error, "sqlstate", None)
    return f"SQLSTATE {state}" if state else type(error).__name__


def refused_by(error: psycopg.Error) -> Exception:
    """What a driver's error means: Refused where the database refused or is away, else the error itself."""
    state = error.sqlstate
    if state == HOUSE_RULE:
        message = error.diag.message_primary or ""
        return Refused(RULE_HELD_BY_DATABASE, detail=message)
    away = state is not None and (state[:2] in {"08", "53", "57"} or state in {"40001", "40P01", "55P03", "25P04"})
    if away or isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
        return Refused(UNAVAILABLE)
    return error


def _adapted(params: Mapping[str, object]) -> dict[str, object]:
    return {name: Jsonb(value) if isinstance(value, dict) else value for name, value in params.items()}

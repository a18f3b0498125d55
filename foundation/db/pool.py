"""A few connections of one login role, made when they are needed.

The driver's own pool hands out connections that were cut while they rested, or pauses for a second after each that it
finds; and while the database is away it lets callers wait who would rather be told.
"""

from __future__ import annotations

import asyncio
import select
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any

from psycopg import AsyncConnection, AsyncCursor, OperationalError
from psycopg.pq import TransactionStatus
from psycopg.rows import namedtuple_row
from psycopg.types.array import ListBinaryDumper
from psycopg.types.string import BytesBinaryDumper

WAIT_S, CONNECT_S = 3.0, 3
"""How long one waits for a connection that others use, and for a new one."""


class Connection(AsyncConnection[Any]):
    """A connection, and the last door number that is known there, as of a monotonic instant."""

    door_no, door_no_at = 0, float("-inf")

    @cached_property
    def kept_cursor(self) -> AsyncCursor[Any]:
        """A cursor that knows from one time to the next how to dump and load what a statement takes and gives."""
        return self.cursor(row_factory=namedtuple_row, binary=True)


class _ColumnDumper(ListBinaryDumper):
    """Dumps lists in binary, and tags, salts and the like, all of one length, without a step for each of them.

    Doors take whole columns: as text, the driver's usual way, arrays of bytes cost several times as much.
    """

    def dump(self, obj: list[Any]) -> Any:
        """The array as PostgreSQL's array_recv reads it."""
        if set(map(type, obj)) != {bytes} or len(lengths := set(map(len, obj))) > 1:
            return super().dump(obj)
        each = lengths.pop().to_bytes(4, "big")
        return struct.pack("!5I", 1, 0, BytesBinaryDumper.oid, len(obj), 1) + each + each.join(obj)


class Pool:
    """At most `size` connections to `dsn` in autocommit, each opened with `options` (as PGOPTIONS)."""

    def __init__(self, dsn: str, *, options: str, size: int) -> None:
        self._dsn = dsn
        self._options = options
        self._free = asyncio.Semaphore(size)
        self._resting: list[Connection] = []
        self._closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        """Lend a connection. Raises OperationalError when none can be had."""
        try:
            async with asyncio.timeout(WAIT_S):
                await self._free.acquire()
        except TimeoutError:
            raise OperationalError("all connections are in use") from None
        try:
            connection = await self._rested() or await self._connected()
            try:
                yield connection
            finally:
                if self._closed or connection.info.transaction_status is not TransactionStatus.IDLE:
                    await connection.close()
                else:
                    self._resting.append(connection)
        finally:
            self._free.release()

    async def close(self) -> None:
        """Close what rests now, and what is lent when it comes back."""
        self._closed = True
        while self._resting:
            await self._resting.pop().close()

    async def _rested(self) -> Connection | None:
        while self._resting:
            connection = self._resting.pop()
            if not _spoken_to(connection):
                return connection
            await connection.close()
        return None

    async def _connected(self) -> Connection:
        connection = await Connection.connect(
            self._dsn, autocommit=True, options=self._options, connect_timeout=CONNECT_S, prepare_threshold=2
        )
        connection.adapters.register_dumper(list, _ColumnDumper)
        return connection


def _spoken_to(connection: AsyncConnection[Any]) -> bool:
    """Whether the server has sent something to a connection that rests: its end, then."""
    resting = select.poll()
    resting.register(connection.fileno(), select.POLLIN)
    return bool(resting.poll(0))

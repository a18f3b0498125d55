"""Cuts what a caller hands over into messages, without ever holding more than one of them."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import TypeVar

MOST_IN_MESSAGE = 1000
"""Parties or records in one message. Source: contract."""
MESSAGE_BYTES = 512 * 1024
"""Size at which a message is closed; the house takes 1 MiB."""

T = TypeVar("T")


async def batches(sized: AsyncIterable[tuple[T, int]], most: int = MOST_IN_MESSAGE) -> AsyncIterator[list[T]]:
    """Gather members, each with its size in bytes, until `most` of them or their size fill a message.

    `most` is 1 to 1,000; ValueError otherwise.
    """
    if not 1 <= most <= MOST_IN_MESSAGE:
        raise ValueError(f"a message holds 1 to {MOST_IN_MESSAGE}")
    gathered: list[T] = []
    filled = 0
    async for member, size in sized:
        if gathered and (len(gathered) >= most or filled + size > MESSAGE_BYTES):
            yield gathered
            gathered, filled = [], 0
        gathered.append(member)
        filled += size
    if gathered:
        yield gathered


async def each(members: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    """Yield the members of either kind of iterable."""
    if isinstance(members, AsyncIterable):
        async for member in members:
            yield member
    else:
        for member in members:
            yield member

"""Waits for something asynchronous without sleeping longer than needed."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(ask: Callable[[], T | Awaitable[T]], *, within: float = 5.0) -> T:
    """Return the first true value that `ask` gives within `within` seconds; fail otherwise."""
    deadline = time.monotonic() + within
    while True:
        value = ask()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value  # type: ignore[return-value]
        assert time.monotonic() < deadline, f"not within {within} s"
        await asyncio.sleep(0.02)

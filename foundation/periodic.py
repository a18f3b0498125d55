"""Work that an office does again and again beside its calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from foundation.refusal import Refused

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def every(seconds: float, step: Callable[[], Awaitable[object]], what: str) -> None:
    """Take the step until cancelled, with so many seconds in between.

    A step that fails is logged and taken again: those who ask the office must not pay for it.
    """
    while True:
        try:
            await step()
        except Refused as refused:
            log.warning(f"{what} failed", reason=refused.reason.code)
        except Exception as error:
            log.exception(f"{what} failed", error=type(error).__name__)
        await asyncio.sleep(seconds)

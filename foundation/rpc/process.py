"""What every office's process does alike: read its settings, and serve by them until told to stop."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import TypeVar

import structlog
import uvloop

from foundation.crypto import KeyStoreUnusable
from foundation.rpc.server import OfficeServer
from foundation.settings import OfficeSettings
from foundation.telemetry import configure_logs

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

S = TypeVar("S", bound=OfficeSettings)


def run_office(schema: str, settings: type[S], build: Callable[[S], OfficeServer]) -> None:
    """Read the settings from the environment, build the office in its event loop, and serve."""
    chosen = settings()  # pyright: ignore[reportCallIssue]  # values come from the environment
    configure_logs(schema, chosen.log_level)

    async def serve() -> None:
        office = build(chosen)
        # What was made by now stays for ever; to look through it again and again took a tenth of a check.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        await office.run()

    try:
        uvloop.run(serve())
    except KeyStoreUnusable as unusable:
        log.error("not started: no keys", problem=unusable.problem, remedy=unusable.remedy)
        sys.exit(1)

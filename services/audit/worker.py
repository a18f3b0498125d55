"""What runs without a caller: the sequencer; beside it its witness, and the look for missing door numbers."""

from __future__ import annotations

import asyncio

import structlog

from foundation.refusal import Refused
from services.audit.office.sequencing import Sequencer
from services.audit.office.witnessing import Witnessing

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

POLL_S = 0.2
"""Longest pause between two looks at the journals; with it a checkpoint is out well within a second."""
WITNESS_S = 1.0
"""Seconds between two looks whether there is a new head to bring to the witness."""
ALARM_S = 60.0
"""Seconds between two looks for door numbers that are missing and unexplained."""


async def sequence(sequencer: Sequencer, witnessing: Witnessing | None = None) -> None:
    """Sequence until cancelled; give up the lease at the end. A database that is away is waited for.

    While the witness knows more than the log, nothing is appended: a restored log that went on would be a fork.
    """
    away, unsure = False, True
    try:
        while True:
            more = False
            try:
                if witnessing is not None and (unsure or witnessing.ahead):
                    await witnessing.look()
                unsure = False
                if witnessing is None or not witnessing.ahead:
                    more = await sequencer.round()
                away = False
            except Refused as refused:
                if not away:
                    log.warning("sequencer waits", reason=refused.reason.code)
                away = unsure = True  # What comes back may be an older database.
            if not more:
                await asyncio.sleep(POLL_S)
    finally:
        await asyncio.shield(_stop(sequencer))


async def _stop(sequencer: Sequencer) -> None:
    try:
        await sequencer.stop()
    except Refused:  # The lease ends by itself.
        log.warning("lease not given up")

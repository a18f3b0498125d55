"""What runs without a caller: the sequencer, its witness, the look for missing door numbers."""

from __future__ import annotations

import asyncio

import structlog

from chengxin.proofs import ProofError
from foundation.refusal import Refused
from services.audit.office.doors import Doors
from services.audit.office.sequencing import Sequencer
from services.audit.office.witnessing import Witnessing

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

POLL_S = 0.2
"""Longest pause between two looks at the journals; with it a checkpoint is out well within a second."""
WITNESS_S = 1.0
ALARM_S = 60.0


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


async def witness(witnessing: Witnessing) -> None:
    """Bring each new head to the witness, at most every second, until cancelled."""
    while True:
        try:
            await witnessing.round()
        except (Refused, ProofError) as error:
            log.warning("head not brought to the witness", error=type(error).__name__)
        await asyncio.sleep(WITNESS_S)


async def watch_doors(doors: Doors) -> None:
    """Log new unexplained gaps each minute, until cancelled."""
    while True:
        await asyncio.sleep(ALARM_S)
        try:
            await doors.alarm()
        except Refused as refused:
            log.warning("door numbers not looked at", reason=refused.reason.code)


async def _stop(sequencer: Sequencer) -> None:
    try:
        await sequencer.stop()
    except Refused:  # The lease ends by itself.
        log.warning("lease not given up")

"""The sequencer's loop: what runs without a caller."""

from __future__ import annotations

import asyncio

import structlog

from foundation.refusal import Refused
from services.audit.office.sequencing import Sequencer

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

POLL_S = 0.2
"""Longest pause between two looks at the journals; with it a checkpoint is out well within a second."""


async def sequence(sequencer: Sequencer) -> None:
    """Sequence until cancelled; give up the lease at the end. A database that is away is waited for."""
    away = False
    try:
        while True:
            more = False
            try:
                more = await sequencer.round()
                away = False
            except Refused as refused:
                if not away:
                    log.warning("sequencer waits", reason=refused.reason.code)
                away = True
            if not more:
                await asyncio.sleep(POLL_S)
    finally:
        await asyncio.shield(_stop(sequencer))


async def _stop(sequencer: Sequencer) -> None:
    try:
        await sequencer.stop()
    except Refused:  # The lease ends by itself.
        log.warning("lease not given up")

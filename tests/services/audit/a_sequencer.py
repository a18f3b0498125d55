"""A sequencer as a process of its own, to be killed and paused."""

from __future__ import annotations

import asyncio
from pathlib import Path

from services.audit.store import log as store
from services.audit.worker import sequence
from tests.services.audit.journals import Journals
from tests.support.databases import SchemaDatabase


def run(admin_dsn: str, secrets: Path, keys: Path) -> None:
    """Sequence until killed."""
    store.LEASE_S = 0.4  # type: ignore[misc]  # so that thirty successors need not wait for two seconds each
    asyncio.run(sequence(Journals(SchemaDatabase(admin_dsn, secrets), keys).sequencer()))

"""Journals and a log for each test of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest_asyncio

from tests.services.audit.journals import Journals
from tests.support.databases import SchemaDatabase


@pytest_asyncio.fixture
async def journals(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[Journals]:
    """A repair office's and the audit office's journal in a fresh database."""
    made = Journals(schema_db("audit", "repair"), tmp_path / "keys")
    yield made
    await made.close()

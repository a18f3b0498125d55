"""Four journals and the audit office over them, fresh for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest_asyncio

from tests.services.questions.house import SCHEMAS, AuditHouse
from tests.support.databases import SchemaDatabase


@pytest_asyncio.fixture
async def house(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[AuditHouse]:
    """The journals of all offices in a fresh database."""
    made = AuditHouse(schema_db(*SCHEMAS), tmp_path / "keys")
    yield made
    await made.close()

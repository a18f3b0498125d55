"""A repair office for the tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from tests.services.repair.harness import RepairHouse, running
from tests.support.databases import SchemaDatabase


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(
    schema_db: Callable[..., SchemaDatabase], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RepairHouse]:
    """A running repair office in a sample house, one for each module."""
    async with running(tmp_path_factory.mktemp("repair"), schema_db("repair", sample=True)) as house:
        yield house

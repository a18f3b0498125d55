"""A list office for the tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from tests.services.blacklist.house import ListHouse, list_house
from tests.support.databases import SchemaDatabase


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def house(
    schema_db: Callable[..., SchemaDatabase], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ListHouse]:
    """A running list office beside a catalog, in a sample house; one for this folder."""
    async with list_house(tmp_path_factory.mktemp("list"), schema_db("blacklist", "catalog", sample=True)) as house:
        yield house

"""One running catalog office for the attackers: a real process, real PostgreSQL, real mutual TLS."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from tests.services.catalog.office import CatalogOffice, catalog_office
from tests.support.catalog_house import CatalogHouse, catalog_house
from tests.support.databases import SchemaDatabase


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def office(
    schema_db: Callable[..., SchemaDatabase], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[CatalogOffice]:
    """A catalog office's process in a sample house, with a grant for the consumer."""
    async with catalog_office(tmp_path_factory.mktemp("attacked"), schema_db("catalog", sample=True)) as made:
        yield made


@pytest.fixture
async def house(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[CatalogHouse]:
    """A sample catalog of the test's own, to be broken."""
    async with catalog_house(schema_db, tmp_path) as made:
        yield made

"""A catalog for each test, and one running catalog office for all that go through its contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from tests.services.catalog.office import CatalogOffice, catalog_office
from tests.support.catalog_house import CatalogHouse, catalog_house
from tests.support.databases import SchemaDatabase


@pytest.fixture
async def house(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[CatalogHouse]:
    """A sample catalog with a grant for the consumer."""
    async with catalog_house(schema_db, tmp_path) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(
    schema_db: Callable[..., SchemaDatabase], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[CatalogHouse]:
    """A catalog of a sample house, one for a module."""
    async with catalog_house(schema_db, tmp_path_factory.mktemp("desk")) as made:
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def office(
    schema_db: Callable[..., SchemaDatabase], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[CatalogOffice]:
    """A catalog office's process in a sample house, with a grant for the consumer."""
    async with catalog_office(tmp_path_factory.mktemp("catalog"), schema_db("catalog", sample=True)) as made:
        yield made

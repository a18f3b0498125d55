"""A catalog office for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.support.catalog_house import LAWBOOK, CatalogHouse, catalog_house, uscc
from tests.support.databases import SchemaDatabase

__all__ = ["LAWBOOK", "CatalogHouse", "uscc"]


@pytest.fixture
async def house(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[CatalogHouse]:
    """A sample catalog with a grant for the consumer."""
    async with catalog_house(schema_db, tmp_path) as made:
        yield made

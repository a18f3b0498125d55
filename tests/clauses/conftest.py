"""The houses on which the clauses are tried."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.support.catalog_house import CatalogHouse, catalog_house
from tests.support.databases import SchemaDatabase


@pytest.fixture
async def catalog(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[CatalogHouse]:
    """A sample catalog with a grant for one consumer."""
    async with catalog_house(schema_db, tmp_path) as made:
        yield made

"""A catalog whose keys are rotated."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.services.keys.rotating import Rotating, rotating
from tests.support.databases import SchemaDatabase


@pytest.fixture
async def turn(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[Rotating]:
    """A sample catalog with a rotator."""
    async with rotating(schema_db, tmp_path) as made:
        yield made

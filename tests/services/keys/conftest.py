"""Offices whose keys are rotated."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.services.keys.dossiers import OFFICES, Dossiers, dossiers
from tests.services.keys.rotating import Rotating, Turn, rotating
from tests.support.databases import SchemaDatabase


@pytest.fixture
async def turn(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[Rotating]:
    """A sample catalog with a rotator."""
    async with rotating(schema_db, tmp_path) as made:
        yield made


@pytest.fixture(params=OFFICES)
async def dossier_turn(
    request: pytest.FixtureRequest, schema_db: Callable[..., SchemaDatabase], tmp_path: Path
) -> AsyncIterator[Dossiers]:
    """An office with dossiers and a rotator; each of them in turn."""
    async with dossiers(schema_db, tmp_path, request.param) as made:
        yield made


@pytest.fixture(params=["catalog", *OFFICES])
async def any_turn(
    request: pytest.FixtureRequest, schema_db: Callable[..., SchemaDatabase], tmp_path: Path
) -> AsyncIterator[Turn]:
    """Any office with a rotator; each of them in turn."""
    office = request.param
    async with rotating(schema_db, tmp_path) if office == "catalog" else dossiers(schema_db, tmp_path, office) as made:
        yield made

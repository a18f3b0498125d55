"""A catalog with an archive: an auditing authority's and a steward's officials, and the eraser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.services.archive.desk import ArchiveDesk, archive_desk
from tests.support.databases import SchemaDatabase


@pytest.fixture
async def desk(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[ArchiveDesk]:
    """The archive of a sample catalog, whose clock can be moved."""
    async with archive_desk(schema_db, tmp_path) as made:
        yield made

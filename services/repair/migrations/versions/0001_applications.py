"""Applications for repair, their steps and evidence."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from foundation.db.migrate import install_house, run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the schema."""
    install_house(op)  # pyright: ignore[reportArgumentType]  # the module stands for its operations
    for name in ("0001_applications.sql", "0001_erasure.sql", "0001_statistics.sql"):
        run_sql(op, Path(__file__).with_name(name))  # pyright: ignore[reportArgumentType]

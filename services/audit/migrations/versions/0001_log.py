"""The log: entries, tiles, positions in the sources, state and checkpoints."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from foundation.db.migrate import install_house, run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the schema."""
    install_house(op)  # pyright: ignore[reportArgumentType]  # the module stands for its operations
    run_sql(op, Path(__file__).with_name("0001_log.sql"))  # pyright: ignore[reportArgumentType]
    run_sql(op, Path(__file__).with_name("0001_doors.sql"))  # pyright: ignore[reportArgumentType]
    run_sql(op, Path(__file__).with_name("0001_matters.sql"))  # pyright: ignore[reportArgumentType]
    run_sql(op, Path(__file__).with_name("0001_erasure.sql"))  # pyright: ignore[reportArgumentType]

"""The list office's first schema: the house's own tables, the law, cases, listings."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from foundation.db.migrate import install_house, run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Install the house's part, then the cases."""
    install_house(op)
    for name in ("0001_cases.sql", "0001_erasure.sql", "0001_statistics.sql"):
        run_sql(op, Path(__file__).with_name(name))

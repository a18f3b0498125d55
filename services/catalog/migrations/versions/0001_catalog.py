"""The catalog's tables and doors.

Revision ID: 0001
"""

from pathlib import Path

from alembic import op

from foundation.db.migrate import install_house, run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything."""
    install_house(op)
    here = Path(__file__).parent
    for name in (
        "0001_tables.sql",
        "0001_answer.sql",
        "0001_feed.sql",
        "0001_change.sql",
        "0001_read.sql",
        "0001_names.sql",
        "0001_archive.sql",
        "0001_keys.sql",
        "0001_awaited.sql",
        "0001_watch.sql",
        "0001_statistics.sql",
    ):
        run_sql(op, here / name)

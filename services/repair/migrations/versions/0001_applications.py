"""Applications for repair, their steps and evidence."""

from alembic import op

from foundation.db.migrate import create_schema

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything."""
    create_schema(op, __file__, "applications", "erasure", "statistics")

"""The list office's first schema: the house's own tables, the law, cases, listings."""

from alembic import op

from foundation.db.migrate import create_schema

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything."""
    create_schema(op, __file__, "cases", "erasure", "statistics")

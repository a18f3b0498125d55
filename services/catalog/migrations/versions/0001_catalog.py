"""The catalog's tables and doors."""

from alembic import op

from foundation.db.migrate import create_schema

revision = "0001"
down_revision = None
PARTS = "tables answer feed change read names archive keys awaited watch statistics"


def upgrade() -> None:
    """Create everything."""
    create_schema(op, __file__, *PARTS.split())

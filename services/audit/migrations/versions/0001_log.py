"""The log: entries, tiles, positions in the sources, state and checkpoints."""

from alembic import op

from foundation.db.migrate import create_schema

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything."""
    create_schema(op, __file__, "log", "doors", "matters", "erasure")

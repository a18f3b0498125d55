"""Alembic environment of this office; what it does stands in foundation.db.migrate."""

from foundation.db.migrate import run_environment

run_environment()

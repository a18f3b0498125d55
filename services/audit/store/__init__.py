"""What the audit office keeps (the log) and what it reads elsewhere (the offices' journals)."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def sql(name: str) -> str:
    """A statement of `sql/`."""
    return Path(__file__).with_name("sql").joinpath(f"{name}.sql").read_text(encoding="utf-8")

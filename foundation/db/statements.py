"""Statements that stand as SQL in files of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path


def sql_beside(module: str) -> Callable[[str], str]:
    """Give what reads a statement by its name from the folder `sql` beside a module (its `__file__`), each once."""
    folder = Path(module).with_name("sql")

    @cache
    def read(name: str) -> str:
        return (folder / f"{name}.sql").read_text(encoding="utf-8")

    return read

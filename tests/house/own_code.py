"""The files that are our own writing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("chengxin", "foundation", "services", "gateway", "standalone", "scripts")
_NOT_OURS = {".git", ".venv", "build", "dist", "test-output", "__pycache__"}


def shipped() -> list[Path]:
    """Our Python files outside tests/, generated ones left out."""
    return [file for package in PACKAGES for file in _python(ROOT / package)]


def of_tests() -> list[Path]:
    """The Python files of tests/."""
    return list(_python(ROOT / "tests"))


def all_files() -> Iterator[Path]:
    """Every file of the repository that is text, but for what tools make."""
    for file in sorted(ROOT.rglob("*")):
        parts = file.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part not in {".ci", ".gitignore"} for part in parts)
        if file.is_file() and not hidden and not _NOT_OURS.intersection(parts):
            yield file


def modules() -> list[str]:
    """The modules of `shipped`, by name; a package's name for its __init__.py."""
    return [_module(file) for file in shipped()]


@cache
def tree(file: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


@cache
def text(file: Path) -> str:
    """The text of a file."""
    return file.read_text(encoding="utf-8")


def place(file: Path) -> str:
    """Where a file stands in the repository."""
    return str(file.relative_to(ROOT))


def _python(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*.py")):
        if "_pb2" not in file.name and not _NOT_OURS.intersection(file.relative_to(ROOT).parts):
            yield file


def _module(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

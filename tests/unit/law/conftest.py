"""A copy of `law/` that a test may spoil."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

LAW = Path(__file__).parents[3] / "law"

Edit = Callable[[dict[str, Any]], None]


class SpoiltLaw:
    """A copy of the shipped law; `change` edits one file of it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def change(self, file: str, edit: Edit) -> Path:
        path = self.directory / file
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        edit(content)
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        return self.directory


@pytest.fixture
def law(tmp_path: Path) -> SpoiltLaw:
    return SpoiltLaw(Path(shutil.copytree(LAW, tmp_path / "law")))

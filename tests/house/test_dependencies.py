"""What our code imports is what pyproject.toml says that it needs."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

from tests.house.own_code import PACKAGES, ROOT, place, shipped, tree

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WHEEL = PROJECT["dependencies"]
HOUSE = [*WHEEL, *PROJECT["optional-dependencies"]["house"]]
_GOOGLE = {"protobuf", "googleapis-common-protos"}
"""The distributions that share the namespace `google`."""


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=~!; ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


@cache
def _distributions() -> dict[str, list[str]]:
    return {
        module: [name.lower().replace("_", "-") for name in names]
        for module, names in metadata.packages_distributions().items()
    }


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize("file", shipped(), ids=place)
def test_a_module_imports_only_what_its_part_declares(file: Path) -> None:
    part = file.relative_to(ROOT).parts[0]
    declared = {_name(requirement) for requirement in (WHEEL if part == "chengxin" else HOUSE)}
    for module in _imported(file):
        top = module.partition(".")[0]
        if top in PACKAGES or top in sys.stdlib_module_names:
            continue
        providers = _GOOGLE if top == "google" else set(_distributions().get(top, []))
        assert providers & declared, f"{place(file)} imports {module}, which pyproject.toml does not declare"


def test_every_dependency_is_pinned_with_hashes_and_no_index_is_named() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==", lock, re.MULTILINE))
    missing = {_name(requirement) for requirement in HOUSE} - {name.replace("_", "-") for name in pinned}
    assert missing == set()
    assert "://" not in lock
    assert lock.count("==") <= lock.count("--hash=sha256:")

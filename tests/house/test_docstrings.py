"""Everything public says what it is; ruff sees to packages, this to the rest."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.own_code import ROOT, of_tests, place, shipped, text, tree

GENERATED_PACKAGES = {f"chengxin/{name}" for name in ("audit", "blacklist", "catalog", "common", "repair")}
DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _is_generated(file: Path) -> bool:
    folder = place(file.parent)
    return file.name == "__init__.py" and folder.removesuffix("/v1") in GENERATED_PACKAGES


def _undocumented(node: ast.AST, path: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, DEFINITIONS) or child.name.startswith("_"):
            continue
        name = f"{path}.{child.name}"
        if ast.get_docstring(child) is None:
            yield name
        if isinstance(child, ast.ClassDef):
            yield from _undocumented(child, name)


@pytest.mark.parametrize("file", [f for f in shipped() if not _is_generated(f)], ids=place)
def test_a_module_and_everything_public_in_it_has_a_docstring(file: Path) -> None:
    assert ast.get_docstring(tree(file)), f"{place(file)} has no docstring"
    assert list(_undocumented(tree(file), place(file))) == []


def test_a_test_module_says_what_it_claims_about() -> None:
    silent = [place(file) for file in of_tests() if text(file).strip() and not ast.get_docstring(tree(file))]
    assert silent == []


def test_every_sql_file_begins_with_what_it_is_for() -> None:
    files = [file for folder in ("foundation", "services") for file in (ROOT / folder).rglob("*.sql")]
    assert files
    assert [place(file) for file in files if not text(file).startswith("-- ")] == []


def test_every_message_field_and_call_of_the_contract_has_a_comment() -> None:
    bare: list[str] = []
    for file in sorted((ROOT / "proto").rglob("*.proto")):
        above = ""
        for number, line in enumerate(text(file).splitlines(), 1):
            stripped = line.strip()
            is_definition = stripped.startswith(("message ", "enum ", "service ", "rpc ")) or (
                " = " in stripped and stripped.endswith(";") and not stripped.startswith(("option", "syntax"))
            )
            if is_definition and not above.startswith("//") and not stripped.startswith("reserved"):
                bare.append(f"{place(file)}:{number} {stripped}")
            above = stripped
    assert bare == []

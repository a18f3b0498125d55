"""Importing a module of ours does nothing but define: no socket, no file, no thread, no process."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.house.own_code import ROOT, modules

# Alembic runs this file; nothing imports it.
IMPORTED = [name for name in modules() if not name.endswith(".migrations.env")]


@pytest.fixture(scope="module")
def deeds() -> dict[str, list[str]]:
    """What each module did while it was imported, in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.house.watched_imports", *IMPORTED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize("module", IMPORTED)
def test_importing_a_module_has_no_side_effect(deeds: dict[str, list[str]], module: str) -> None:
    assert deeds[module] == []


def test_side_effects_would_be_seen() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.house.watched_imports", "tests.house.busy_module"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    seen = " ".join(json.loads(ran.stdout)["tests.house.busy_module"])
    for deed in ("open", "socket", "thread", "subprocess", "environment", "signal"):
        assert deed in seen

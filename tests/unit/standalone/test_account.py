"""As root, PostgreSQL runs under another account, from where that account can reach it, and nothing is opened."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from standalone import account
from standalone.account import Account, binaries, unprivileged_account


@pytest.fixture
def everybodys_place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="cx-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_an_ordinary_user_needs_no_other_account_and_root_gets_one() -> None:
    found = unprivileged_account()
    if os.geteuid() != 0:
        assert found is None
    else:
        assert found is not None
        assert found.uid != 0


def test_an_engine_that_the_account_cannot_reach_is_copied_and_runs(
    tmp_path: Path, everybodys_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = binaries(None)
    site = installed.parents[2]
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for name in (account.PACKAGE, f"{account.PACKAGE}.libs"):
        shutil.copytree(site / name, closed / name, ignore=shutil.ignore_patterns("pginstall", "include"))
    monkeypatch.syspath_prepend(str(closed))
    monkeypatch.setattr(account, "COPIES", everybodys_place)
    copied = binaries(Account("nobody", 65534, 65534))
    assert everybodys_place in copied.parents
    assert binaries(Account("nobody", 65534, 65534)) == copied
    assert closed.stat().st_mode & 0o777 == 0o700, "nothing above the engine was opened"
    runs_as = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
    for program in ("postgres", "initdb"):
        said = subprocess.run([copied / program, "--version"], capture_output=True, text=True, check=True, **runs_as)
        assert f"PostgreSQL) {account.MAJOR}." in said.stdout

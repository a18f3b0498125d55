"""What `pip install` of the wheel gives a department: the package chengxin, and nothing of the house."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.wheel import Installed, install


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install(tmp_path_factory.mktemp("wheel"))


def test_the_wheel_brings_the_package_chengxin_alone(installed: Installed) -> None:
    brought = {entry.name for entry in installed.site_packages.iterdir()} - {"libraries.pth"}
    assert brought == {"chengxin", f"{installed.wheel.name.removesuffix('-py3-none-any.whl')}.dist-info"}


@pytest.mark.parametrize("package", ["foundation", "services", "gateway", "standalone", "scripts"])
def test_nothing_of_the_house_can_be_imported_there(installed: Installed, package: str, tmp_path: Path) -> None:
    imported = installed.run("python", "-c", f"import {package}", cwd=tmp_path)
    assert f"No module named '{package}'" in imported.stderr


def test_the_package_imports_there_with_all_its_names(installed: Installed, tmp_path: Path) -> None:
    code = "import chengxin; print(chengxin.__file__); [getattr(chengxin, name) for name in dir(chengxin)]"
    imported = installed.run("python", "-c", code, cwd=tmp_path)
    assert imported.returncode == 0, imported.stderr
    assert str(installed.environment) in imported.stdout


def test_the_command_explains_itself_there(installed: Installed, tmp_path: Path) -> None:
    helped = installed.run("chengxin", "--help", cwd=tmp_path)
    assert helped.returncode == 0, helped.stderr
    for command in ("check", "report", "submit", "watch", "audit", "demo"):
        assert command in helped.stdout


@pytest.mark.parametrize("command", ["demo", "up", "enroll", "doctor", "bench"])
def test_a_command_of_the_house_says_there_what_it_needs(installed: Installed, command: str, tmp_path: Path) -> None:
    run = installed.run("chengxin", command, cwd=tmp_path)
    assert run.returncode == 2, run.stderr
    assert "checkout" in run.stderr
    assert "make setup" in run.stderr

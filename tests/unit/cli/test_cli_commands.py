"""The command line as a whole: every command is in the help, and help costs next to nothing."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import chengxin
from chengxin.cli import lazy
from chengxin.cli.app import app
from chengxin.cli.lazy import GROUP, OWN, Commands


def house_app(monkeypatch: pytest.MonkeyPatch, *points: EntryPoint) -> typer.Typer:
    """The application as it is with these entry points installed."""

    def only(**_: Any) -> list[EntryPoint]:
        return list(points)

    monkeypatch.setattr(lazy, "entry_points", only)
    own = typer.Typer(cls=Commands, no_args_is_help=True)
    own.callback()(lambda: None)
    return own


def run(application: typer.Typer, *arguments: str) -> Any:
    return CliRunner().invoke(application, list(arguments))


def test_help_names_every_command_and_the_exit_codes() -> None:
    said = run(app, "--help").stdout
    for name in OWN:
        assert name in said
    assert "2 the command could not run" in said


def test_the_version_is_that_of_the_package() -> None:
    assert run(app, "--version").stdout.strip() == chengxin.__version__


@pytest.mark.parametrize("name", list(OWN))
def test_each_command_explains_itself(name: str) -> None:
    done = run(app, name, "--help")
    assert done.exit_code == 0
    assert "Usage" in done.stdout


@pytest.mark.parametrize("name", [name for name in OWN if name != "audit"])
def test_each_command_teaches_by_examples_and_speaks_json(name: str) -> None:
    said = run(app, name, "--help").stdout
    assert f"chengxin {name}" in said
    assert "--json" in said


def test_help_loads_no_command_and_no_transport() -> None:
    look = (
        "import sys; from typer.testing import CliRunner; from chengxin.cli.app import app;"
        "CliRunner().invoke(app, ['--help']);"
        "heavy = {'grpc', 'google.protobuf', 'openpyxl', 'yaml', 'cryptography', 'standalone', 'chengxin.client'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_command_of_the_house_is_named_without_being_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    application = house_app(monkeypatch, EntryPoint("up", "no.such.package:up", GROUP))
    assert "Run the whole house on this machine" in run(application, "--help").stdout


def test_a_command_of_the_house_says_what_it_needs_where_the_house_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(house_app(monkeypatch, EntryPoint("up", "no_such_house.commands:up", GROUP)), "up", "--help")
    assert done.exit_code == 2
    assert "checkout" in done.stderr
    assert "image" in done.stderr


def test_a_command_of_the_house_that_lacks_a_library_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "half_a_house.py").write_text("import no_such_library\n")
    monkeypatch.syspath_prepend(tmp_path)
    done = run(house_app(monkeypatch, EntryPoint("up", "half_a_house:up", GROUP)), "up")
    assert done.exit_code == 2
    assert "no_such_library" in done.stderr
    assert "chengxin[house]" in done.stderr


def test_functions_and_applications_both_become_commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "whole_house.py").write_text(
        "import typer\n"
        "def doctor(*, loud: bool = False) -> None:\n    typer.echo(f'well, loud={loud}')\n"
        "bench = typer.Typer()\n"
        "@bench.command()\ndef rotate() -> None:\n    typer.echo('rotated')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    application = house_app(
        monkeypatch, EntryPoint("doctor", "whole_house:doctor", GROUP), EntryPoint("bench", "whole_house:bench", GROUP)
    )
    assert run(application, "doctor", "--loud").stdout == "well, loud=True\n"
    assert run(application, "bench", "rotate").stdout == "rotated\n"


def test_an_entry_point_never_replaces_a_command_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    application = house_app(monkeypatch, EntryPoint("check", "no.such.package:check", GROUP))
    assert "--purpose" in run(application, "check", "--help").stdout


def test_a_word_that_is_no_command_is_told() -> None:
    done = run(app, "chekc")
    assert done.exit_code == 2
    assert "check" in done.stderr

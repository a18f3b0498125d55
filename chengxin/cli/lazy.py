"""Commands that are named in the help but loaded only when they are called."""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

GROUP = "chengxin.commands"
"""Entry-point group by which a checkout or an image adds commands."""

OWN = {
    "check": ("Ask whether anything shareable is known about parties.", "chengxin.cli.check:check"),
    "report": ("Show the records in force about one party.", "chengxin.cli.report:report"),
    "submit": ("Hand in a file of penalties or licences (CSV, XLSX).", "chengxin.cli.submit:submit"),
    "watch": ("Follow changes and withdrawals; acknowledge deletions.", "chengxin.cli.watch:watch"),
    "keys": ("See an office's keys, rotate and retire them.", "chengxin.cli.keys:app"),
    "archive": ("Open archived records: two officials, a stated basis.", "chengxin.cli.archive:app"),
    "audit": ("Check what the audit log proves, offline too.", "chengxin.cli.audit:app"),
    "witness": ("Watch an audit log, and cosign it.", "chengxin.cli.witness:app"),
}
"""Commands that the wheel brings, with a line of help each."""

HOUSE = {
    "up": "Run the whole house on this machine.",
    "demo": "Play the story of the house once, with generated data.",
    "enroll": "Issue, renew or revoke a system's certificate.",
    "doctor": "Say what is missing or wrong, with its remedy.",
    "bench": "Measure the house.",
}
"""Help of the commands that a checkout or an image usually adds."""


class LazyCommand(TyperCommand):
    """Stands for a command, MODULE:NAME, in the help; becomes it when called."""

    def __init__(self, name: str, help_line: str, target: str, panel: str | None = None) -> None:
        super().__init__(name, help=help_line, rich_help_panel=panel)
        self._module, _, self._attribute = target.partition(":")

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Load the command and let it take over."""
        try:
            found = getattr(importlib.import_module(self._module), self._attribute)
        except ModuleNotFoundError as error:
            _say_what_is_needed(self._module, error.name or "")
        return _as_command(found).make_context(info_name, args, parent=parent, **extra)


class Commands(TyperGroup):
    """The group of all commands: the wheel's own, then those of the entry points."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, (help_line, target) in OWN.items():
            self.add_command(LazyCommand(name, help_line, target))
        for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
            if point.name not in OWN:
                line = HOUSE.get(point.name, f"Added by {point.module}.")
                self.add_command(LazyCommand(point.name, line, point.value, "The house itself"))


def _say_what_is_needed(module_name: str, missing: str) -> NoReturn:
    if missing == module_name or module_name.startswith(f"{missing}."):
        said = (
            "This command comes with the house, not with the package of departments.\n"
            "Run it in a checkout of the repository (make setup) or in the image."
        )
    else:
        said = f"This command needs {missing}, which is not installed: pip install 'chengxin[house]'."
    typer.echo(said, err=True)
    raise typer.Exit(2)


def _as_command(found: Any) -> Any:
    """A typer application or a plain function as a command."""
    if isinstance(found, typer.Typer):
        return typer.main.get_group(found)
    if hasattr(found, "make_context"):
        return found
    single = typer.Typer(add_completion=False, rich_markup_mode="rich")
    single.command()(found)
    return typer.main.get_command(single)

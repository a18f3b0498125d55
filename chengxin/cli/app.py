"""The application `chengxin`: help, version, and the commands."""

from __future__ import annotations

from typing import Annotated

import typer

import chengxin
from chengxin.cli.lazy import Commands

app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, rich_markup_mode="rich")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(chengxin.__version__)
        raise typer.Exit


@app.callback(
    epilog="Examples:  chengxin check --uscc CODE --purpose tender.qualification --matter T-1 --officer desk-7  ·  "
    "chengxin submit penalties.xlsx  ·  chengxin audit verify --receipt FILE --vkey KEY"
)
def main(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Public credit information, shared only as far as the law allows, and no longer.

    The departments' commands need an identity: a folder that `chengxin enroll` makes, named by --identity or
    the variable CHENGXIN_IDENTITY. Every command prints JSON with --json and explains itself with --help.
    Exit codes: 0 all well, 1 something was refused, 2 the command could not run.
    """

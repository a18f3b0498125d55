"""The command `chengxin demo`: start a sample house, play the story, leave it running or stop."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import Annotated

import typer

from chengxin.cli.output import told
from standalone.commands import Keys
from standalone.datadir import DataDir, default_folder
from standalone.engines import Engines
from standalone.house import Wish, running
from standalone.ports import FREE, Ports
from standalone.processes import ended_once
from standalone.story.cast import STORY
from standalone.story.narrator import Narrator
from standalone.story.play import play
from standalone.trouble import Trouble, explained
from standalone.welcome import welcome

OWN_ENGINES = ("CHENGXIN_DATABASE_URL", "CHENGXIN_REDIS_URL")
"""Settings that the story leaves aside: it always plays on engines of its own, in a house made anew."""


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="Play once, stop everything, exit 0 if all held.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write what was counted and measured, as JSON.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of the story's house, made anew. Default: chengxin-demo in the XDG data home."),
    ] = None,
    keys: Keys = None,
) -> None:
    """Play the whole story on a sample house: catalog, answers, list, repair, withdrawal, proof.

    Takes about a minute. Without --once the house is left running until Ctrl-C, with its addresses printed.
    """
    with ended_once(), told(as_json=False):
        folder = data or default_folder().with_name("chengxin-demo")
        failures = _play(folder, once=once, report=report, keys=keys)
    if failures:
        typer.echo("Not as expected:\n" + "\n".join(f"  {failure}" for failure in failures), err=True)
        raise typer.Exit(1)


def _play(folder: Path, *, once: bool, report: Path | None, keys: str | None) -> list[str]:
    environment = {name: value for name, value in os.environ.items() if name not in OWN_ENGINES}
    narrator = Narrator()
    _clear(folder, environment)
    with explained(folder):
        (folder / STORY).mkdir(mode=0o700, parents=True)
    wish = Wish(folder=folder, ports=FREE if once else Ports(), sample=True, keys=keys)
    try:
        with running(wish, environment=environment, say=narrator.say) as house:
            told_report = play(house, narrator)
            if report is not None:
                told_report.write(report)
            failures = told_report.failures()
            typer.echo(f"\nThe story took {told_report.seconds:.0f} s; expectations not held: {len(failures)}.\n")
            if not once and not failures:
                typer.echo(welcome(house))
                threading.Event().wait()
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
        raise typer.Exit(130 if once else 0) from None
    if once:
        shutil.rmtree(folder)
    return failures


def _clear(folder: Path, environment: dict[str, str]) -> None:
    """Remove the house of an earlier story, and stop what a killed one left running. Raises Trouble."""
    data = DataDir(folder)
    if not (folder / STORY).is_dir():
        if data.exists:
            raise Trouble.of("NOT_THE_STORYS_HOUSE", folder=folder)
        return
    with data.locked():
        engines = Engines(data, environment)
        try:
            with engines.starting():
                pass
        finally:
            engines.stop()
    shutil.rmtree(folder)

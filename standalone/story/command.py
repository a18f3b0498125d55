"""The command `chengxin demo`: start a sample house, play the story, leave it running or stop."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
from pathlib import Path
from typing import Annotated

import typer

from standalone.commands import told
from standalone.house import Wish, running
from standalone.ports import FREE, Ports
from standalone.story.narrator import Narrator
from standalone.story.play import play
from standalone.welcome import welcome


def demo(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Play once, stop everything, exit 0 if all held.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Write what was counted and measured, as JSON.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Data directory of the sample house. Default: a new one, removed at the end."),
    ] = None,
) -> None:
    """Play the whole story on a sample house: catalog, answers, list, repair, withdrawal, proof.

    Takes about a minute. Without --once the house is left running until Ctrl-C, with its addresses printed.
    """
    with told(as_json=False):
        folder = data or Path(tempfile.mkdtemp(prefix="chengxin-demo-"))
        try:
            failures = _play(folder, once=once, report=report)
        finally:
            if data is None:
                shutil.rmtree(folder, ignore_errors=True)
    if failures:
        typer.echo("Not as expected:\n" + "\n".join(f"  {failure}" for failure in failures), err=True)
        raise typer.Exit(1)


def _play(folder: Path, *, once: bool, report: Path | None) -> list[str]:
    wish = Wish(folder=folder, ports=Ports() if not once else FREE, sample=True)
    narrator = Narrator()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    with running(wish, environment=os.environ, say=narrator.say) as house:
        told_report = play(house, narrator)
        if report is not None:
            told_report.write(report)
        failures = told_report.failures()
        typer.echo(f"\nThe story took {told_report.seconds:.0f} s; expectations not held: {len(failures)}.\n")
        if not once and not failures:
            typer.echo(welcome(house))
            stop.wait()
    return failures

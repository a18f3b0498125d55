"""The command `chengxin bench`: measure a house of its own and print the figures."""

from __future__ import annotations

import json
import os
import platform
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from standalone.bench.first import measure
from standalone.commands import told
from standalone.story.narrator import Narrator

NAMES = ("first",)


def bench(
    name: Annotated[str, typer.Argument(help=f"What to measure: {', '.join(NAMES)}.")] = "first",
    *,
    rounds: Annotated[int, typer.Option(min=1, max=50, help="Rounds to take the median of.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """Measure the house: a new sample house on this machine, real engines, nothing switched off."""
    if name not in NAMES:
        raise typer.BadParameter(f"{name!r} is not one of: {', '.join(NAMES)}")
    narrator = Narrator(Console(stderr=True, highlight=False, soft_wrap=True))
    with told(as_json=as_json), tempfile.TemporaryDirectory(prefix="chengxin-bench-") as folder:
        figures = measure(Path(folder) / "house", rounds=rounds, narrator=narrator)
    result = {"name": name, "machine": _machine(), "rounds": rounds, "figures": figures}
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    typer.echo(f"{name} on {result['machine']}, {rounds} rounds")
    for figure, value in figures.items():
        typer.echo(f"  {figure:<32} {value:>12,}")


def _machine() -> str:
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}, Python {platform.python_version()}"
    )

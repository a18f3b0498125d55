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

from standalone.bench.crypto import measure_crypto
from standalone.bench.first import measure
from standalone.bench.log import measure_log
from standalone.bench.proofs import measure_proofs
from standalone.bench.rotation import measure_rotation
from standalone.commands import told
from standalone.story.narrator import Narrator

NAMES = ("first", "crypto", "log", "proofs", "rotation")


def bench(
    name: Annotated[str, typer.Argument(help=f"What to measure: {', '.join(NAMES)}.")] = "first",
    *,
    rounds: Annotated[int, typer.Option(min=1, max=50, help="Rounds to take the median of.")] = 5,
    count: Annotated[int, typer.Option(min=1, max=1_000_000, help="proofs: how many to judge.")] = 10_000,
    records: Annotated[int, typer.Option(min=100, help="rotation: how many records.")] = 2_000,
    kills: Annotated[int, typer.Option(min=0, help="log: kills of the audit office under load.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """Measure the house: a new sample house on this machine, real engines, nothing switched off."""
    if name not in NAMES:
        raise typer.BadParameter(f"{name!r} is not one of: {', '.join(NAMES)}")
    narrator = Narrator(Console(stderr=True, highlight=False, soft_wrap=True))
    with told(as_json=as_json), tempfile.TemporaryDirectory(prefix="chengxin-bench-") as folder:
        if name == "crypto":
            figures = measure_crypto(rounds)
        elif name == "log":
            figures = measure_log(Path(folder), kills=kills, narrator=narrator)
        elif name == "proofs":
            figures = measure_proofs(count)
        elif name == "rotation":
            figures = measure_rotation(Path(folder) / "house", records=records, narrator=narrator)
        else:
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

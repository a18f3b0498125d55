"""The command `chengxin bench`: measure a house of its own and print the figures."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from chengxin.cli.command import command
from chengxin.cli.options import Output
from standalone.bench.crypto import measure_crypto
from standalone.bench.first import measure_first
from standalone.bench.gateway import measure_gateway
from standalone.bench.log import measure_log
from standalone.bench.measuring import Figures, Place, Size
from standalone.bench.proofs import measure_proofs
from standalone.bench.rotation import measure_rotation
from standalone.story.narrator import Narrator

BENCHES: dict[str, Callable[[Place, Size], Figures]] = {
    "first": lambda place, size: measure_first(place, rounds=size.rounds),
    "crypto": lambda _, size: measure_crypto(size.rounds),
    "gateway": lambda place, _: measure_gateway(place),
    "log": lambda place, size: measure_log(place, kills=size.kills),
    "proofs": lambda _, size: measure_proofs(size.count),
    "rotation": lambda place, size: measure_rotation(place, records=size.records),
}


@command
def bench(
    name: Annotated[str, typer.Argument(help=f"What to measure: {', '.join(BENCHES)}.")] = "first",
    *,
    size: Size,
    output: Output,
) -> None:
    """Measure the house: a new sample house on this machine, real engines, nothing switched off."""
    if name not in BENCHES:
        raise typer.BadParameter(f"{name!r} is not one of: {', '.join(BENCHES)}")
    narrator = Narrator(Console(stderr=True, highlight=False, soft_wrap=True))
    with tempfile.TemporaryDirectory(prefix="chengxin-bench-") as folder:
        figures = BENCHES[name](Place(Path(folder), narrator), size)
    result = {"name": name, "machine": _machine(), "rounds": size.rounds, "figures": figures}
    lines = [f"{name} on {result['machine']}, {size.rounds} rounds"]
    lines += [f"  {figure:<32} {value:>12,}" for figure, value in figures.items()]
    output.say(result, "\n".join(lines))


def _machine() -> str:
    kernel, python = platform.release(), platform.python_version()
    return f"{os.cpu_count()} cores, {platform.machine()}, Linux {kernel}, Python {python}"

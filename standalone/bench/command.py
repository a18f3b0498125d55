"""The command `chengxin bench`: measure a house of its own and print the figures."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import tempfile
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from chengxin.cli.command import command
from chengxin.cli.options import Output
from standalone.bench.checking import measure_check, measure_check_bulk
from standalone.bench.crypto import measure_crypto
from standalone.bench.desharing import measure_desharing
from standalone.bench.expiry import measure_expiry
from standalone.bench.gateway import measure_gateway
from standalone.bench.ingest import measure_ingest
from standalone.bench.log import measure_log
from standalone.bench.measuring import COMMAND, Figures, Place, Size
from standalone.bench.proofs import measure_proofs
from standalone.bench.rotation import measure_rotation
from standalone.bench.scale import measure_scale
from standalone.bench.start import measure_start
from standalone.bench.telemetry import measure_telemetry
from standalone.processes import ended_once
from standalone.story.narrator import Narrator

BENCHES: dict[str, Callable[[Place, Size], Figures]] = {
    "check": lambda place, size: measure_check(place, rounds=size.rounds, records=size.records or 20_000),
    "check-bulk": lambda place, size: measure_check_bulk(place, rounds=size.rounds, records=size.records or 20_000),
    "deshare": lambda place, size: measure_desharing(place, decisions=10 * size.rounds),
    "expire": lambda place, size: measure_expiry(place, records=size.records or 20_000),
    "ingest": lambda place, size: measure_ingest(place, records=size.records or 20_000, rounds=size.rounds),
    "journal": lambda place, size: measure_log(place, kills=size.kills),
    "crypto": lambda _, size: measure_crypto(size.rounds),
    "scale": lambda place, size: measure_scale(place, records=size.records or 20_000, rounds=size.rounds),
    "start": lambda place, size: measure_start(place, rounds=size.rounds),
    "gateway": lambda place, _: measure_gateway(place),
    "proofs": lambda _, size: measure_proofs(size.count),
    "telemetry": lambda place, size: measure_telemetry(place, rounds=size.rounds),
    "rotation": lambda place, size: measure_rotation(place, records=size.records or 2_000),
}


@command
def bench(
    name: Annotated[str, typer.Argument(help=f"What to measure: all, {', '.join(BENCHES)}.")] = "all",
    *,
    size: Size,
    output: Output,
) -> None:
    """Measure the house: new sample houses on this machine, real engines, nothing switched off."""
    name = "journal" if name == "log" else name
    if name not in ("all", *BENCHES):
        raise typer.BadParameter(f"{name!r} is not one of: all, {', '.join(BENCHES)}")
    results: list[dict[str, Any]] = []
    with ended_once():
        for row in BENCHES if name == "all" else [name]:
            results.append(_apart(row, size) if name == "all" else _measured(row, size))
            if output.as_json:
                output.say(results[-1], "")
    if not output.as_json:
        typer.echo(table(results))
    if not all(result["figures"] for result in results):
        raise typer.Exit(1)


def _measured(name: str, size: Size) -> dict[str, Any]:
    narrator = Narrator(Console(stderr=True, highlight=False, soft_wrap=True))
    with tempfile.TemporaryDirectory(prefix="chengxin-bench-") as folder:
        return _result(name, size, BENCHES[name](Place(Path(folder), narrator), size))


def _apart(name: str, size: Size) -> dict[str, Any]:
    """Measure in a process of its own, so that no row pays for another; a row that fails has no figures."""
    given = [f"--{option}={value}" for option, value in vars(size).items() if value is not None]
    row = [*COMMAND, "bench", name, "--json", *given]
    with subprocess.Popen(row, stdout=subprocess.PIPE) as measuring:  # noqa: S603 our own
        try:
            said, _ = measuring.communicate()
        except KeyboardInterrupt:
            measuring.terminate()
            measuring.wait()  # it stops its house first
            raise
    return _result(name, size, {"reached": False}) if measuring.returncode else json.loads(said)


def _result(name: str, size: Size, figures: Figures) -> dict[str, Any]:
    """`reached` is none of the figures; None: the row has nothing to reach."""
    reached = figures.pop("reached", None)
    return {"name": name, "machine": _machine(), "rounds": size.rounds, "figures": figures, "reached": reached}


def table(results: Sequence[dict[str, Any]]) -> str:
    """The results for people: name, whether it reached what it has to reach, figures."""
    lines = [f"{results[0]['machine']}, {results[0]['rounds']} rounds", "", f"{'name':<12}{'reached':<9}figures"]
    for result in results:
        reached = {True: "yes", False: "NO", None: "-"}[result["reached"]]
        figures = " · ".join(f"{figure} {value:,}" for figure, value in result["figures"].items())
        wrapped = textwrap.wrap(figures or "could not be measured: see above", 100, break_on_hyphens=False)
        lines += [f"{result['name']:<12}{reached:<9}{wrapped[0]}", *[" " * 21 + more for more in wrapped[1:]]]
    return "\n".join(lines)


def _machine() -> str:
    kernel, python = platform.release(), platform.python_version()
    return f"{os.cpu_count()} cores, {platform.machine()}, Linux {kernel}, Python {python}"

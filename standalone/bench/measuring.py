"""What the benches share: a stage on a new house, percentiles, and the command `chengxin audit verify`, timed."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

from chengxin.cli.command import Group
from standalone.house import House, Wish, running
from standalone.ports import FREE
from standalone.story.narrator import Narrator
from standalone.story.stage import Stage, on_stage

COMMAND = (sys.executable, "-c", "import chengxin.cli; chengxin.cli.main()")
VERIFY = (*COMMAND, "audit", "verify")

CALM_PERCENT = 25

Figures = dict[str, Any]
"""What was measured, by name; the unit is what the name ends in."""


@dataclass(kw_only=True)
class Size(Group):
    """How much is measured."""

    rounds: Annotated[int, typer.Option(min=1, max=50, help="Rounds to take the median of.")] = 5
    count: Annotated[int, typer.Option(min=1, max=1_000_000, help="proofs: how many to judge.")] = 10_000
    records: Annotated[int | None, typer.Option(min=100, help="How many records, where not what is usual.")] = None
    kills: Annotated[int, typer.Option(min=0, help="log: kills of the audit office under load.")] = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bench measures: an empty folder of its own; and who tells how it goes on."""

    folder: Path
    narrator: Narrator

    @contextmanager
    def house(self) -> Generator[House]:
        """A new sample house under way."""
        wish = Wish(folder=self.folder / "house", ports=FREE, sample=True)
        with running(wish, say=self.narrator.say) as house:
            yield house

    @contextmanager
    def stage(self) -> Generator[Stage]:
        """A new sample house with the story's cast in it."""
        with self.house() as house, on_stage(house, self.narrator) as stage:
            yield stage


def calm(*, within_s: float = 10) -> None:
    """Return when the machine has done what was left to do, or that time is over."""
    any(psutil.cpu_percent(0.5) < CALM_PERCENT for _ in range(round(within_s * 2)))


def peaks_mb(stage: Stage) -> Figures:
    """The most memory that each process of the house has had so far, resident, in MB, where the system tells it."""
    found: Figures = {}
    for name, pid in stage.house.pids().items():
        with suppress(OSError):
            told = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
            found[f"peak_mb_{name}"] = round(int(told["VmHWM"].split()[0]) * 1024 / 1e6)
    return found


def percentile_ms(seconds: Sequence[float], percent: int) -> float:
    """The percentile of what was measured, in milliseconds, none above its longest; 0 where there are not two."""
    if len(seconds) < 2:
        return 0.0
    return round(statistics.quantiles(seconds, n=100, method="inclusive")[percent - 1] * 1000, 2)


def verified(*arguments: str, given: bytes | None = None) -> tuple[subprocess.CompletedProcess[bytes], float]:
    """What `chengxin audit verify` does with arguments and standard input, and the seconds that it takes."""
    begun = time.perf_counter()
    done = subprocess.run([*VERIFY, *arguments], input=given, capture_output=True, check=False)  # noqa: S603 our own
    return done, time.perf_counter() - begun

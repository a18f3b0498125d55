"""From `chengxin up` in an empty data directory to the first answer of a check, each time in a directory of its own.

In the time: PostgreSQL makes its cluster, schemas, keys and law are put in, all offices and the gateway start; then
two departments are enrolled and granted what they ask for, and one asks. Stopping the house is not in it.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import time
from dataclasses import asdict

from standalone.bench.measuring import COMMAND, Figures, Place
from standalone.house import House, Wish
from standalone.ports import FREE
from standalone.story import sharing
from standalone.story.stage import TENDER, on_stage

REACH_S = 10.0


def measure_start(place: Place, *, rounds: int) -> Figures:
    """Start so many houses, one after another; median and longest time until the first answer, in seconds."""
    times: list[float] = []
    for number in range(rounds):
        place.narrator.say(f"start {number + 1} of {rounds}")
        times.append(_first_answer(place, number))
    seconds = statistics.median(times)
    return {"reached": seconds <= REACH_S, "seconds": round(seconds, 2), "seconds_max": round(max(times), 2)}


def _first_answer(place: Place, number: int) -> float:
    wish = Wish(folder=place.folder / f"house-{number}", ports=FREE.settled())
    ports = [f"--{door}-port={port}" for door, port in asdict(wish.ports).items()]
    command = [*COMMAND, "up", "--json", "--sample", "--data", str(wish.folder), *ports]
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as up:  # noqa: S603 our own
        try:
            assert up.stdout is not None
            assert up.stdout.readline(), "the house did not start"
            # Not started here: it only says where the one that runs has its doors and keys.
            with on_stage(House(wish, environment=os.environ, say=print), place.narrator) as stage:
                sharing.grants(stage)
                sharing.found(stage, stage.procurement, stage.listed, TENDER)
                return time.perf_counter() - begun
        finally:
            up.send_signal(signal.SIGINT)
            up.wait(60)

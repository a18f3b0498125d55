"""Runs `chengxin` as a user does: as a process of its own, with free ports and a data directory of its own."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from standalone.ports import FREE

CHENGXIN = Path(sys.executable).parent / "chengxin"
UP_WITHIN = 90.0
STOPPED_WITHIN = 40.0


def free_ports() -> list[str]:
    """Options that give each door a free port of this worker's own range: see `tests/conftest.py`."""
    settled = FREE.settled()
    return [f"--{door.name}-port={getattr(settled, door.name)}" for door in fields(settled)]


def clean_environment() -> dict[str, str]:
    """This process's environment without the house's settings, so that a house under test starts its own engines."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CHENGXIN_")}


def as_ordinary_user() -> list[str]:
    """What to put before a command so that it does not run as root: nothing when the tests don't either.

    In a user namespace, because another account may not reach the interpreter that runs the tests.
    """
    if os.geteuid() != 0:
        return []
    return ["unshare", "--user", "--map-user=1000", "--map-group=1000"]


def on_a_disk_of(size: str, folder: Path) -> list[str]:
    """What to put before a command so that `folder` is a disk of its own, of this size, for the command alone."""
    mounted = f'mount -t tmpfs -o size={size} none "{folder}" && exec "$@"'
    alone = ["--mount"] if os.geteuid() == 0 else ["--mount", "--user", "--map-root-user"]
    return ["unshare", *alone, "sh", "-c", mounted, "sh"]


def chengxin(*arguments: str | Path, before: Sequence[str] = (), **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself. `before` is put before it."""
    options = {"env": clean_environment()} | options
    return subprocess.run(
        [*before, CHENGXIN, *arguments], capture_output=True, text=True, timeout=UP_WITHIN, check=False, **options
    )


@dataclass
class Up:
    """A running `chengxin up`, once it has said that the house stands."""

    process: subprocess.Popen[str]
    said: Mapping[str, Any]

    @classmethod
    def start(cls, data: Path, *arguments: str, log: Path, before: Sequence[str] = (), **options: Any) -> Up:
        """Start a house on free ports; wait for its word. Fails with what it said when it ends instead."""
        options = {"env": clean_environment()} | options
        with log.open("w") as errors:
            process = subprocess.Popen(
                [*before, CHENGXIN, "up", "--json", "--data", data, *free_ports(), *arguments],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                **options,
            )
        assert process.stdout is not None
        deadline = time.monotonic() + UP_WITHIN
        ready: list[Any] = []
        while not ready and time.monotonic() < deadline:
            ready, _, _ = select.select([process.stdout], [], [], 1.0)
        line = process.stdout.readline() if ready else ""
        said = json.loads(line) if line else {"error": f"silence\n{log.read_text()}"}
        if "error" in said:
            process.kill()
            process.wait()
        assert "error" not in said, said
        return cls(process, said)

    @property
    def doors(self) -> dict[str, str]:
        """Where the house's doors are."""
        return dict(self.said["doors"])

    @property
    def pids(self) -> dict[str, int]:
        """Ids of the processes of offices and gateway, as of the start."""
        return dict(self.said["pids"])

    def stop(self) -> int:
        """Press Ctrl-C; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOPPED_WITHIN)

    def kill(self) -> None:
        """Kill it as a power cut would, without its children."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

"""Processes that a house started: recorded by id, so that a later start finds them after a crash.

A process is known by its id *and* the moment it started, so a reused id is never mistaken for it.
"""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """A process: its id and when it started (seconds since 1970)."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> ProcessRecord:
        """Record the running process `pid`. Raises psutil.NoSuchProcess when there is none."""
        return cls(pid, psutil.Process(pid).create_time())

    @classmethod
    def read(cls, file: Path) -> ProcessRecord | None:
        """Read a record that `write` left; None when there is none or it was cut short by a crash."""
        try:
            content = json.loads(file.read_text())
            return cls(int(content["pid"]), float(content["started"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, file: Path) -> None:
        """Leave the record in `file`."""
        file.write_text(json.dumps({"pid": self.pid, "started": self.started}))

    def running(self) -> psutil.Process | None:
        """The process, when it is still the same one and not a zombie."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < 0.05
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None

    def stop(self, *signals: signal.Signals, patience: float = 10.0) -> None:
        """Send the signals one after another, each with `patience` seconds to work; then kill."""
        for number in (*signals, signal.SIGKILL):
            process = self.running()
            if process is None:
                return
            try:
                process.send_signal(number)
                process.wait(patience)
            except psutil.NoSuchProcess:
                return
            except psutil.TimeoutExpired:
                continue


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log file, indented for a message; empty when there is none."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(f"    {line}" for line in lines[-count:])

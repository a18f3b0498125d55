"""One office or the gateway as a process: started, watched, started again with back-off, stopped in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from standalone.processes import ProcessRecord, last_lines
from standalone.trouble import Trouble, disk_full, explained

CHECKOUT = Path(__file__).resolve().parent.parent
START_WITHIN = 60.0
"""Seconds that a process may take to become healthy at the start of the house."""
STOP_WITHIN = 12.0
"""Seconds from SIGTERM until a process is killed; an office drains for 5."""
STEADY = 30.0
"""Seconds after which a process counts as steady and its back-off begins anew."""
LONGEST_BACK_OFF = 10.0
LARGEST_LOG = 20 * 1024 * 1024
"""Bytes at which a log is put aside when its process starts."""

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SSL_CERT_FILE")
_INHERITED_PREFIXES = ("OTEL_",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run: a Python module with its environment, and how to ask whether it is healthy."""

    name: str
    module: str
    environment: Mapping[str, str]
    healthy: Callable[[], bool]


class Child:
    """A program's process. Its id stands in `record`, so that a later start finds it after a crash."""

    def __init__(self, program: Program, *, log: Path, record: Path) -> None:
        self.program = program
        self._log = log
        self._record = record
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._failures = 0
        self._start_again_at = 0.0

    @property
    def pid(self) -> int | None:
        """The id of the running process."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process else None

    def start(self) -> None:
        """Start the process. Raises Trouble when the operating system refuses."""
        # Nothing else is inherited: the starting environment may hold the superuser's database URL.
        environment = {
            name: value
            for name, value in os.environ.items()
            if name in _INHERITED or name.startswith(_INHERITED_PREFIXES)
        }
        with explained(self._log.parent):
            if self._log.exists() and self._log.stat().st_size > LARGEST_LOG:
                self._log.rename(self._log.with_suffix(".log.1"))
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603  our own modules
                    [sys.executable, "-m", self.program.module],
                    cwd=CHECKOUT,
                    env=environment | dict(self.program.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    umask=0o077,
                )
            ProcessRecord.of(self._process.pid).write(self._record)
        self._started_at = time.monotonic()

    def wait_until_healthy(self, *, stopping: Callable[[], bool]) -> None:
        """Wait for the first healthy answer, or for `stopping`. Raises Trouble with the end of the log."""
        deadline = time.monotonic() + START_WITHIN
        while not stopping():
            assert self._process is not None
            if self._process.poll() is not None:
                raise self._failed(f"ended with exit code {self._process.returncode} while starting")
            if self.program.healthy():
                return
            if time.monotonic() > deadline:
                raise self._failed(f"was not healthy within {START_WITHIN:.0f} s")
            time.sleep(0.05)

    def tend(self) -> str:
        """Start the process again when it has ended, not before its back-off; say so. "" when all is well."""
        assert self._process is not None
        now = time.monotonic()
        if self._process.poll() is None:
            return ""
        if not self._start_again_at:
            self._failures = 1 if now - self._started_at > STEADY else self._failures + 1
            wait = min(0.2 * 2 ** (self._failures - 1), LONGEST_BACK_OFF)
            self._start_again_at = now + wait
            return (
                f"{self.program.name} ended (exit code {self._process.returncode}); "
                f"starting it again in {wait:.1f} s. Its log: {self._log}"
            )
        if now >= self._start_again_at:
            self._start_again_at = 0.0
            self.start()
        return ""

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGTERM)

    def stop(self) -> None:
        """Send SIGTERM and wait; kill what does not end in time."""
        if self._process is not None:
            self.ask_to_stop()
            try:
                self._process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._record.unlink(missing_ok=True)

    def _failed(self, what: str) -> Trouble:
        tail = last_lines(self._log)
        if "No space left on device" in tail:
            return disk_full(self._log.parent)
        return Trouble(
            f"{self.program.name} {what}. The end of {self._log}:\n{tail}",
            remedy="Mend what the log names and start again; what is stored is not touched by this.",
        )

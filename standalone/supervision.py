"""One office or the gateway as a process: started, watched, started again with back-off, stopped in order."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from standalone.processes import OwnProcess

CHECKOUT = Path(__file__).resolve().parent.parent
START_WITHIN = 60.0
"""Seconds that a process may take to become healthy at the start of the house."""
STEADY = 30.0
"""Seconds after which a process counts as steady and its back-off begins anew."""
LONGEST_BACK_OFF = 10.0

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SSL_CERT_FILE")
_INHERITED_PREFIXES = ("OTEL_",)


class Child(OwnProcess):
    """A Python module of ours as a process, with its settings and how to ask whether it is healthy."""

    stop_within = 12.0
    """Seconds from SIGTERM until it is killed; an office drains for 5."""

    def __init__(
        self,
        name: str,
        *,
        module: str,
        settings: Mapping[str, str],
        healthy: Callable[[], bool],
        log: Path,
        record: Path,
    ) -> None:
        remedy = "Mend what the log names and start again; what is stored is not touched by this."
        super().__init__(name, log=log, record=record, remedy=remedy)
        self._module = module
        self._settings = settings
        self._healthy = healthy
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._failures = 0
        self._start_again_at = 0.0

    @property
    def pid(self) -> int | None:
        """The id of the running process."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def prepare(self) -> None:
        """Have the process load what it needs, and wait. Raises Trouble when the operating system refuses."""
        # Nothing else is inherited: the starting environment may hold the superuser's database URL.
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name in _INHERITED or name.startswith(_INHERITED_PREFIXES)
        }
        command = [sys.executable, "-m", "standalone.ahead", self._module]
        environment = inherited | dict(self._settings)
        self._process = self.launch(command, folder=CHECKOUT, environment=environment, stdin=subprocess.PIPE)

    def start(self) -> None:
        """Start the process, prepared or not. Raises Trouble when the operating system refuses."""
        if self.pid is None:
            self.prepare()
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(BrokenPipeError), self._process.stdin as go_on:  # broken: it has ended already
            go_on.write(b"\n")
        self._started_at = time.monotonic()

    def wait_until_healthy(self, *, stopping: Callable[[], bool]) -> None:
        """Wait for the first healthy answer, or for `stopping`. Raises Trouble with the end of the log."""
        assert self._process is not None
        answers = self.wait_for(self._process, lambda: stopping() or self._healthy(), within=START_WITHIN)
        if not answers and not stopping():
            raise self.failed(f"ended with exit code {self._process.returncode} while starting")

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
                f"{self.name} ended (exit code {self._process.returncode}); "
                f"starting it again in {wait:.1f} s. Its log: {self.log}"
            )
        if now >= self._start_again_at:
            self._start_again_at = 0.0
            self.start()
        return ""

    def ask_to_stop(self) -> None:
        """Send SIGTERM, and do not wait."""
        if self._process is not None:
            self._process.terminate()

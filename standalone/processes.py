"""Processes that a house starts: logged, and recorded by id, so that a later start finds them after a crash.

A process is known by its id *and* the moment it started, so a reused id is never mistaken for it.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from standalone.account import Account
from standalone.trouble import Trouble, disk_full, explained

LARGEST_LOG = 20 * 1024 * 1024
"""Bytes at which a log is put aside when its process starts."""


@contextmanager
def ended_once() -> Generator[None]:
    """Let the first SIGINT or SIGTERM end what is under way; further ones don't hinder what it started from ending."""

    def end(*_: object) -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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


def stop_recorded(record: Path, *signals: signal.Signals, patience: float) -> None:
    """Stop the process that the file `record` names, whoever started it; forget it."""
    known = ProcessRecord.read(record)
    if known is not None:
        known.stop(*signals, patience=patience)
    record.unlink(missing_ok=True)


class OwnProcess:
    """A program as a process of the house, its id in the file `record`, what it prints in `log`."""

    stop_signals: tuple[signal.Signals, ...] = (signal.SIGTERM,)
    stop_within = 10.0
    """Seconds that each signal has to work."""

    def __init__(self, name: str, *, log: Path, record: Path, remedy: str) -> None:
        self.name = name
        self.log = log
        self.record = record
        self._remedy = remedy

    def running(self) -> psutil.Process | None:
        """The process, when it is there."""
        record = ProcessRecord.read(self.record)
        return record.running() if record is not None else None

    def stop(self) -> None:
        """Stop the process, also one that an earlier, killed house left behind; kill what does not end in time."""
        stop_recorded(self.record, *self.stop_signals, patience=self.stop_within)

    def launch(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        account: Account | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start the program in `folder`, under `account` where one is given. Raises Trouble."""
        with explained(self.log.parent):
            if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
                self.log.rename(self.log.with_suffix(".log.1"))
            with self.log.open("ab") as log:
                process = subprocess.Popen(  # noqa: S603  our own modules and wheels
                    arguments,
                    cwd=folder,
                    env=environment,
                    stdin=stdin,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    umask=0o077,
                    user=account.uid if account else None,
                    group=account.gid if account else None,
                    extra_groups=[] if account else None,
                )
            ProcessRecord.of(process.pid).write(self.record)
        return process

    def wait_for(self, process: subprocess.Popen[bytes], answers: Callable[[], bool], *, within: float) -> bool:
        """Wait until it `answers`. False when it ended instead. Raises Trouble after `within` seconds."""
        deadline = time.monotonic() + within
        while process.poll() is None:
            if answers():
                return True
            if time.monotonic() > deadline:
                self.stop()
                raise self.failed(f"did not answer within {within:.0f} s")
            time.sleep(0.03)
        return False

    def last_lines(self, count: int = 12) -> str:
        """The end of its log, indented for a message; empty when there is none."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(f"    {line}" for line in lines[-count:])

    def failed(self, what: str) -> Trouble:
        """That the program failed, with the end of its log."""
        tail = self.last_lines()
        if "No space left on device" in tail:
            return disk_full(self.log.parent)
        return Trouble(f"{self.name} {what}. The end of {self.log}:\n{tail}", remedy=self._remedy)

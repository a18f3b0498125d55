"""The data directory: everything that one house on one machine keeps, and the lock that makes it one house."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from standalone.ca import DevelopmentCa, write_json
from standalone.processes import stop_recorded
from standalone.trouble import Trouble, explained

LAYOUT = 1
"""Version of what stands where in a data directory. A newer one is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """What a house is from its creation on."""

    layout: int
    sample: bool
    """Generated data only; its clock can be moved forwards."""
    deployment: str
    """Name bound into every ciphertext."""
    trust_domain: str
    """SPIFFE trust domain of its certificates."""
    authority: str
    """USCC of the authority that runs it."""
    keys: str = "file"
    """Who keeps the outermost keys: file or openbao."""


def default_folder() -> Path:
    """The data directory when none is named: `chengxin` in the XDG data home."""
    home = os.environ.get("XDG_DATA_HOME", "")
    return (Path(home) if home else Path.home() / ".local" / "share") / "chengxin"


class DataDir:
    """Paths within one data directory. Making one touches nothing; `locked` does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.postgres = self.folder / "postgres"
        self.valkey = self.folder / "valkey"
        self.openbao = self.folder / "openbao"
        self.witness = self.folder / "witness"
        self.ca = self.folder / "ca"
        self.issuers = self.folder / "issuers.json"
        self.role_passwords = self.folder / "secrets" / "roles"
        self.logs = self.folder / "logs"
        self.run = self.folder / "run"
        self.sample_parties = self.folder / "sample-parties.json"
        self.sample_authorities = self.folder / "sample-authorities.json"
        self.sample_officials = self.folder / "sample-officials.json"
        self._character = self.folder / "chengxin.json"
        self._doors = self.folder / "house.json"
        self._lock = self.folder / "lock"

    def identity(self, name: str) -> Path:
        """The folder of a process's certificate and key."""
        return self.folder / "identities" / name

    def keys(self, office: str) -> Path:
        """The key provider's folder of an office."""
        return self.folder / "keys" / office

    def secret(self, name: str) -> Path:
        """The file of a secret that one process gets by path."""
        return self.folder / "secrets" / name

    def log(self, name: str) -> Path:
        """The log file of a process."""
        return self.logs / f"{name}.log"

    @property
    def exists(self) -> bool:
        """Whether a house was made here."""
        return self._character.is_file()

    def character(self) -> Character:
        """What the house is. Raises Trouble when there is none here, or one of a newer layout."""
        try:
            content = json.loads(self._character.read_text())
        except FileNotFoundError:
            raise Trouble.of("NO_HOUSE", folder=self.folder) from None
        except (OSError, ValueError) as error:
            raise Trouble.of("CHARACTER_UNREADABLE", file=self._character) from error
        if content.get("layout") != LAYOUT:
            raise Trouble.of("OTHER_LAYOUT", folder=self.folder, layout=content.get("layout"), known=LAYOUT)
        return Character(**content)

    def development_ca(self) -> DevelopmentCa:
        """The CA of the house."""
        return DevelopmentCa(self.ca, trust_domain=self.character().trust_domain)

    def settle(self, character: Character) -> None:
        """Write down what the new house is."""
        write_json(self._character, asdict(character))

    def doors(self) -> dict[str, str]:
        """Where the house's doors are, as of its last start; empty before its first."""
        try:
            return dict(json.loads(self._doors.read_text()))
        except FileNotFoundError:
            return {}

    def write_doors(self, doors: Mapping[str, str]) -> None:
        """Write down where the house's doors are."""
        write_json(self._doors, dict(doors))

    def owner(self) -> int | None:
        """The id of the process that has the house open; None when nobody has."""
        try:
            with self._lock.open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _pid_in(self._lock)
        except OSError:
            return None
        return None

    def check_writable(self) -> None:
        """Raise Trouble when a house could not be made here. Leaves nothing behind."""
        there = next(place for place in (self.folder, *self.folder.parents) if place.exists())
        with explained(self.folder):
            if not there.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            tempfile.TemporaryFile(dir=there).close()

    @contextmanager
    def locked(self) -> Generator[None]:
        """Make the folder where it is missing and hold it: one house, one process that runs it.

        What a killed predecessor left running is stopped. Raises Trouble when the folder is in use, not
        writable, or full.
        """
        with explained(self.folder):
            inner = ("identities", "keys", "logs", "run", "secrets", "secrets/roles")
            for folder in (self.folder, *(self.folder / name for name in inner)):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            lock = self._lock.open("a+")
        with lock:
            self._take(lock)
            self._stop_left_behind()
            yield

    def _take(self, lock: IO[str]) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Trouble.of("HOUSE_IN_USE", folder=self.folder, pid=_pid_in(self._lock)) from None
        with explained(self.folder):
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()

    def _stop_left_behind(self) -> None:
        """Stop offices of a killed house, found by the ids it wrote down. The engines see to their own."""
        for record in self.run.glob("*.json"):
            stop_recorded(record, signal.SIGTERM, patience=8)


def _pid_in(lock: Path) -> int | None:
    text = lock.read_text().strip()
    return int(text) if text.isascii() and text.isdigit() else None

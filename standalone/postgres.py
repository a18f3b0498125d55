"""A real PostgreSQL of the house's own, from a wheel, in one folder, on a Unix socket and no port."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psutil
import psycopg

from standalone.account import MAJOR, binaries, unprivileged_account
from standalone.ca import write_private
from standalone.processes import OwnProcess
from standalone.trouble import Trouble, explained

SUPERUSER = "postgres"

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_directories": ".",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "fsync": "on",
    "synchronous_commit": "on",
    "transaction_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",
    # Pages are written to the log whole after each checkpoint; twice the usual distance still recovers in seconds.
    "max_wal_size": "2GB",
    # Statements and the details of errors can quote values of rows: they stay out of the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 103
"""Bytes that every supported system allows in the path of a Unix socket."""
SHORT = Path("/tmp")  # noqa: S108  whose link lies there is looked at before it is used
"""A folder whose path leaves room for a socket's."""
LOCKS = ("postmaster.pid", f"{SOCKET}.lock")
"""Files in a cluster's folder whose first line is the id of the server that holds it."""
STILL_GOING = ("pre-existing shared memory block", *(f'{lock}" already exists' for lock in LOCKS))
"""What a server says that finds one before it not quite ended."""
PASSES_WITHIN = 10.0
"""Seconds after which that one is not ending: it is at work, and the start is given up."""
START_WITHIN = 60.0
"""Seconds that a start may take, crash recovery included."""


def shared_buffers(memory: int) -> str:
    """The setting for a machine with so many bytes of memory: an eighth of it, at least 128 MB, at most 2 GB."""
    return f"{min(max(memory >> 23, 128), 2048)}MB"


class Postgres(OwnProcess):
    """One PostgreSQL server in `folder` (`cluster/`, `password`, `process.json`), logging to `log`."""

    stop_signals = (signal.SIGINT, signal.SIGQUIT)
    stop_within = 20.0

    def __init__(self, folder: Path, *, log: Path, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(
            "PostgreSQL",
            log=log,
            record=folder / "process.json",
            remedy="Mend what the log names, or give CHENGXIN_DATABASE_URL of another PostgreSQL.",
        )
        self._folder = folder
        self._cluster = folder / "cluster"
        self._password = folder / "password"
        buffers = shared_buffers(psutil.virtual_memory().total)
        self._settings = SETTINGS | {"shared_buffers": buffers} | dict(settings or {})
        digest = hashlib.sha256(os.fsencode(self._cluster)).hexdigest()
        self._short_name = SHORT / f"chengxin-{os.geteuid()}-{digest[:16]}"

    def url(self, database: str = "postgres") -> str:
        """The URL of a database of this server, without a role."""
        return f"postgresql:///{quote(database)}?host={quote(str(self._socket_folder()))}"

    def admin_dsn(self, database: str = "postgres") -> str:
        """The superuser's connection string for a database."""
        password = quote(self._password.read_text(), safe="")
        return self.url(database).replace("//", f"//{SUPERUSER}:{password}@", 1)

    def start(self) -> None:
        """Start the server, creating its cluster at first; return when it answers.

        A server that an earlier, killed house left behind is stopped first. Raises Trouble.
        """
        with explained(self._folder):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            super().stop()
            if not self._cluster.exists():
                self._create_cluster()
            self._check_version()
        settings = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        deadline = time.monotonic() + PASSES_WITHIN
        self._clear_stale_locks()
        while not self.wait_for(self._run("postgres", settings), self._answers, within=START_WITHIN):
            # A killed server, and its processes that see its death, are gone within moments.
            if not any(sign in self.last_lines(4) for sign in STILL_GOING) or time.monotonic() > deadline:
                raise self.failed("did not start")
            time.sleep(0.2)
            self._clear_stale_locks()

    def stop(self) -> None:
        """Stop the server: transactions are rolled back, everything committed is on disk."""
        super().stop()
        if self._short_name.is_symlink() and self._short_name.lstat().st_uid == os.geteuid():
            self._short_name.unlink()

    def _create_cluster(self) -> None:
        draft = self._folder / "cluster.draft"
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700)
        if not self._password.exists():
            write_private(self._password, secrets.token_urlsafe(32).encode())
            self._password.chmod(0o400)
        account = unprivileged_account()
        if account is not None:
            # The folder above stays closed to that account; it reads the password as its standard input.
            for path in (draft, self._password):
                os.chown(path, account.uid, account.gid)
        arguments = ["--auth=scram-sha-256", "--pwfile=/dev/stdin", "--encoding=UTF8", "--locale=C"]
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        if self._settings["fsync"] == "off":
            arguments.append("--no-sync")
        with self._password.open("rb") as password:
            made = self._run("initdb", ["-U", SUPERUSER, *arguments], cluster=draft, stdin=password).wait()
        if made != 0:
            raise self.failed("could not create its cluster")
        draft.rename(self._cluster)

    def _check_version(self) -> None:
        found = (self._cluster / "PG_VERSION").read_text().strip()
        if found != str(MAJOR):
            raise Trouble(
                f"{self._cluster} was written by PostgreSQL {found}; this checkout brings {MAJOR}.",
                remedy=f"Use a checkout that brings PostgreSQL {found}, or dump and restore into a new --data DIR.",
            )

    def _clear_stale_locks(self) -> None:
        """Remove the lock files of a dead server: PostgreSQL would take any process with its id for that server.

        Where a PostgreSQL has that id a file stays, and PostgreSQL itself judges.
        """
        for file in (self._cluster / lock for lock in LOCKS):
            with suppress(psutil.Error, ValueError, OSError):
                process = psutil.Process(int(file.read_text().split("\n", 1)[0]))
                if process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE:
                    continue
            file.unlink(missing_ok=True)

    def _run(
        self,
        program: str,
        arguments: list[str],
        *,
        cluster: Path | None = None,
        stdin: int | IO[bytes] = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        account, folder = unprivileged_account(), cluster or self._cluster
        place = str(folder) if account is None else "/proc/self/cwd"
        return self.launch(
            [str(binaries(account) / program), "-D", place, *arguments],
            folder=folder,
            environment={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            stdin=stdin,
            account=account,
        )

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.admin_dsn(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _socket_folder(self) -> Path:
        """Where clients find the socket: the cluster's folder, or a short name for it where that is too long."""
        if len(os.fsencode(self._cluster / SOCKET)) <= LONGEST_SOCKET_PATH:
            return self._cluster
        with suppress(FileExistsError):
            self._short_name.symlink_to(self._cluster)
        if self._short_name.lstat().st_uid != os.geteuid() or self._short_name.readlink() != self._cluster:
            raise Trouble(f"{self._short_name} is somebody else's.", remedy="Choose a shorter path with --data DIR.")
        return self._short_name

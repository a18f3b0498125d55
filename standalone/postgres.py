"""A real PostgreSQL of the house's own, from a wheel, in one folder, on a Unix socket and no port."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psutil
import psycopg

from standalone.account import MAJOR, binaries, unprivileged_account
from standalone.processes import ProcessRecord, last_lines
from standalone.trouble import Trouble, disk_full, explained

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
    # Statements and the details of errors can quote values of rows: they stay out of the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 103
"""Bytes that every supported system allows in the path of a Unix socket."""
SHORT = 50
"""Bytes of a folder's path that leave room for a socket in it."""
START_WITHIN = 60.0
"""Seconds that a start may take, crash recovery included."""


class Postgres:
    """One PostgreSQL server in `folder` (`cluster/`, `password`, `process.json`), logging to `log`."""

    def __init__(self, folder: Path, *, log: Path, settings: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._cluster = folder / "cluster"
        self._password = folder / "password"
        self._record = folder / "process.json"
        self._log = log
        self._settings = SETTINGS | dict(settings or {})
        self._short_name = folder / "short-name"

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
            stop_recorded(self._record)
            if not self._cluster.exists():
                self._create_cluster()
            self._check_version()
            self._clear_stale_lock()
        deadline = time.monotonic() + START_WITHIN
        while not self._came_up(self._spawn(), deadline):
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop the server: transactions are rolled back, everything committed is on disk."""
        stop_recorded(self._record)
        self._forget_short_name()

    def running(self) -> bool:
        """Whether the server process is there."""
        record = ProcessRecord.read(self._record)
        return record is not None and record.running() is not None

    def _create_cluster(self) -> None:
        draft = self._folder / "cluster.draft"
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700)
        if not self._password.exists():
            self._password.touch(mode=0o600)
            self._password.write_text(secrets.token_urlsafe(32))
            self._password.chmod(0o400)
        reader, writer = os.pipe()
        account = unprivileged_account()
        if account is not None:
            os.chown(draft, account.uid, account.gid)
            os.fchown(reader, account.uid, account.gid)
        os.write(writer, self._password.read_bytes())
        os.close(writer)
        arguments = ["--auth=scram-sha-256", "--pwfile=/dev/stdin", "--encoding=UTF8", "--locale=C"]
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        if self._settings["fsync"] == "off":
            arguments.append("--no-sync")
        with self._log.open("ab") as log:
            made = self._launch(draft, "initdb", ["-U", SUPERUSER, *arguments], stdin=reader, log=log).wait()
        os.close(reader)
        if made != 0:
            raise self._failed("could not create its cluster")
        draft.rename(self._cluster)

    def _check_version(self) -> None:
        found = (self._cluster / "PG_VERSION").read_text().strip()
        if found != str(MAJOR):
            raise Trouble(
                f"{self._cluster} was written by PostgreSQL {found}; this checkout brings {MAJOR}.",
                remedy=f"Use a checkout that brings PostgreSQL {found}, or dump and restore into a new --data DIR.",
            )

    def _clear_stale_lock(self) -> None:
        """Remove the lock file of a dead server: PostgreSQL would take any process with its id for that server."""
        file = self._cluster / "postmaster.pid"
        try:
            process = psutil.Process(int(file.read_text().split("\n", 1)[0]))
            if process.name() == "postgres" and Path(process.cwd()).samefile(self._cluster):
                ProcessRecord.of(process.pid).stop(signal.SIGINT, signal.SIGQUIT)
        except FileNotFoundError:
            return
        except (psutil.Error, ValueError, OSError):
            pass  # no such process, or another's: either way not this cluster's server
        file.unlink(missing_ok=True)

    def _spawn(self) -> subprocess.Popen[bytes]:
        arguments = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        with explained(self._log.parent), self._log.open("ab") as log:
            process = self._launch(self._cluster, "postgres", arguments, stdin=subprocess.DEVNULL, log=log)
            ProcessRecord.of(process.pid).write(self._record)
        return process

    def _came_up(self, process: subprocess.Popen[bytes], deadline: float) -> bool:
        """Wait until the server answers. False: it stopped over remains that vanish by themselves."""
        while process.poll() is None:
            try:
                psycopg.connect(self.admin_dsn(), connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    self.stop()
                    raise self._failed(f"did not answer within {START_WITHIN:.0f} s") from None
                time.sleep(0.02)
            else:
                return True
        # Processes of a killed server see its death within moments and end.
        if "pre-existing shared memory block" in last_lines(self._log, 4) and time.monotonic() < deadline:
            return False
        raise self._failed("did not start")

    def _launch(
        self, cluster: Path, program: str, arguments: list[str], *, stdin: int, log: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        account = unprivileged_account()
        place = str(cluster) if account is None else "/proc/self/cwd"
        return subprocess.Popen(  # noqa: S603  our own wheel's binary
            [str(binaries(account) / program), "-D", place, *arguments],
            cwd=cluster,
            stdin=stdin,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )

    def _failed(self, what: str) -> Trouble:
        tail = last_lines(self._log)
        if "No space left on device" in tail:
            return disk_full(self._folder)
        return Trouble(
            f"PostgreSQL {what}. The end of {self._log}:\n{tail}",
            remedy="Mend what the log names, or give CHENGXIN_DATABASE_URL of another PostgreSQL.",
        )

    def _socket_folder(self) -> Path:
        """Where clients find the socket: the cluster's folder, or a short name for it where that is too long."""
        if len(os.fsencode(self._cluster / SOCKET)) <= LONGEST_SOCKET_PATH:
            return self._cluster
        link = self._known_short_name()
        if link is None:
            link = Path(tempfile.mkdtemp(prefix="chengxin-", dir=_short_folder())) / "pg"
            link.symlink_to(self._cluster)
            self._short_name.write_text(str(link))
        return link

    def _known_short_name(self) -> Path | None:
        """The short name of an earlier call, unless that place was cleared or taken over since."""
        with suppress(OSError):
            link = Path(self._short_name.read_text())
            if link.parent.stat().st_uid == os.geteuid() and link.readlink() == self._cluster:
                return link
        return None

    def _forget_short_name(self) -> None:
        link = self._known_short_name()
        if link is not None:
            link.unlink()
            with suppress(OSError):
                link.parent.rmdir()
        self._short_name.unlink(missing_ok=True)


def _short_folder() -> str:
    """A folder for short-lived things whose path leaves room for a socket's."""
    folders = (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir())
    short = (folder for folder in folders if len(folder) <= SHORT and os.access(folder, os.W_OK))
    return next(short, "/var/tmp")  # noqa: S108  only mkdtemp makes something in it


def stop_recorded(record: Path) -> None:
    """Stop the server whose process `record` names, wherever it came from; forget it."""
    known = ProcessRecord.read(record)
    if known is not None:
        known.stop(signal.SIGINT, signal.SIGQUIT, patience=20)
    record.unlink(missing_ok=True)

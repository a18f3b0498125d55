"""The real PostgreSQL and Valkey of a test session: given by URL, from Docker, or from the wheels.

`CHENGXIN_DATABASE_URL` / `CHENGXIN_REDIS_URL` given: those. `ENGINE=docker`: containers, and where no Docker
engine answers, the wheels. Otherwise the wheels. Nothing is skipped for want of an engine.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import redis
from psycopg import sql

from standalone.postgres import SUPERUSER, Postgres
from standalone.processes import ProcessRecord
from standalone.valkey import Valkey

POSTGRES_IMAGE = "postgres:18"
VALKEY_IMAGE = "valkey/valkey:9"
PREFIX = f"chengxin-tests-{os.getuid()}-"


class Engines:
    """The engines of one session. Each starts when a test first asks for it; `stop` ends those started."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._running = ExitStack()
        self._admin_dsn = ""
        self._valkey_url = ""
        self._folder: Path | None = None
        self._said: list[str] = []

    def postgres(self) -> str:
        """The admin connection string of a PostgreSQL."""
        if not self._admin_dsn:
            given = self._environment.get("CHENGXIN_DATABASE_URL", "")
            self._admin_dsn = given or self._from_docker(self._docker_postgres) or self._wheel_postgres()
            with psycopg.connect(self._admin_dsn) as connection:
                version = connection.execute("SHOW server_version").fetchone()
            self._say("PostgreSQL", str(version[0]) if version else "", given, self._folder)
        return self._admin_dsn

    def valkey(self) -> str:
        """The URL of a Valkey (or, where given, Redis)."""
        if not self._valkey_url:
            given = self._environment.get("CHENGXIN_REDIS_URL", "")
            self._valkey_url = given or self._from_docker(self._docker_valkey) or self._wheel_valkey()
            with redis.Redis.from_url(self._valkey_url) as client:
                server = client.info("server")
            version = str(server.get("valkey_version") or server["redis_version"])
            self._say("Valkey" if "valkey_version" in server else "Redis", version, given, self._folder)
        return self._valkey_url

    @property
    def elsewhere(self) -> bool:
        """Whether a house under test is to use these engines rather than start its own from the wheels."""
        given = self._environment.get("CHENGXIN_DATABASE_URL") or self._environment.get("CHENGXIN_REDIS_URL")
        return bool(given) or self._environment.get("ENGINE") == "docker"

    def describe(self) -> str:
        """Which engines the session ran on, in one line."""
        return ", ".join(dict.fromkeys(self._said)) or "none but those that houses under test start from the wheels"

    def stop(self) -> None:
        """Stop what was started and remove its files."""
        self._running.close()

    def _say(self, engine: str, version: str, given: str, folder: Path | None) -> None:
        origin = "given by URL" if given else "from its wheel" if folder else "in Docker"
        self._said.append(f"{engine} {version} {origin}")

    def _wheel_postgres(self) -> str:
        folder = self._own_folder()
        # A test's engine need not outlive a power cut; it outlives every kill that tests do. Nor need its passwords
        # withstand guessing, and to prove one is most of what one of many thousand connections costs.
        settings = {"fsync": "off", "scram_iterations": "1"}
        server = Postgres(folder / "postgres", log=folder / "postgres.log", settings=settings)
        self._running.callback(server.stop)
        server.start()
        dsn = server.admin_dsn()
        with psycopg.connect(dsn) as connection:  # as whom initdb, which knows no settings, made with more
            password = sql.Literal(connection.info.password)
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(SUPERUSER), password))
        return dsn

    def _wheel_valkey(self) -> str:
        folder = self._own_folder()
        server = Valkey(folder / "valkey", log=folder / "valkey.log")
        self._running.callback(server.stop)
        server.start()
        return server.url

    def _own_folder(self) -> Path:
        if self._folder is None:
            _remove_left_behind()
            self._folder = Path(tempfile.mkdtemp(prefix=PREFIX))
            ProcessRecord.of(os.getpid()).write(self._folder / "owner.json")
            self._running.callback(shutil.rmtree, self._folder)
        return self._folder

    def _from_docker(self, start: Callable[[], str]) -> str:
        if self._environment.get("ENGINE") != "docker" or self._folder is not None:
            return ""
        import docker

        try:
            with closing(docker.from_env(timeout=3)) as client:
                client.ping()
            return start()
        except Exception as error:  # whatever keeps Docker from it, the wheels will do
            self._said.append(f"Docker was asked for but gives no engine ({type(error).__name__})")
            return ""

    def _docker_postgres(self) -> str:
        from testcontainers.community.postgres import PostgresContainer

        container = self._running.enter_context(PostgresContainer(POSTGRES_IMAGE, driver=None))
        return str(container.get_connection_url())

    def _docker_valkey(self) -> str:
        from testcontainers.community.redis import RedisContainer

        container = self._running.enter_context(RedisContainer(VALKEY_IMAGE))
        return f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}/0"


def _remove_left_behind() -> None:
    """Stop and remove the engines of sessions that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = ProcessRecord.read(folder / "owner.json")
        if owner is not None and owner.running() is None:
            Postgres(folder / "postgres", log=folder / "postgres.log").stop()
            Valkey(folder / "valkey", log=folder / "valkey.log").stop()
            shutil.rmtree(folder, ignore_errors=True)

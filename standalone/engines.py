"""The engines of a house: PostgreSQL and Valkey of its own from their wheels, or those that URLs name."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg

from standalone.datadir import DataDir
from standalone.postgres import Postgres
from standalone.trouble import Trouble
from standalone.valkey import Valkey

DATABASE = "chengxin"
DATABASE_VARIABLE = "CHENGXIN_DATABASE_URL"
REDIS_VARIABLE = "CHENGXIN_REDIS_URL"
OLDEST_POSTGRES = 170000
"""PostgreSQL 17 brings transaction_timeout."""


class Engines:
    """The database server and the Valkey of one house."""

    def __init__(self, data: DataDir, environment: Mapping[str, str]) -> None:
        self._given_dsn = environment.get(DATABASE_VARIABLE, "")
        self._given_redis = environment.get(REDIS_VARIABLE, "")
        self._postgres = Postgres(data.postgres, log=data.log("postgres"))
        self._valkey = Valkey(data.valkey, log=data.log("valkey"))
        self._own: list[Postgres | Valkey] = []
        self._own += [] if self._given_dsn else [self._postgres]
        self._own += [] if self._given_redis else [self._valkey]

    @property
    def admin_dsn(self) -> str:
        """The connection string of the database's administrator."""
        return self._given_dsn or self._postgres.admin_dsn(DATABASE)

    @property
    def url(self) -> str:
        """The database's URL without a role."""
        return without_user(self._given_dsn) if self._given_dsn else self._postgres.url(DATABASE)

    @property
    def redis_url(self) -> str:
        """The URL of the Valkey or Redis."""
        return self._given_redis or self._valkey.url

    @contextmanager
    def starting(self) -> Generator[None]:
        """Start what is not given by URL, and check what is: Valkey first, PostgreSQL while the block runs.

        Raises Trouble.
        """
        with ThreadPoolExecutor(1) as pool:
            postgres = pool.submit(self.start_postgres)
            if self._given_redis:
                _check_given_redis(self._given_redis)
            else:
                self._valkey.start()
            yield
            postgres.result()

    def start_postgres(self) -> None:
        """Start PostgreSQL alone, with the house's database in it. Raises Trouble."""
        if self._given_dsn:
            _check_given_database(self._given_dsn)
            return
        self._postgres.start()
        with psycopg.connect(self._postgres.admin_dsn(), autocommit=True) as server:
            there = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
            if there is None:
                server.execute(f"CREATE DATABASE {DATABASE}")

    def tend(self) -> str:
        """Start again what has ended; say so. "" when all is well."""
        ended = [engine for engine in self._own if not engine.running()]
        for engine in ended:
            engine.start()
        return " ".join(f"{engine.name} had ended and was started again." for engine in ended)

    def stop(self) -> None:
        """Stop what was started."""
        for engine in reversed(self._own):
            engine.stop()


def without_user(url: str) -> str:
    """A URL without user and password: for handing on, and for showing."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def _check_given_database(dsn: str) -> None:
    try:
        with psycopg.connect(dsn, connect_timeout=5) as connection:
            version = connection.info.server_version
            able = connection.execute(
                "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error as error:
        raise Trouble.of("DATABASE_CLOSED", url=without_user(dsn)) from error
    if version < OLDEST_POSTGRES:
        raise Trouble.of("DATABASE_TOO_OLD", version=version)
    if able is None or not able[0]:
        raise Trouble.of("DATABASE_USER_TOO_WEAK")


def _check_given_redis(url: str) -> None:
    import redis  # noqa: PLC0415  long to load, and a house with a Valkey of its own never asks it

    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise Trouble.of("REDIS_CLOSED", url=without_user(url)) from error

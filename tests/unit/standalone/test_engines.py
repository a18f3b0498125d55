"""The embedded engines are real, durable, closed to others, and told well when they can't start."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from standalone.account import binaries, unprivileged_account
from standalone.postgres import LOCKS, LONGEST_SOCKET_PATH, SOCKET, Postgres, shared_buffers
from standalone.processes import ProcessRecord
from standalone.trouble import Trouble
from standalone.valkey import Valkey


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    folder = tmp_path_factory.mktemp("engine")
    server = Postgres(folder / "postgres", log=folder / "postgres.log", settings={"fsync": "off"})
    server.start()
    yield server
    server.stop()


def ask(server: Postgres, sql: str) -> str:
    with psycopg.connect(server.admin_dsn()) as connection:
        row = connection.execute(sql).fetchone()  # type: ignore[call-overload]
        assert row is not None
        return str(row[0])


def process_of(server: Postgres) -> psutil.Process:
    process = server.running()
    assert process is not None
    return process


def test_it_keeps_what_is_committed_and_listens_on_no_port(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres", log=tmp_path / "postgres.log")
    server.start()
    try:
        for setting, value in {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "max_wal_size": "2GB",
            "listen_addresses": "",
            "max_connections": "200",
            "TimeZone": "UTC",
            "transaction_timeout": "1min",
        }.items():
            assert ask(server, f"SHOW {setting}") == value
        assert not [c for c in process_of(server).net_connections() if c.family.name != "AF_UNIX"]
    finally:
        server.stop()
    assert not server.running()


@pytest.mark.parametrize(("gib", "buffers"), [(0.5, "128MB"), (1, "128MB"), (8, "1024MB"), (512, "2048MB")])
def test_its_buffers_are_an_eighth_of_the_memory_within_bounds(gib: float, buffers: str) -> None:
    assert shared_buffers(int(gib * 2**30)) == buffers


def test_its_buffers_fit_this_machine(engine: Postgres) -> None:
    megabytes = "SELECT setting::bigint / 128 || 'MB' FROM pg_settings WHERE name = 'shared_buffers'"
    assert ask(engine, megabytes) == shared_buffers(psutil.virtual_memory().total)


def test_it_never_runs_as_root_and_its_folder_is_closed(engine: Postgres) -> None:
    assert process_of(engine).uids().effective != 0
    assert stat.S_IMODE(engine._cluster.stat().st_mode) == 0o700
    assert stat.S_IMODE(engine._password.stat().st_mode) == 0o400


def test_nobody_gets_in_without_the_password(engine: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(engine.url(), user="postgres", password="wrong")


def test_values_of_rows_stay_out_of_its_log(engine: Postgres) -> None:
    with psycopg.connect(engine.admin_dsn(), autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE t (v text PRIMARY KEY)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO t VALUES ('canary'), ('canary')")
    log = engine.log.read_text()
    assert "duplicate key" in log
    assert "canary" not in log


def test_a_killed_server_recovers_what_was_committed(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres", log=tmp_path / "postgres.log")
    server.start()
    try:
        with psycopg.connect(server.admin_dsn(), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS v")
        process = process_of(server)
        process.kill()
        process.wait(5)
        server.start()
        assert ask(server, "SELECT v FROM kept") == "42"
    finally:
        server.stop()


def test_a_server_left_running_by_a_killed_house_is_replaced(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres", log=tmp_path / "postgres.log", settings={"fsync": "off"})
    server.start()
    left = process_of(server)
    again = Postgres(tmp_path / "postgres", log=tmp_path / "postgres.log", settings={"fsync": "off"})
    again.start()
    try:
        assert not left.is_running()
        assert process_of(again).pid != left.pid
    finally:
        again.stop()


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_of_a_dead_server_does_not_stop_the_next(tmp_path: Path, name: str) -> None:
    server = Postgres(tmp_path / "postgres", log=tmp_path / "postgres.log", settings={"fsync": "off"})
    server.start()
    server.stop()
    # Its id was given to another process of the same account since.
    account = unprivileged_account()
    runs_as = {"user": account.uid, "group": account.gid} if account else {}
    stranger = subprocess.Popen(["sleep", "600"], **runs_as)
    lock = tmp_path / "postgres" / "cluster" / name
    lock.write_text(f"{stranger.pid}\n{tmp_path}\n")
    try:
        server.start()
        assert stranger.poll() is None
    finally:
        server.stop()
        stranger.kill()
        stranger.wait()


def test_a_killed_server_that_nobody_has_waited_for_does_not_stop_the_next(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres", log=tmp_path / "postgres.log", settings={"fsync": "off"})
    server.start()
    server.stop()
    dead = subprocess.Popen([binaries(None) / "postgres", "--version"], stdout=subprocess.DEVNULL)
    os.waitid(os.P_PID, dead.pid, os.WEXITED | os.WNOWAIT)
    locks = [tmp_path / "postgres" / "cluster" / name for name in LOCKS]
    for lock in locks:
        lock.write_text(f"{dead.pid}\n{tmp_path}\n")
    server._clear_stale_locks()
    try:
        assert not [lock.name for lock in locks if lock.exists()]
    finally:
        dead.wait()


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_that_another_server_still_holds_is_waited_for(tmp_path: Path, name: str) -> None:
    other, server = (
        Postgres(tmp_path / folder, log=tmp_path / f"{folder}.log", settings={"fsync": "off"})
        for folder in ("other", "postgres")
    )
    server.start()
    server.stop()
    other.start()
    holder = process_of(other)
    (tmp_path / "postgres" / "cluster" / name).write_text(f"{holder.pid}\n{tmp_path}\n")
    ending = threading.Timer(0.5, other.stop)
    ending.start()
    try:
        server.start()
        assert f'{name}" already exists' in (tmp_path / "postgres.log").read_text()
        assert ask(server, "SELECT 1") == "1"
    finally:
        ending.join()
        server.stop()


def test_a_cluster_half_made_when_the_house_was_killed_is_made_anew(tmp_path: Path) -> None:
    draft = tmp_path / "postgres" / "cluster.draft"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    server = Postgres(tmp_path / "postgres", log=tmp_path / "postgres.log", settings={"fsync": "off"})
    server.start()
    server.stop()


def test_a_long_path_gets_a_short_name_for_the_socket(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 25) / "postgres"
    assert len(str(folder / "cluster" / SOCKET)) > LONGEST_SOCKET_PATH
    server = Postgres(folder, log=tmp_path / "postgres.log", settings={"fsync": "off"})
    server.start()
    try:
        assert ask(server, "SELECT 1") == "1"
        short = Path(Postgres(folder, log=tmp_path / "postgres.log").url().partition("host=")[2].replace("%2F", "/"))
        assert short.is_symlink()
        # The offices keep the URL: it is the same when the server was killed and started again.
        url = server.url()
        process_of(server).kill()
        server.start()
        assert server.url() == url
        assert ask(server, "SELECT 1") == "1"
    finally:
        server.stop()
    assert not short.is_symlink()


def test_a_short_name_that_leads_elsewhere_is_not_used(tmp_path: Path) -> None:
    server = Postgres(tmp_path / ("deep" * 25) / "postgres", log=tmp_path / "postgres.log")
    server._short_name.symlink_to(tmp_path)
    try:
        with pytest.raises(Trouble, match="somebody else's"):
            server.url()
    finally:
        server._short_name.unlink()


def test_an_engine_that_does_not_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    server = Postgres(
        tmp_path / "postgres", log=tmp_path / "postgres.log", settings={"fsync": "off", "max_connections": "many"}
    )
    with pytest.raises(Trouble) as caught:
        server.start()
    assert "max_connections" in caught.value.what
    assert "CHENGXIN_DATABASE_URL" in caught.value.remedy


def test_a_cluster_of_another_version_is_refused(tmp_path: Path) -> None:
    cluster = tmp_path / "postgres" / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("99\n")
    with pytest.raises(Trouble, match="PostgreSQL 99"):
        Postgres(tmp_path / "postgres", log=tmp_path / "postgres.log").start()


def test_a_full_disk_is_named_as_such(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres", log=tmp_path / "postgres.log")
    (tmp_path / "postgres.log").write_text("FATAL:  could not write lock file: No space left on device\n")
    assert "full" in server.failed("did not start").what


def test_valkey_wants_its_password_writes_no_file_and_comes_back_where_it_was(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "valkey", log=tmp_path / "valkey.log")
    server.start()
    try:
        with redis.Redis.from_url(server.url) as client:
            client.set("a", "b")
            assert client.config_get("save")["save"] == ""
            assert client.config_get("appendonly")["appendonly"] == "no"
        open_door = server.url.replace(server.url.partition("@")[0] + "@", "redis://")
        with redis.Redis.from_url(open_door) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        record = ProcessRecord.read(server.record)
        assert record is not None
        assert "requirepass" not in " ".join(psutil.Process(record.pid).cmdline())
        url = server.url
        os.kill(record.pid, signal.SIGKILL)
        record.stop()
        server.start()
        assert server.url == url
        with redis.Redis.from_url(server.url) as client:
            assert client.get("a") is None
    finally:
        server.stop()
    assert [path.name for path in (tmp_path / "valkey").iterdir()] == []

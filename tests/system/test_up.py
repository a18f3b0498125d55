"""`chengxin up` as a process: it serves, tells trouble well, survives kills, and stops in order."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import grpc
import httpx
import psutil
import psycopg
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from chengxin.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from standalone.ca import DevelopmentCa, System
from standalone.enrol import write_identity
from standalone.health import who_serves
from standalone.house import administered
from standalone.ports import GATEWAY, OFFICES, Ports
from standalone.sample import MARKET
from tests.support.databases import Databases, write_passwords
from tests.support.eventually import eventually
from tests.support.up import CHENGXIN, Up, as_ordinary_user, chengxin, clean_environment, free_ports, on_a_disk_of

PROCESSES = {*OFFICES, GATEWAY}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One running house, for the tests that leave it as it was."""
    folder = tmp_path_factory.mktemp("up")
    running = Up.start(folder / "house", log=folder / "up.log")
    yield running
    running.stop()


def health_of(house: Up) -> dict[str, bool]:
    identity = Path(house.said["data"]) / "identities" / GATEWAY
    return who_serves(identity=identity, ports=Ports.behind(house.doors))


def ask_catalog(house: Up, identity: Path) -> str:
    """Call the catalog with an identity; return "answered" or the reason for the refusal."""
    credentials = grpc.ssl_channel_credentials(
        root_certificates=(identity / "ca.pem").read_bytes(),
        private_key=(identity / "key.pem").read_bytes(),
        certificate_chain=(identity / "cert.pem").read_bytes(),
    )
    with grpc.secure_channel(house.doors["catalog"], credentials) as channel:
        stub = catalog_pb2_grpc.CatalogServiceStub(channel)
        try:
            stub.ListCatalogItems(catalog_pb2.ListCatalogItemsRequest(), timeout=5)
        except grpc.RpcError as error:
            status = rpc_status.from_call(error)  # type: ignore[arg-type]
            info = error_details_pb2.ErrorInfo()
            if status is None or not status.details or not status.details[0].Unpack(info):
                return str(error)
            return info.reason
        return "answered"


def test_it_serves_at_every_door_and_says_where(up: Up) -> None:
    assert health_of(up) == dict.fromkeys(PROCESSES, True)
    assert httpx.get(f"{up.doors['gateway']}/api/v1/openapi.json").status_code == 200
    assert httpx.get(f"{up.doors['log_url']}/checkpoint").text.startswith("chengxin-sample/log\n")
    assert up.doors["log_vkey"].startswith("chengxin-sample/log+")
    assert Path(up.said["logs"], "catalog.log").stat().st_size > 0
    assert "repair.acceptance" in up.said["unconfirmed"]
    assert up.said["seconds"] > 0


def test_nothing_of_it_listens_beyond_this_machine(up: Up) -> None:
    for process in psutil.Process(up.process.pid).children(recursive=True):
        for connection in process.net_connections():
            assert connection.status != psutil.CONN_LISTEN or connection.laddr.ip.removeprefix("::ffff:") == "127.0.0.1"


def test_no_process_gets_the_administrators_password(up: Up) -> None:
    password = Path(up.said["data"], "postgres", "password").read_text()
    for pid in up.pids.values():
        assert password not in str(psutil.Process(pid).environ())
        assert password not in str(psutil.Process(pid).cmdline())


def test_a_second_start_on_the_same_directory_names_the_first(up: Up) -> None:
    second = chengxin("up", "--data", up.said["data"], *free_ports())
    assert second.returncode == 2
    assert str(up.process.pid) in second.stderr
    assert "What to do:" in second.stderr
    assert health_of(up) == dict.fromkeys(PROCESSES, True)


def test_the_doctor_finds_a_running_house_well(up: Up) -> None:
    looked = chengxin("doctor", "--data", up.said["data"])
    assert looked.returncode == 0, looked.stdout
    assert "catalog: serves" in looked.stdout


def test_a_certificate_opens_the_house_from_its_enrolment_until_its_revocation(up: Up, tmp_path: Path) -> None:
    data = ["--data", up.said["data"]]
    who = ["--authority", MARKET.code, "--system", "desk"]
    made = chengxin("enroll", *data, *who, "--role", "consumer", "--out", tmp_path / "desk", "--json")
    assert made.returncode == 0, made.stdout
    fingerprint = json.loads(made.stdout)["fingerprint"]
    assert ask_catalog(up, tmp_path / "desk") == "answered"
    renewed = chengxin("enroll", *data, *who, "--renew", "--out", tmp_path / "renewed")
    assert "[consumer]" in renewed.stdout
    assert ask_catalog(up, tmp_path / "renewed") == "answered"
    assert chengxin("enroll", *data, "--revoke", fingerprint).returncode == 0
    assert ask_catalog(up, tmp_path / "desk") == "NOT_ENROLLED"
    assert ask_catalog(up, tmp_path / "renewed") == "answered"
    assert fingerprint in chengxin("enroll", *data, "--list").stdout


def test_a_certificate_of_the_ca_that_was_never_enrolled_opens_nothing(up: Up, tmp_path: Path) -> None:
    write_identity(
        tmp_path / "stranger",
        System(authority=MARKET.code, name="stranger"),
        ca=DevelopmentCa(Path(up.said["data"]) / "ca", trust_domain="sample.chengxin.example"),
        roles=("auditor",),
        days=1,
        now=datetime.now(UTC),
    )
    assert ask_catalog(up, tmp_path / "stranger") == "NOT_ENROLLED"


async def test_an_office_that_is_killed_comes_back(up: Up) -> None:
    os.kill(up.pids["repair"], signal.SIGKILL)
    await eventually(lambda: not health_of(up)["repair"], within=5)
    await eventually(lambda: health_of(up)["repair"], within=30)


async def test_engines_that_are_killed_come_back_and_the_house_serves_on(up: Up, tmp_path: Path) -> None:
    for process in psutil.Process(up.process.pid).children():
        if process.name() in {"postgres", "valkey-server"}:
            process.kill()
    data = ["--data", up.said["data"], "--authority", MARKET.code, "--system", "after", "--role", "consumer"]

    def enrolled() -> bool:
        return chengxin("enroll", *data, "--out", tmp_path / "after").returncode == 0

    await eventually(enrolled, within=30)
    await eventually(lambda: ask_catalog(up, tmp_path / "after") == "answered", within=30)
    await eventually(lambda: all(health_of(up).values()), within=30)


class Stopped(NamedTuple):
    """A house that Ctrl-C has stopped."""

    data: Path
    exit_code: int
    processes: list[psutil.Process]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Stopped:
    folder = tmp_path_factory.mktemp("stopped")
    house = Up.start(folder / "house", log=folder / "up.log")
    processes = psutil.Process(house.process.pid).children(recursive=True)
    assert {process.pid for process in processes} >= set(house.pids.values())
    return Stopped(folder / "house", house.stop(), processes)


def test_ctrl_c_stops_everything_in_order(stopped: Stopped) -> None:
    assert stopped.exit_code == 0
    assert not [process for process in stopped.processes if process.is_running()]
    assert not list((stopped.data / "run").iterdir())
    for name in (*PROCESSES, "postgres"):
        log = (stopped.data / "logs" / f"{name}.log").read_text()
        assert "Traceback" not in log
        assert "FATAL:  terminating connection" not in log


def test_a_stopped_house_still_enrols(stopped: Stopped, tmp_path: Path) -> None:
    who = ["--authority", MARKET.code, "--system", "desk", "--role", "provider"]
    made = chengxin("enroll", "--data", stopped.data, *who, "--out", tmp_path / "desk")
    assert made.returncode == 0, made.stderr
    assert {file.name for file in (tmp_path / "desk").iterdir()} == {"cert.pem", "key.pem", "ca.pem", "house.json"}


def test_a_sample_house_never_becomes_a_real_one(stopped: Stopped) -> None:
    told = chengxin("up", "--data", stopped.data, "--no-sample", *free_ports())
    assert told.returncode == 2
    assert "never changes" in told.stderr
    production = clean_environment() | {"CHENGXIN_PRODUCTION": "true"}
    told = chengxin("up", "--data", stopped.data, *free_ports(), env=production)
    assert told.returncode == 2
    assert "sample house" in told.stderr


def test_an_engine_that_does_not_start_shows_the_end_of_its_log(stopped: Stopped) -> None:
    control = stopped.data / "postgres" / "cluster" / "global" / "pg_control"
    whole = control.read_bytes()
    control.write_bytes(b"")
    told = chengxin("up", "--data", stopped.data, *free_ports())
    control.write_bytes(whole)
    assert told.returncode == 2
    assert "pg_control" in told.stderr
    assert "postgres.log" in told.stderr
    assert "What to do:" in told.stderr


def test_a_schema_of_a_newer_version_is_refused(stopped: Stopped) -> None:
    def at_version(version: str) -> str:
        with administered(stopped.data, environment={}) as (_, admin_dsn), psycopg.connect(admin_dsn) as connection:
            found = connection.execute("SELECT version_num FROM catalog.alembic_version").fetchone()
            connection.execute("UPDATE catalog.alembic_version SET version_num = %s", (version,))
            assert found is not None
            return str(found[0])

    version = at_version("9999")
    told = chengxin("up", "--data", stopped.data, *free_ports())
    at_version(version)
    assert told.returncode == 2
    assert "newer version" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_house_killed_with_sigkill_recovers_at_the_next_start(stopped: Stopped, tmp_path: Path) -> None:
    first = Up.start(stopped.data, log=tmp_path / "up.log")
    left = psutil.Process(first.process.pid).children(recursive=True)
    first.kill()
    assert [process for process in left if process.is_running()], "its children outlive it"
    second = Up.start(stopped.data, log=tmp_path / "up.log")
    assert not [process for process in left if process.is_running()]
    assert health_of(second) == dict.fromkeys(PROCESSES, True)
    assert second.stop() == 0


def test_a_house_killed_while_it_is_made_is_finished_by_the_next_start(tmp_path: Path) -> None:
    data = tmp_path / "house"
    process = subprocess.Popen(
        [CHENGXIN, "up", "--data", data, *free_ports()],
        stdout=subprocess.PIPE,
        text=True,
        env=clean_environment() | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "schemas" in line:
            break
    process.kill()
    process.wait()
    house = Up.start(data, log=tmp_path / "up.log")
    assert house.stop() == 0


@pytest.mark.parametrize("door", ["catalog", "log", "gateway"])
def test_a_taken_port_is_told_with_the_option_that_changes_it(tmp_path: Path, door: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = [option for option in free_ports() if not option.startswith(f"--{door}")]
        told = chengxin("up", "--data", tmp_path / "house", *options, f"--{door}-port={port}")
    assert told.returncode == 2
    assert f"Port {port}" in told.stderr
    assert f"--{door}-port" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_directory_that_is_not_writable_is_told(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    told = chengxin("up", "--data", closed / "house", *free_ports(), before=as_ordinary_user())
    assert told.returncode == 2
    assert "not writable" in told.stderr
    assert "--data" in told.stderr


@pytest.mark.parametrize("size", ["4k", "8m"])
def test_a_full_disk_is_told(tmp_path: Path, size: str) -> None:
    told = chengxin("up", "--data", tmp_path, *free_ports(), before=on_a_disk_of(size, tmp_path))
    assert told.returncode == 2
    assert "full" in told.stderr
    assert "Free some space" in told.stderr


def test_a_house_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "chengxin.json").write_text('{"layout": 2}')
    told = chengxin("up", "--data", tmp_path, *free_ports())
    assert told.returncode == 2
    assert "another version" in told.stderr


def test_engines_given_by_url_are_used(tmp_path: Path, databases: Databases, valkey: str) -> None:
    given = databases.make_empty()
    write_passwords(databases.server, tmp_path / "house" / "secrets" / "roles")
    environment = clean_environment() | {"CHENGXIN_DATABASE_URL": given.admin_dsn, "CHENGXIN_REDIS_URL": valkey}
    house = Up.start(tmp_path / "house", log=tmp_path / "up.log", env=environment)
    assert house.said["engines"]["database"] == given.url
    assert not (tmp_path / "house" / "postgres").exists()
    assert not (tmp_path / "house" / "valkey").exists()
    assert house.stop() == 0


@pytest.mark.parametrize("variable", ["CHENGXIN_DATABASE_URL", "CHENGXIN_REDIS_URL"])
def test_an_engine_that_a_url_names_and_that_does_not_answer_is_told(tmp_path: Path, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    scheme = "postgresql" if "DATABASE" in variable else "redis"
    environment = clean_environment() | {variable: f"{scheme}://someone:password-told@127.0.0.1:{port}/0"}
    told = chengxin("up", "--data", tmp_path / "house", *free_ports(), env=environment)
    assert told.returncode == 2
    assert variable in told.stderr
    assert "password-told" not in told.stderr


def test_a_real_house_wants_its_authority_and_its_identity_provider(tmp_path: Path) -> None:
    told = chengxin("up", "--data", tmp_path / "house", "--no-sample", *free_ports())
    assert told.returncode == 2
    assert "--authority" in told.stderr
    told = chengxin("up", "--data", tmp_path / "house", "--no-sample", "--authority", MARKET.code, *free_ports())
    assert told.returncode == 2
    assert "CHENGXIN_OIDC_ISSUER" in told.stderr


def test_it_runs_as_an_ordinary_user_too_and_under_a_long_path(tmp_path: Path) -> None:
    data = tmp_path / ("long" * 30)
    house = Up.start(data, log=tmp_path / "up.log", before=as_ordinary_user())
    looked = chengxin("doctor", "--data", data, before=as_ordinary_user())
    assert looked.returncode == 0, looked.stdout
    assert "under the account" not in looked.stdout
    assert house.stop() == 0

"""A house on one machine whose keys an OpenBao of its own keeps."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from standalone.doctor import examine
from standalone.house import House, Wish, running
from standalone.ports import FREE
from standalone.processes import ProcessRecord
from standalone.trouble import Trouble
from tests.support.eventually import eventually
from tests.support.up import CHENGXIN, clean_environment

STORY_WITHIN_S = 270


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with running(Wish(folder=folder, ports=FREE, sample=True, keys="openbao"), environment={}) as house:
        yield house


def keys_of(house: House) -> tuple[bool, str]:
    """How the doctor finds the keys."""
    (found,) = [one for one in examine(house.data, house.ports, {}) if one.subject == "keys"]
    return found.well, f"{found.said} {found.remedy}"


def server_of(house: House) -> psutil.Process:
    record = ProcessRecord.read(house.data.run / "openbao.json")
    process = record.running() if record else None
    assert process is not None
    return process


def test_the_doctor_finds_the_keys_kept_by_an_openbao_that_serves(house: House) -> None:
    well, said = keys_of(house)
    assert well
    assert "serves at https://127.0.0.1:" in said
    assert "tokens last 30 days" in said
    assert house.engine_urls()["openbao"] in said


def test_no_key_of_the_offices_lies_in_a_file(house: House) -> None:
    assert list((house.data.folder / "keys").rglob("*.kek")) == []
    assert list((house.data.folder / "keys").rglob("root.key")) == []
    secrets = [house.data.openbao / name for name in ("unseal.key", "root.token", "catalog.token")]
    assert {stat.S_IMODE(file.stat().st_mode) for file in secrets} == {0o400}


def test_its_openbao_dumps_no_core_and_listens_on_this_machine_only(house: House) -> None:
    server = server_of(house)
    assert server.rlimit(resource.RLIMIT_CORE)[0] == 0
    listening = [one.laddr.ip for one in server.net_connections() if one.status == psutil.CONN_LISTEN]
    assert set(listening) == {"127.0.0.1"}


def test_another_provider_than_it_was_made_with_is_refused(house: House) -> None:
    other = House(Wish(folder=house.data.folder, ports=FREE, keys="file"), environment={}, say=print)
    with pytest.raises(Trouble, match="kept by `openbao`, which never changes") as told:
        other._settled_character()
    assert "--keys file --data DIR" in told.value.remedy


async def test_an_openbao_that_is_killed_is_started_again_and_unsealed(house: House) -> None:
    killed = server_of(house)
    killed.send_signal(signal.SIGKILL)
    await eventually(lambda: not killed.is_running() and keys_of(house)[0], within=20)
    assert server_of(house).pid != killed.pid


async def test_the_doctor_says_that_it_is_sealed_and_what_to_do(house: House) -> None:
    assert house._openbao is not None
    house._openbao.ask("PUT", "sys/seal", {})
    try:
        well, said = keys_of(house)
        assert not well
        assert "is sealed" in said
        assert "bao operator unseal" in said
    finally:
        house._openbao.unseal()
    assert keys_of(house)[0]


def test_the_story_plays_to_its_end_with_keys_in_openbao(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    played = subprocess.run(
        [CHENGXIN, "demo", "--once", "--keys", "openbao", "--report", report, "--data", tmp_path / "house"],
        capture_output=True,
        text=True,
        timeout=STORY_WITHIN_S,
        check=False,
        env=clean_environment(),
    )
    assert played.returncode == 0, played.stdout[-3000:] + played.stderr[-3000:]
    told = json.loads(report.read_text())
    assert told["failed_expectations"] == []
    assert told["log_verified"]
    assert not os.path.exists(tmp_path / "house")

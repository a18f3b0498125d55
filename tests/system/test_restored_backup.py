"""A whole house whose database was restored from an older backup serves nothing of a party, and its log does not fork."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from chengxin.audit.v1 import audit_pb2, audit_pb2_grpc
from chengxin.client.errors import UnavailableError
from standalone.house import House, Wish, running
from standalone.ports import FREE
from standalone.sample import AUDITOR
from standalone.story.cast import Department
from tests.conftest import MakeEnvironment
from tests.support.eventually import eventually


def size_at(house: House, door: str) -> int:
    """The size of the log as the log or its witness tells it; -1 where there is none."""
    if door == "log":
        answer = httpx.get(f"{house.data.doors()['log_url']}/checkpoint")
        return int(answer.text.split("\n")[1]) if answer.is_success else -1
    known: dict[str, str] = httpx.get(f"{house.data.doors()['witness_url']}/state").json()["checkpoints"]
    (signed,) = known.values()
    return int(signed.split("\n")[1]) if signed else -1


def copied(folder: Path, copy: Path) -> None:
    """As a backup: with the owner of each file, who runs the server."""
    subprocess.run(["cp", "-a", folder, copy], check=True)


async def test_a_restored_database_is_refused_until_its_own_future_is_back(
    tmp_path: Path, house_environment: MakeEnvironment
) -> None:
    data, backup, newest = tmp_path / "house", tmp_path / "backup", tmp_path / "newest"
    if house_environment(data):
        pytest.fail("this test restores the house's own PostgreSQL; run it without ENGINE and engine URLs")
    wish = Wish(folder=data, ports=FREE, sample=True)
    postgres = data / "postgres"

    def look(house: House) -> Any:
        auditor = Department(house, AUDITOR, "auditor")
        try:
            stub = auditor.stub("audit", audit_pb2_grpc.AuditServiceStub)
            return auditor.ask(stub.SearchAccesses, audit_pb2.SearchAccessesRequest())
        finally:
            auditor.close()

    with running(wish) as house:
        look(house)
        await eventually(lambda: size_at(house, "witness") >= 1, within=20)
    copied(postgres, backup)
    with running(wish) as house:
        look(house)
        await eventually(lambda: size_at(house, "witness") >= 2, within=20)
        known = size_at(house, "witness")
    postgres.rename(newest)
    backup.rename(postgres)
    with running(wish) as house:
        with pytest.raises(UnavailableError, match="journal lacks entries"):
            look(house)
        assert (size_at(house, "log"), size_at(house, "witness")) == (known - 1, known)
    shutil.rmtree(postgres)
    newest.rename(postgres)
    with running(wish) as house:
        assert look(house).receipt.entry_id > 0
        await eventually(lambda: size_at(house, "witness") > known, within=20)

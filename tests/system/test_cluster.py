"""The processes that k8s/ describes start with the settings that it gives them, and say that they serve."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from standalone.ca import DevelopmentCa, System
from standalone.enrol import write_identity
from standalone.secret_files import random_secret, signing_key
from tests.support.databases import SchemaDatabase
from tests.support.eventually import eventually
from tests.unit.k8s.cluster import ROOT, Container, containers, of_kind

BASE = {container.args[0]: container for container in containers("base")}
PROCESSES = ("catalog", "blacklist", "repair", "audit", "gateway")
AUTHORITY = "11430000MB1234567C"
GUARD = {"CHENGXIN_LOG_URL", "CHENGXIN_LOG_VKEY", "CHENGXIN_WITNESS_URL", "CHENGXIN_WITNESS_VKEY"}
TRUST_DOMAIN = BASE["services.catalog"].environment["CHENGXIN_TRUST_DOMAIN"]


class Cluster:
    """The base as processes of this machine: its paths under one folder, its network on loopback."""

    def __init__(self, folder: Path, database: SchemaDatabase, redis_url: str) -> None:
        self._folder = folder
        self._database = database
        self._redis_url = redis_url
        self._running: list[asyncio.subprocess.Process] = []
        self._lay_out()

    def run(self, module: str) -> subprocess.CompletedProcess[str]:
        """Run a job to its end."""
        return subprocess.run(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=self.environment(BASE[module]),
            capture_output=True,
            text=True,
            check=False,
        )

    async def start(self, module: str) -> str:
        """Start a process; gives its address once it serves."""
        ready = self._folder / f"{module}.ready"
        log = self._folder / f"{module}.log"
        environment = self.environment(BASE[module]) | {"CHENGXIN_READY_FILE": str(ready)}
        with log.open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", module), cwd=ROOT, env=environment, stderr=stderr
            )
        self._running.append(process)

        def serves() -> bool:
            assert process.returncode is None, log.read_text()
            return ready.exists()

        await eventually(serves, within=60)
        return ready.read_text().strip()

    def is_healthy(self, module: str, address: str) -> bool:
        """What the probe of an office says."""
        command = BASE[module].itself["readinessProbe"]["exec"]["command"]
        environment = self.environment(BASE[module]) | {"CHENGXIN_LISTEN": address}
        asked = subprocess.run([sys.executable, *command[1:]], cwd=ROOT, env=environment, check=False)
        return asked.returncode == 0

    async def stop(self) -> None:
        """Stop what was started, the last first."""
        for process in reversed(self._running):
            process.terminate()
            await asyncio.wait_for(process.wait(), 20)

    def environment(self, container: Container) -> dict[str, str]:
        """A container's environment, with its paths and its network moved to this machine."""
        name = container.args[0].rpartition(".")[2]
        # The guard's addresses are the cluster's own and a stranger's; tests/services/audit has offices guarded by both.
        given = {key: value for key, value in container.environment.items() if key not in GUARD}
        moved = {key: self._moved(value, name) for key, value in given.items()}
        here = {
            "CHENGXIN_DATABASE_URL": self._database.url,
            "CHENGXIN_REDIS_URL": self._redis_url,
            "CHENGXIN_LISTEN": "127.0.0.1:0",
            "CHENGXIN_LOG_LISTEN": "127.0.0.1:0",
            "CHENGXIN_ENTRIES_LISTEN": "127.0.0.1:0",
        }
        return {"PATH": os.environ["PATH"]} | moved | {k: v for k, v in here.items() if k in moved}

    def _moved(self, value: str, name: str) -> str:
        identity = value.replace("/etc/chengxin/identity", f"{self._folder}/identity/{name}")
        return identity.replace("/etc/chengxin", f"{self._folder}/etc").replace(
            "/var/lib/chengxin", f"{self._folder}/keys"
        )

    def _lay_out(self) -> None:
        etc = self._folder / "etc"
        for name in ("trust", "admin", "gateway", "enrolments", "certificates"):
            (etc / name).mkdir(parents=True)
        (etc / "roles").symlink_to(self._database.secrets)
        ca = DevelopmentCa(etc / "trust", trust_domain=TRUST_DOMAIN)
        now = datetime.now(UTC)
        ca.establish(now=now)
        for name in PROCESSES:
            write_identity(
                self._folder / "identity" / name,
                System(authority=AUTHORITY, name=name, serves=True),
                ca=ca,
                roles=("office",),
                days=1,
                now=now,
            )
            (etc / "certificates" / f"{name}.pem").symlink_to(self._folder / "identity" / name / "cert.pem")
        (etc / "trust" / "issuers.json").write_text("[]")
        (etc / "admin" / "url").write_text(self._database.admin_dsn)
        (etc / "gateway" / "oidc-client-secret").write_text("secret")
        random_secret(etc / "gateway" / "cookie")
        signing_key(etc / "gateway" / "person-issuer.pem")
        (enrolments,) = [
            one["data"]["enrolments.json"] for one in of_kind("base", "ConfigMap") if "enrolments.json" in one["data"]
        ]
        (etc / "enrolments" / "enrolments.json").write_text(self._moved(enrolments, ""))


@pytest.fixture
async def cluster(schema_db: Callable[..., SchemaDatabase], valkey: str, tmp_path: Path) -> AsyncIterator[Cluster]:
    made = Cluster(tmp_path, schema_db(), valkey)
    yield made
    await made.stop()


async def test_the_furnished_house_serves_as_described(cluster: Cluster) -> None:
    furnished = cluster.run("scripts.furnish")
    assert furnished.returncode == 0, furnished.stderr
    assert "enrolled catalog of 11430000MB1234567C: office" in furnished.stdout
    again = cluster.run("scripts.furnish")
    assert again.stdout == furnished.stdout
    for office in ("catalog", "blacklist", "repair", "audit"):
        address = await cluster.start(f"services.{office}")
        assert cluster.is_healthy(f"services.{office}", address)
    assert not cluster.is_healthy("services.catalog", "127.0.0.1:1")
    address = await cluster.start("gateway")
    async with httpx.AsyncClient() as visitor:
        assert (await visitor.get(f"http://{address}/readyz")).json() == {"status": "ok"}


def test_a_certificate_of_another_trust_domain_is_not_enrolled(cluster: Cluster, tmp_path: Path) -> None:
    other = DevelopmentCa(tmp_path / "other", trust_domain="other.example")
    other.establish(now=datetime.now(UTC))
    write_identity(
        tmp_path / "stranger",
        System(authority=AUTHORITY, name="stranger"),
        ca=other,
        roles=("provider",),
        days=1,
        now=datetime.now(UTC),
    )
    listed = [{"certificate": str(tmp_path / "stranger" / "cert.pem"), "roles": ["provider"]}]
    (tmp_path / "etc" / "enrolments" / "enrolments.json").write_text(json.dumps(listed))
    furnished = cluster.run("scripts.furnish")
    assert furnished.returncode == 1
    assert "no certificate of a system in the trust domain chengxin.example" in furnished.stderr

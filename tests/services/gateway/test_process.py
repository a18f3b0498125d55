"""The gateway as a process: `python -m gateway`, over real HTTP."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.services.gateway.conftest import PERSON_NUMBER, Browser, Identities, environment
from tests.services.gateway.offices import InTestOffices
from tests.support.eventually import eventually

ROOT = Path(__file__).resolve().parents[3]


def variables(settings: dict[str, Any]) -> dict[str, str]:
    """Settings as the environment gives them."""
    given = {f"CHENGXIN_{name.upper()}": str(value) for name, value in settings.items()}
    return {"PATH": os.environ["PATH"], **given}


async def run(settings: dict[str, Any]) -> asyncio.subprocess.Process:
    """Start a gateway."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", cwd=ROOT, env=variables(settings), stderr=asyncio.subprocess.PIPE
    )


@pytest.fixture
def settings(identities: Identities, offices: tuple[InTestOffices, str], valkey: str, tmp_path: Path) -> dict[str, Any]:
    _, address = offices
    return environment(identities, address, valkey) | {"public_url": "", "ready_file": tmp_path / "ready"}


@pytest.fixture
async def running(settings: dict[str, Any]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await run(settings)
    yield process
    if process.returncode is None:
        process.kill()
        await process.wait()


async def address_of(settings: dict[str, Any]) -> str:
    """Wait until the gateway serves; return where."""
    return await eventually(lambda: told_address(settings["ready_file"]), within=30)


def told_address(ready: Path) -> str:
    """Where the gateway serves, once its file says so."""
    return f"http://{ready.read_text().strip()}" if ready.exists() else ""


async def test_the_process_serves_signs_in_and_stops_in_order(
    settings: dict[str, Any], running: asyncio.subprocess.Process, offices: tuple[InTestOffices, str]
) -> None:
    async with Browser(base_url=await address_of(settings)) as browser:
        assert (await browser.get("/readyz")).status_code == 200
        assert (await browser.sign_in()).status_code == 303
        assert (await browser.get("/api/v1/me/records")).status_code == 200
        stored = await browser.act(
            "/api/v1/me/applications/app-1/evidence",
            data={"description": "x"},
            files={"file": ("f.txt", b"x" * 1_000_000, "text/plain")},
        )
        assert stored.json()["size"] == 1_000_000
    running.terminate()
    _, log = await asyncio.wait_for(running.communicate(), 15)
    assert running.returncode == 0
    text = log.decode()
    assert '"route": "/api/v1/me/applications/{application_id}/evidence"' in text
    assert '"event": "serving"' in text
    assert PERSON_NUMBER not in text
    assert "app-1" not in text


async def test_on_sigterm_it_is_first_not_ready_then_gone(
    settings: dict[str, Any], offices: tuple[InTestOffices, str]
) -> None:
    process = await run(settings | {"drain_s": 30})
    try:
        async with httpx.AsyncClient(base_url=await address_of(settings)) as client:
            process.send_signal(signal.SIGTERM)

            async def not_ready() -> bool:
                return (await client.get("/readyz")).status_code == 503

            await eventually(not_ready)
            assert (await client.get("/api/v1/public/catalog")).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 15) == 0
    finally:
        if process.returncode is None:
            process.kill()


async def test_a_taken_port_is_told(settings: dict[str, Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = await run(settings | {"listen": f"127.0.0.1:{taken.getsockname()[1]}"})
        _, told = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert b"CHENGXIN_LISTEN" in told
    assert b"Traceback" not in told


async def test_a_missing_setting_is_named(settings: dict[str, Any]) -> None:
    del settings["redis_url"]
    process = await run(settings)
    _, told = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert b"redis_url" in told
    assert b"Traceback" not in told

"""A process that ends is started again with back-off, gets no secrets it needs not, and stops in time."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from standalone.processes import ProcessRecord
from standalone.supervision import CHECKOUT, Child
from standalone.trouble import Trouble
from tests.support.eventually import eventually

MakeChild = Callable[..., Child]


@pytest.fixture
def child(tmp_path: Path) -> Iterator[MakeChild]:
    (tmp_path / "sleeper.py").write_text("import time\ntime.sleep(600)\n")
    made: list[Child] = []

    def make(module: str, *, healthy: bool = True, environment: dict[str, str] | None = None) -> Child:
        it = Child(
            "it",
            module=module,
            settings={"PYTHONPATH": str(tmp_path)} | (environment or {}),
            healthy=lambda: healthy,
            log=tmp_path / "it.log",
            record=tmp_path / "it.json",
        )
        made.append(it)
        return it

    yield make
    for one in made:
        one.stop()


def test_a_process_that_ends_while_starting_shows_the_end_of_its_log(child: MakeChild, tmp_path: Path) -> None:
    it = child("no_such_module", healthy=False)
    it.start()
    with pytest.raises(Trouble) as caught:
        it.wait_until_healthy(stopping=lambda: False)
    assert "no_such_module" in caught.value.what
    assert str(tmp_path / "it.log") in caught.value.what


def test_who_is_told_to_stop_waits_no_longer(child: MakeChild) -> None:
    it = child("sleeper", healthy=False)
    it.start()
    it.wait_until_healthy(stopping=lambda: True)


@pytest.fixture
def program(child: MakeChild, tmp_path: Path) -> Child:
    """A program that leaves a file `loaded` when it is loaded, and its arguments in `runs` when it runs."""
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "__init__.py").write_text(f"from pathlib import Path\nat = Path({str(tmp_path)!r})\n")
    (folder / "__main__.py").write_text(
        "import sys, time\n"
        "from program import at\n"
        "if __name__ == '__main__':\n"
        "    at.joinpath('runs').write_text(str(sys.argv[1:]))\n"
        "    time.sleep(600)\n"
        "at.joinpath('loaded').touch()\n"
    )
    return child("program")


async def test_a_prepared_process_is_loaded_and_runs_when_it_is_started(program: Child, tmp_path: Path) -> None:
    program.prepare()
    pid = program.pid
    await eventually((tmp_path / "loaded").exists)
    await asyncio.sleep(0.3)
    assert not (tmp_path / "runs").exists()
    program.start()
    assert await eventually(lambda: (tmp_path / "runs").exists() and (tmp_path / "runs").read_text()) == "[]"
    assert program.pid == pid


def test_a_prepared_process_ends_with_whoever_prepared_it(tmp_path: Path) -> None:
    (tmp_path / "noted.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    command = [sys.executable, "-m", "standalone.ahead", "noted"]
    environment = {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(CHECKOUT)])}
    ended = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, timeout=30, check=False)
    assert ended.returncode == 0
    assert not (tmp_path / "ran").exists()


async def test_a_killed_process_is_started_again_and_said(child: MakeChild) -> None:
    it = child("sleeper")
    it.start()
    first = it.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    said = await eventually(it.tend)
    assert "ended (exit code -9)" in said
    assert "starting it again in 0.2 s" in said
    await eventually(lambda: (it.tend(), it.pid)[1])
    assert it.pid != first


async def test_the_back_off_grows_and_has_a_bound(child: MakeChild) -> None:
    it = child("no_such_module")
    it.start()
    waits = [float((await eventually(it.tend, within=10)).partition("again in ")[2].split()[0]) for _ in range(3)]
    assert waits == [0.2, 0.4, 0.8]


async def test_its_environment_holds_what_it_was_given_and_no_setting_of_the_starter(
    child: MakeChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHENGXIN_DATABASE_URL", "postgresql://postgres:secret@/chengxin")
    monkeypatch.setenv("PGPASSWORD", "secret")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317")
    it = child("sleeper", environment={"CHENGXIN_LISTEN": "127.0.0.1:0"})
    it.start()
    assert it.pid is not None
    environment = await eventually(psutil.Process(it.pid).environ)
    assert "secret" not in str(environment)
    assert environment["CHENGXIN_LISTEN"] == "127.0.0.1:0"
    assert environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4317"


def test_its_record_is_there_while_it_runs_and_gone_when_it_stopped(child: MakeChild, tmp_path: Path) -> None:
    it = child("sleeper")
    it.start()
    record = ProcessRecord.read(tmp_path / "it.json")
    assert record is not None
    assert record.running() is not None
    begun = time.monotonic()
    it.stop()
    assert time.monotonic() - begun < 5
    assert it.pid is None
    assert not (tmp_path / "it.json").exists()


def test_a_log_that_grew_too_large_is_put_aside(
    child: MakeChild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("standalone.processes.LARGEST_LOG", 10)
    (tmp_path / "it.log").write_text("old lines of the log")
    child("sleeper").start()
    assert (tmp_path / "it.log.1").read_text() == "old lines of the log"

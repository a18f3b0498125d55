"""The data directory is one house's, told well when it can't be."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from standalone.datadir import LAYOUT, Character, DataDir, default_folder
from standalone.processes import ProcessRecord
from standalone.trouble import Trouble, trouble_with

CHARACTER = Character(
    layout=LAYOUT, sample=True, deployment="d", trust_domain="t.example", authority="11439999000000001A"
)


def a_process(*extra: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", *extra])


def test_the_default_follows_the_xdg_data_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "chengxin"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_folder() == Path("/home/somebody/.local/share/chengxin")


def test_a_second_start_on_the_same_directory_names_the_process_that_runs_it(tmp_path: Path) -> None:
    with DataDir(tmp_path).locked():
        assert DataDir(tmp_path).owner() == os.getpid()
        with pytest.raises(Trouble, match=str(os.getpid())), DataDir(tmp_path).locked():
            pass
    assert DataDir(tmp_path).owner() is None


def test_the_directory_is_closed_to_others(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "house")
    with data.locked():
        assert {path.stat().st_mode & 0o077 for path in (data.folder, data.logs, data.run)} == {0}


def test_what_a_killed_house_left_running_is_stopped_by_its_id(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    left, stranger = a_process(), a_process()
    try:
        with data.locked():
            ProcessRecord.of(left.pid).write(data.run / "catalog.json")
            # An id that was given to another process since: it started at another time.
            ProcessRecord(stranger.pid, time.time() - 5_000).write(data.run / "repair.json")
        with data.locked():
            assert not psutil.pid_exists(left.pid)
            assert stranger.poll() is None
            assert not list(data.run.iterdir())
    finally:
        stranger.kill()
        stranger.wait()


def test_a_record_cut_short_by_a_crash_is_no_obstacle(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    with data.locked():
        (data.run / "catalog.json").write_text('{"pid": 12')
    with data.locked():
        assert not list(data.run.iterdir())


def test_a_process_that_ignores_every_signal_is_killed() -> None:
    stubborn = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)",
        ],
        stdout=subprocess.PIPE,
    )
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    record = ProcessRecord.of(stubborn.pid)
    record.stop(signal.SIGTERM, patience=0.1)
    assert record.running() is None
    assert not psutil.pid_exists(stubborn.pid)


def test_a_house_of_another_layout_is_refused_with_the_remedy(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    data.settle(CHARACTER)
    assert data.character() == CHARACTER
    content = json.loads((tmp_path / "chengxin.json").read_text())
    (tmp_path / "chengxin.json").write_text(json.dumps(content | {"layout": LAYOUT + 1}))
    with pytest.raises(Trouble) as caught:
        data.character()
    assert "another version" in caught.value.what
    assert "--data" in caught.value.remedy


def test_no_house_and_a_damaged_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="no house"):
        DataDir(tmp_path).character()
    (tmp_path / "chengxin.json").write_text("{")
    with pytest.raises(Trouble, match="can't be read"):
        DataDir(tmp_path).character()


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "house"):
        with pytest.raises(Trouble, match="in the way"), DataDir(folder).locked():
            pass
        with pytest.raises(Trouble, match="in the way"):
            DataDir(folder).check_writable()


@pytest.mark.parametrize(
    ("number", "what", "remedy"),
    [
        (errno.EACCES, "not writable", "--data"),
        (errno.EROFS, "not writable", "--data"),
        (errno.ENOSPC, "full", "Free some space"),
        (errno.EDQUOT, "full", "Free some space"),
        (errno.EIO, "can't be used", "file system"),
    ],
)
def test_each_error_of_the_file_system_has_its_remedy(number: int, what: str, remedy: str) -> None:
    trouble = trouble_with(Path("/data"), OSError(number, os.strerror(number)))
    assert what in trouble.what
    assert remedy in trouble.remedy

"""watch: the cursor is kept only past what was handled, and nothing is acknowledged that was not deleted."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from chengxin.catalog.v1 import record_pb2, sharing_pb2
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from tests.unit.cli.conftest import Run
from tests.unit.client.small_house import AS_OF, BEFORE, SmallHouse

WATCH = ["watch", "--purpose", "tender", "--matter", "C-1", "--officer", "Li", "--once"]


@pytest.fixture
def feed(house: SmallHouse) -> None:
    for cursor, record_id in enumerate(["a", "b"], start=1):
        batch = sharing_pb2.WatchChangesResponse(cursor=str(cursor))
        for kind in (sharing_pb2.CHANGE_KIND_RECORDED, sharing_pb2.CHANGE_KIND_WITHDRAWN):
            batch.changes.add(kind=kind, record_id=record_id, version=1, item_code="cn.penalty", at=AS_OF)
        batch.changes[1].end_reason = record_pb2.END_REASON_REPAIRED
        house.feed.append(batch)


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.usefixtures("feed")
def test_changes_are_told_a_line_each(run: Run) -> None:
    done = run(*WATCH)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[:2] == [
        "2026-01-01T00:00:00Z\trecorded\ta\tcn.penalty",
        "2026-01-01T00:00:00Z\twithdrawn\ta\tcn.penalty\trepaired",
    ]


@pytest.mark.usefixtures("feed")
def test_changes_as_json_lines(run: Run) -> None:
    told = [json.loads(line) for line in run(*WATCH, "--json").stdout.splitlines()]
    assert [change["kind"] for change in told] == ["recorded", "withdrawn"] * 2
    assert (told[1]["end_reason"], told[1]["record_id"]) == ("repaired", "a")


@pytest.mark.usefixtures("feed")
def test_the_next_watch_goes_on_where_this_one_ended(run: Run, tmp_path: Path) -> None:
    cursor = tmp_path / "feed.cursor"
    assert run(*WATCH, "--cursor-file", cursor).stdout.count("\n") == 4
    assert cursor.read_text() == "2"
    assert run(*WATCH, "--cursor-file", cursor).stdout == ""


@pytest.mark.usefixtures("feed")
def test_a_withdrawal_is_acknowledged_once_the_copy_is_deleted(run: Run, house: SmallHouse, tmp_path: Path) -> None:
    forget = script(tmp_path / "forget.sh", f'echo "$1" >> {tmp_path}/deleted')
    assert run(*WATCH, "--delete-with", forget).exit_code == 0
    assert (tmp_path / "deleted").read_text() == "a\nb\n"
    assert house.acknowledged == ["a", "b"]


@pytest.mark.usefixtures("feed")
def test_a_deletion_that_fails_is_not_acknowledged_and_not_passed(run: Run, house: SmallHouse, tmp_path: Path) -> None:
    cursor = tmp_path / "feed.cursor"
    forget = script(tmp_path / "forget.sh", '[ "$1" = a ]')
    done = run(*WATCH, "--cursor-file", cursor, "--delete-with", forget)
    assert done.exit_code == 2
    assert "not acknowledged" in done.stderr
    assert house.acknowledged == ["a"]
    assert cursor.read_text() == "1"


@pytest.mark.usefixtures("feed")
def test_a_delete_command_that_cannot_be_run_is_told(run: Run, house: SmallHouse, tmp_path: Path) -> None:
    assert run(*WATCH, "--delete-with", tmp_path / "none.sh").exit_code == 2
    assert house.acknowledged == []


def test_a_cursor_that_the_house_refuses_ends_with_1(run: Run, house: SmallHouse, tmp_path: Path) -> None:
    house.trouble.append((BEFORE, Refused(VALUE_INVALID, field="cursor")))
    assert run(*WATCH).exit_code == 1


def test_a_cursor_file_that_cannot_be_used_is_told(run: Run, tmp_path: Path) -> None:
    assert run(*WATCH, "--cursor-file", tmp_path).exit_code == 2

"""`chengxin bench` measures every row in a process of its own, and a row that fails does not stop the others."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from standalone.bench import command
from standalone.bench.command import bench, table
from standalone.bench.measuring import percentile_ms
from tests.support.eventually import eventually

app = typer.Typer()
app.command()(bench)
QUICK = {"reached": True, "rate": 12_345}
GIVES: dict[str, dict[str, Any]] = {"quick": QUICK, "journal": QUICK, "failing": {"reached": False}}


def figures(name: str, *_: object) -> dict[str, Any]:
    return dict(GIVES[name])


def rows(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(command, "BENCHES", {name: partial(figures, name) for name in names})
    monkeypatch.setattr(command, "_apart", vars(command)["_measured"])


def test_json_is_one_object_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    rows(monkeypatch, "failing", "quick")
    told = CliRunner().invoke(app, ["all", "--json", "--rounds", "2"])
    results: list[dict[str, Any]] = [json.loads(line) for line in told.stdout.splitlines()]
    assert [result["name"] for result in results] == ["failing", "quick"]
    assert all(set(result) == {"name", "machine", "rounds", "figures", "reached"} for result in results)
    assert (results[1]["rounds"], results[1]["reached"], results[1]["figures"]) == (2, True, {"rate": 12_345})
    assert told.exit_code == 1, "a row that could not be measured must be noticed"


def test_the_table_names_every_row_and_whether_it_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    rows(monkeypatch, "quick")
    told = CliRunner().invoke(app, [])
    assert told.exit_code == 0, told.output
    assert "quick       yes      rate 12,345" in told.stdout


def test_a_row_without_reach_or_figures_is_told_apart() -> None:
    common = {"machine": "any", "rounds": 5}
    told = table(
        [
            common | {"name": "first", "figures": {"rate": 1.5}, "reached": None},
            common | {"name": "scale", "figures": {}, "reached": False},
        ]
    )
    assert "first       -        rate 1.5" in told
    assert "scale       NO       could not be measured" in told


def test_a_row_is_given_the_sizes_and_read_from_its_output(monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import json, sys; print(json.dumps({'name': sys.argv[2], 'figures': {'given': sys.argv[3:]}}))"
    monkeypatch.setattr(command, "COMMAND", ("python3", "-c", program))
    result = vars(command)["_apart"]("ingest", command.Size(records=200))
    assert result["name"] == "ingest"
    assert {"--json", "--records=200", "--rounds=5"} <= set(result["figures"]["given"])


def test_a_row_whose_process_fails_has_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "COMMAND", ("python3", "-c", "raise SystemExit(2)"))
    result = vars(command)["_apart"]("ingest", command.Size())
    assert (result["name"], result["figures"], result["reached"]) == ("ingest", {}, False)


async def test_who_stops_a_bench_lets_the_row_stop_its_house_first(tmp_path: Path) -> None:
    begun, stopped = tmp_path / "begun", tmp_path / "stopped"
    row = (
        "import sys, time\nfrom pathlib import Path\nfrom standalone.processes import ended_once\n"
        "with ended_once():\n  try:\n    Path(sys.argv[1]).touch()\n    time.sleep(60)\n"
        "  finally:\n    time.sleep(2)\n    Path(sys.argv[2]).touch()\n"
    )
    whole = (
        "import sys\nfrom standalone.bench import command\nfrom standalone.processes import ended_once\n"
        "command.COMMAND = (sys.executable, '-c', *sys.argv[1:])\n"
        "with ended_once():\n  command._apart('check', command.Size())\n"
    )
    given = [sys.executable, "-c", whole, row, str(begun), str(stopped)]
    bench_all = await asyncio.create_subprocess_exec(*given, stderr=subprocess.DEVNULL)
    await eventually(begun.exists, within=20)
    bench_all.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.5)  # the row is stopping
    bench_all.send_signal(signal.SIGINT)
    async with asyncio.timeout(20):
        assert await bench_all.wait() != 0
    assert stopped.exists()


def test_what_the_log_was_called_before_is_still_known(monkeypatch: pytest.MonkeyPatch) -> None:
    rows(monkeypatch, "journal")
    assert '"journal"' in CliRunner().invoke(app, ["log", "--json"]).stdout


def test_no_percentile_is_longer_than_the_longest() -> None:
    assert percentile_ms([0.001 * n for n in range(51)], 99) == 49.5
    assert percentile_ms([0.1, 0.2], 99) == 199
    assert percentile_ms([0.1], 99) == 0

"""`chengxin bench crypto` measures what it says, and tells what it lacks."""

from __future__ import annotations

import json
import sys

import pytest
import typer
from typer.testing import CliRunner

from standalone.bench import crypto
from standalone.bench.command import bench

app = typer.Typer()
app.command()(bench)
RATIOS = ("ratio_to_raw", "ratio_to_raw_seal", "ratio_to_raw_open", "ratio_to_raw_suite_2", "ratio_to_encryptedtype")


def test_all_ways_are_measured_in_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crypto, "BURST", 2)
    told = CliRunner().invoke(app, ["crypto", "--json", "--rounds", "1"])
    assert told.exit_code == 0, told.output
    figures = json.loads(told.stdout)["figures"]
    ways = ("suite_1", "suite_2", "raw", "column_gcm", "column_cbc")
    assert all(figures[f"{way}_{done}_us"] > 0 for way in ways for done in ("seal", "open"))
    assert all(figures[ratio] > 0 for ratio in RATIOS)


def test_a_missing_rival_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy_utils.types.encrypted.encrypted_type", None)
    told = CliRunner().invoke(app, ["crypto", "--rounds", "1"])
    assert told.exit_code != 0
    assert "sqlalchemy-utils" in told.output
    assert "make setup" in told.output

"""The doctor finds what is missing or busy and names the remedy."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from standalone.datadir import DataDir
from standalone.doctor import Finding, examine
from standalone.ports import FREE


def findings(folder: Path, **ports: int) -> dict[str, Finding]:
    looked = examine(DataDir(folder), replace(FREE, **ports), {})
    return {finding.subject: finding for finding in looked}


def test_a_good_place_is_well_and_nothing_is_left_there(tmp_path: Path) -> None:
    found = findings(tmp_path / "house")
    assert all(finding.well for finding in found.values()), found
    assert {"PostgreSQL", "Valkey", "disk", "data directory", "ports"} == set(found)
    assert not (tmp_path / "house").exists()


def test_a_taken_port_is_trouble_with_its_option(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = findings(tmp_path / "house", gateway=taken.getsockname()[1])
    assert not found["ports"].well
    assert "--gateway-port" in found["ports"].remedy


def test_a_newer_house_and_a_file_in_the_way_are_trouble(tmp_path: Path) -> None:
    (tmp_path / "chengxin.json").write_text('{"layout": 99}')
    assert "another version" in findings(tmp_path)["data directory"].said
    (tmp_path / "file").touch()
    assert "in the way" in findings(tmp_path / "file")["data directory"].said


def test_a_full_disk_is_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("standalone.doctor.LEAST_FREE", 2**80)
    assert "Free some space" in findings(tmp_path)["disk"].remedy


def test_a_house_that_is_being_made_names_who_makes_it(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    with data.locked():
        assert str(os.getpid()) in findings(tmp_path)["data directory"].said


def test_an_engine_given_by_url_that_does_not_answer_is_trouble(tmp_path: Path) -> None:
    given = {"CHENGXIN_DATABASE_URL": "postgresql://nobody:told@127.0.0.1:1/none"}
    looked = {finding.subject: finding for finding in examine(DataDir(tmp_path / "house"), FREE, given)}
    assert not looked["PostgreSQL"].well
    assert "told" not in looked["PostgreSQL"].said
    assert "unset" in looked["PostgreSQL"].remedy

"""The identity folder: each thing that can be missing or wrong is told with its remedy."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chengxin.client.errors import IdentityError
from chengxin.client.identity import VARIABLE, Identity
from tests.unit.client.certificates import Pair, issue, make_ca, write_identity

HOUSE = {"catalog": "localhost:1", "audit": "localhost:2", "gateway": "http://localhost:3", "log_vkey": "k"}


@pytest.fixture(scope="module")
def ca() -> Pair:
    return make_ca()


@pytest.fixture
def folder(tmp_path: Path, ca: Pair) -> Path:
    return write_identity(tmp_path / "identity", issue(ca, "permits"), ca, HOUSE)


def test_an_enrolled_folder_opens(folder: Path) -> None:
    identity = Identity.open(folder)
    assert identity.address("catalog") == "localhost:1"
    assert (identity.gateway, identity.log_vkey) == ("http://localhost:3", "k")
    assert b"PRIVATE" not in repr(identity).encode()


def test_the_environment_names_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(folder))
    assert Identity.open().address("audit") == "localhost:2"


def test_no_folder_named_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(IdentityError, match=f"chengxin enroll.*{VARIABLE}"):
        Identity.open()


@pytest.mark.parametrize("name", ["cert.pem", "key.pem", "ca.pem", "house.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(IdentityError, match=name):
        Identity.open(folder)


def _another_key(folder: Path) -> None:
    (folder / "key.pem").write_bytes(issue(make_ca(), "other").key)


BROKEN: list[tuple[Callable[[Path], object], str]] = [
    (lambda folder: (folder / "cert.pem").write_text("rubbish"), "not PEM"),
    (lambda folder: (folder / "key.pem").write_text("rubbish"), "not PEM"),
    (_another_key, "not the key"),
    (lambda folder: (folder / "house.json").write_text("{"), "JSON object"),
    (lambda folder: (folder / "house.json").write_text("[]"), "JSON object"),
    (lambda folder: (folder / "house.json").write_text('{"catalog": 5}'), "JSON object"),
    (lambda folder: (folder / "house.json").write_bytes(b"\xff"), "JSON object"),
]


@pytest.mark.parametrize(("break_it", "says"), BROKEN)
def test_a_broken_file_is_told_clearly(folder: Path, break_it: Callable[[Path], object], says: str) -> None:
    break_it(folder)
    with pytest.raises(IdentityError, match=says):
        Identity.open(folder)


def test_a_folder_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(IdentityError, match="chengxin enroll"):
        Identity.open(tmp_path / "nowhere")


def test_an_ended_certificate_is_told_before_any_call(folder: Path) -> None:
    Identity.open(folder, now=datetime.now(UTC) + timedelta(days=29))
    with pytest.raises(IdentityError, match="Renew"):
        Identity.open(folder, now=datetime.now(UTC) + timedelta(days=31))


def test_an_office_without_address_is_named(folder: Path) -> None:
    (folder / "house.json").write_text(json.dumps({"catalog": "localhost:1"}))
    with pytest.raises(IdentityError, match='"audit": "host:port"'):
        Identity.open(folder).address("audit")

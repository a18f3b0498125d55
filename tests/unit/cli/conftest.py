"""The command line against a running small house."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from chengxin.cli.app import app
from tests.unit.client.small_house import SmallHouse

Run = Callable[..., Result]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SmallHouse]:
    house = SmallHouse(tmp_path)
    house.start()
    yield house
    house.stop()


@pytest.fixture
def run(house: SmallHouse, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("check", "-", input=...)` as an enrolled system."""
    monkeypatch.setenv("CHENGXIN_IDENTITY", str(house.identity()))

    def call(*arguments: object, **options: Any) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], **options)

    return call

"""A running small house to hand in to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chengxin.client.sync import Client
from tests.unit.client.small_house import SmallHouse


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SmallHouse]:
    house = SmallHouse(tmp_path)
    house.start()
    yield house
    house.stop()


@pytest.fixture
def client(house: SmallHouse) -> Iterator[Client]:
    with Client.open(house.identity()) as client:
        yield client

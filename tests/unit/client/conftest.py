"""A running small house, and both clients enrolled in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chengxin.client.identity import Identity
from chengxin.client.sync import Client
from tests.unit.client.both_clients import Awaited
from tests.unit.client.small_house import SmallHouse


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SmallHouse]:
    house = SmallHouse(tmp_path)
    house.start()
    yield house
    house.stop()


@pytest.fixture(params=[Client, Awaited], ids=["sync", "async"])
def connect(request: pytest.FixtureRequest, house: SmallHouse) -> Iterator[Callable[..., Any]]:
    """Makes a client: `connect(timeout=0.5)`."""
    opened: list[Any] = []

    def make(**options: Any) -> Any:
        opened.append(request.param(Identity.open(house.identity()), **options))
        return opened[-1]

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def client(connect: Callable[..., Any]) -> Any:
    return connect()

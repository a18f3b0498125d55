"""Rules of the client without any house: pauses, batches, names in the package."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chengxin
from chengxin.client.batches import MESSAGE_BYTES, batches, each
from chengxin.client.errors import RefusedError, UnavailableError
from chengxin.client.patience import Patience


@given(st.floats(0.5, 120), st.floats(0, 1, exclude_max=True))
def test_pauses_grow_and_never_outlast_the_patience(seconds: float, chance: float) -> None:
    now = 0.0
    patience = Patience(seconds, clock=lambda: now, chance=lambda: chance)
    pauses: list[float] = []
    with contextlib.suppress(UnavailableError):
        while len(pauses) < 1000:
            pauses.append(patience.pause_after(UnavailableError("away")))
            now += pauses[-1]
            assert now <= seconds - 0.2 + 1e-9
    assert len(pauses) < 1000
    assert all(0.05 <= pause <= 2.0 for pause in pauses)
    assert pauses == sorted(pauses)


@pytest.mark.parametrize("error", [RefusedError("NO"), UnavailableError("broken", transient=False)])
def test_what_will_not_pass_is_raised_at_once(error: Exception) -> None:
    with pytest.raises(type(error)):
        Patience(60).pause_after(error)  # type: ignore[arg-type]


@given(st.lists(st.integers(0, MESSAGE_BYTES // 3), max_size=80), st.integers(1, 20))
def test_batches_keep_everything_in_order_and_within_both_limits(sizes: list[int], most: int) -> None:
    async def cut() -> list[list[tuple[int, int]]]:
        sized = (((number, size), size) async for number, size in each(enumerate(sizes)))
        return [members async for members in batches(sized, most)]

    lists = asyncio.run(cut())
    assert all(lists)
    assert [member for members in lists for member in members] == list(enumerate(sizes))
    assert all(len(members) <= most for members in lists)
    assert all(sum(size for _, size in members) <= MESSAGE_BYTES for members in lists)


def test_every_public_name_can_be_had_from_the_package() -> None:
    assert "Client" in dir(chengxin)
    for name in dir(chengxin):
        assert getattr(chengxin, name) is not None
    with pytest.raises(AttributeError):
        _ = chengxin.no_such_name


def test_importing_the_package_alone_loads_nothing_heavy() -> None:
    heavy = "import sys, chengxin; sys.exit(any(name in sys.modules for name in ('grpc', 'google.protobuf')))"
    assert subprocess.run([sys.executable, "-c", heavy], check=False).returncode == 0

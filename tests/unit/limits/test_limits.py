"""Limits on a real Valkey: the library's arithmetic, batches whole or not at all, and a Redis that is gone or lies."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from limits import parse
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from structlog.testing import capture_logs

from foundation.limits import PATIENCE_S, PREFIX, Count, Limits, OpenLimits
from standalone.valkey import Valkey
from tests.support.eventually import eventually

TEN = parse("10/hour")


@pytest.fixture
async def limits(valkey: str) -> AsyncIterator[Limits]:
    made = Limits(valkey)
    yield made
    await made.redis.aclose()


@pytest.fixture
def key() -> str:
    """A counter that no other test uses."""
    return random.randbytes(8).hex()


async def test_no_more_than_the_limit_pass_and_the_wait_is_told(limits: Limits, key: str) -> None:
    waits = [(await limits.take([[Count(TEN, key)]]))[0] for _ in range(12)]
    assert waits[:10] == [0.0] * 10
    assert all(0 < wait <= 3600 for wait in waits[10:])


async def test_what_costs_more_than_the_limit_never_passes_and_counts_nothing(limits: Limits, key: str) -> None:
    (wait,) = await limits.take([[Count(TEN, key, 11)]])
    assert 0 < wait <= 3600
    assert await limits.take([[Count(TEN, key, 10)]]) == [0.0]


async def test_a_group_counts_whole_or_not_at_all(limits: Limits, key: str) -> None:
    full, other = f"{key}-full", f"{key}-other"
    await limits.take([[Count(TEN, full, 10)]])
    for group in ([Count(TEN, other, 9), Count(TEN, full)], [Count(TEN, full), Count(TEN, other, 9)]):
        (wait,) = await limits.take([group])
        assert wait > 0, "its place in the group makes no difference"
    assert await limits.take([[Count(TEN, other, 10)]]) == [0.0], "the refused groups counted nothing"


async def test_groups_of_one_round_trip_are_judged_apart(limits: Limits, key: str) -> None:
    groups = [[Count(TEN, f"{key}-{name}", 6)] for name in ("a", "b", "a", "c")]
    assert [wait > 0 for wait in await limits.take(groups)] == [False, False, True, False]


async def test_what_was_counted_fades_with_the_window(limits: Limits, key: str) -> None:
    quick = parse("4/second")
    assert await limits.take([[Count(quick, key, 4)]]) == [0.0]
    (wait,) = await limits.take([[Count(quick, key)]])
    assert 0 < wait <= 1

    async def again() -> bool:
        return await limits.take([[Count(quick, key)]]) == [0.0]

    began = time.monotonic()
    assert await eventually(again, within=5)
    assert time.monotonic() - began >= wait - 0.1


async def test_the_library_reads_the_same_counters_and_agrees(limits: Limits, valkey: str, key: str) -> None:
    """The slow twin: the library's own strategy on the same keys, asked before each hit."""
    storage = RedisStorage(f"async+{valkey}", implementation="redispy", key_prefix=PREFIX)
    library = SlidingWindowCounterRateLimiter(storage)
    quick, chance = parse("7/second"), random.Random(7)
    passed = 0
    for _ in range(60):
        cost = chance.randint(1, 4)
        before = await library.get_window_stats(quick, key)
        (wait,) = await limits.take([[Count(quick, key, cost)]])
        after = await library.get_window_stats(quick, key)
        passed += not wait
        # What fades in between can only help.
        assert wait > 0 or after.remaining >= before.remaining - cost
        assert wait == 0 or before.remaining < cost or after.remaining <= before.remaining + 1
        await asyncio.sleep(0)
    assert 0 < passed < 60
    await storage.bridge.storage.aclose()  # type: ignore[attr-defined]


class Counted:
    """Counts what went through uncounted."""

    def __init__(self) -> None:
        self.total = 0

    def __call__(self, amount: int) -> None:
        self.total += amount


async def timed(open_limits: OpenLimits, key: str) -> float:
    """Seconds that a question waits for its limit."""
    begun = time.perf_counter()
    assert await open_limits.take([[Count(TEN, key)]]) == [0.0]
    return time.perf_counter() - begun


async def rubbish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that answers whatever is asked with what is no answer."""
    while await reader.read(4096):
        writer.write(b"\x00\xff<html>*-1\r\n$5\r\nnope\r\n")
        await writer.drain()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that never answers."""
    while await reader.read(4096):
        pass
    writer.close()


@pytest.mark.parametrize("behaviour", [rubbish, silent, None], ids=["rubbish", "silent", "nobody there"])
async def test_open_limits_answer_uncounted_and_at_once_when_redis_is_no_use(behaviour: object, key: str) -> None:
    server = await asyncio.start_server(behaviour or silent, "127.0.0.1", 0)  # type: ignore[arg-type]
    port = server.sockets[0].getsockname()[1]
    if behaviour is None:
        server.close()
        await server.wait_closed()
    counted = Counted()
    open_limits = OpenLimits(Limits(f"redis://127.0.0.1:{port}/0"), unavailable=counted)
    with capture_logs() as lines:
        waited = [await timed(open_limits, key) for _ in range(50)]
    assert waited[0] < PATIENCE_S + 0.1
    assert sorted(waited[1:])[24] < 0.002, "one question waits, those after it do not"
    assert counted.total == 50
    told = [line for line in lines if line["event"].startswith("answered without counting")]
    assert [line["questions"] for line in told] == [1], "once a minute, not once a question"
    await open_limits.close()
    server.close()


async def test_open_limits_count_again_when_redis_is_back(tmp_path: Path, key: str) -> None:
    server = Valkey(tmp_path / "valkey", log=tmp_path / "valkey.log")
    server.start()
    counted = Counted()
    open_limits = OpenLimits(Limits(server.url), unavailable=counted)
    try:
        assert await open_limits.take([[Count(TEN, key, 10)]]) == [0.0]
        server.stop()
        assert await open_limits.take([[Count(TEN, key, 10)]]) == [0.0]
        assert counted.total == 1
        server.start()

        async def refuses() -> bool:
            return await open_limits.take([[Count(TEN, f"{key}-new", 11)]]) != [0.0]

        assert await eventually(refuses, within=10)
    finally:
        await open_limits.close()
        server.stop()


async def test_a_counter_that_holds_something_else_is_rubbish_and_the_question_passes(valkey: str, key: str) -> None:
    limits = Limits(valkey)
    await limits.redis.lpush(f"{PREFIX}:{{{TEN.key_for(key)}}}", "rubbish")
    counted = Counted()
    open_limits = OpenLimits(limits, unavailable=counted)
    assert await open_limits.take([[Count(TEN, key)]]) == [0.0]
    assert counted.total == 1
    await open_limits.close()

"""Questions that come at the same time go to the door together; nobody waits who comes alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.catalog.batches import CROWD, MicroBatcher


class Door:
    """Takes batches, and remembers them."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.micro: MicroBatcher[int, int] = MicroBatcher(self.answer)

    async def answer(self, asked: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(asked))
        await asyncio.sleep(0.01)
        return [-one for one in asked]

    async def ask(self, *numbers: int) -> None:
        assert list(await asyncio.gather(*map(self.micro.ask, numbers))) == [-one for one in numbers]


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_what_comes_while_a_batch_is_on_its_way_goes_in_the_next_one() -> None:
    door = Door()
    first = asyncio.create_task(door.ask(1))
    await turns(3)
    await asyncio.gather(first, door.ask(2, 3))
    assert door.batches == [[1], [2, 3]]


async def test_who_comes_alone_does_not_wait_for_company() -> None:
    door = Door()
    for number in range(3):
        asked = asyncio.create_task(door.ask(number))
        await turns(3)
        assert door.batches[-1] == [number]
        await asked


async def test_after_a_crowd_the_next_batch_waits_for_company() -> None:
    door = Door()
    await door.ask(*range(CROWD))
    fourth = asyncio.create_task(door.ask(4))
    await turns(3)
    await asyncio.gather(fourth, door.ask(5))
    assert door.batches == [[*range(CROWD)], [4, 5]]


async def test_a_bad_member_hurts_nobody_else() -> None:
    async def answer(asked: Sequence[int]) -> Sequence[int]:
        if 2 in asked:
            raise ValueError(2)
        return asked

    micro: MicroBatcher[int, int] = MicroBatcher(answer)
    gave = await asyncio.gather(*map(micro.ask, (1, 2, 3)), return_exceptions=True)
    assert [str(one) for one in gave] == ["1", "2", "3"]
    assert isinstance(gave[1], ValueError)

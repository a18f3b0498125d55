"""First figures of a whole house: the lone question, 64 in flight, bulk, hand-in, withdrawal, start.

No comparison and no reach: they say where the house stands. The client is one Python process, which takes its
share of the same cores. Medians are of `rounds` rounds; times in the unit that the name ends in.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

from chengxin import AsyncClient, Identifier
from standalone.bench.measuring import Figures, Place, percentile_ms
from standalone.sample import SampleParty
from standalone.story import repair, sharing
from standalone.story.cast import Department
from standalone.story.sharing import MATTER, OFFICER
from standalone.story.stage import TENDER

LONE, IN_FLIGHT, MANY = 300, 64, 4_000


def measure_first(place: Place, *, rounds: int) -> Figures:
    """Start a sample house, measure, stop it; give the figures by name."""
    begun = time.perf_counter()
    with place.stage() as stage:
        sharing.grants(stage)
        sharing.found(stage, stage.procurement, stage.listed, TENDER)
        first_answer = time.perf_counter() - begun
        summary, seconds = sharing.handed_in(stage, "bench.csv")
        answers = asyncio.run(_answers(stage.procurement, stage.world.enterprises, rounds))
        repair.repairs(stage)
    times = stage.report.withdrawals_ms
    return {
        "start_to_first_answer_s": round(first_answer, 1),
        "ingest_records_per_s": round(summary.accepted / seconds),
        **answers,
        "withdrawal_median_ms": round(statistics.median(times), 1),
        "withdrawal_max_ms": round(max(times), 1),
        "late_answers": stage.report.late_answers,
    }


async def _answers(who: Department, parties: tuple[SampleParty, ...], rounds: int) -> Figures:
    everybody = [Identifier.uscc(party.identifier) for party in parties]
    async with AsyncClient.open(who.folder) as client:

        async def ask(number: int) -> float:
            begun = time.perf_counter()
            subject = everybody[number % len(everybody)]
            await client.check(subject, purpose=TENDER, matter=MATTER, officer=OFFICER)
            return time.perf_counter() - begun

        async def bulk() -> float:
            begun = time.perf_counter()
            members = client.check_many(everybody, purpose=TENDER, matter=MATTER, officer=OFFICER)
            count = sum([1 async for _ in members])
            return count / (time.perf_counter() - begun)

        await ask(0)
        lone = [await ask(number) for _ in range(rounds) for number in range(LONE)]
        rates = [await _in_flight(ask) for _ in range(rounds)]
        return {
            "check_lone_p50_ms": percentile_ms(lone, 50),
            "check_lone_p99_ms": percentile_ms(lone, 99),
            f"check_{IN_FLIGHT}_in_flight_per_s": round(statistics.median(rates)),
            "check_bulk_subjects_per_s": round(statistics.median([await bulk() for _ in range(rounds)])),
        }


async def _in_flight(ask: Callable[[int], Awaitable[float]]) -> float:
    numbers = iter(range(MANY))

    async def one_after_another() -> None:
        for number in numbers:
            await ask(number)

    begun = time.perf_counter()
    await asyncio.gather(*[one_after_another() for _ in range(IN_FLIGHT)])
    return MANY / (time.perf_counter() - begun)

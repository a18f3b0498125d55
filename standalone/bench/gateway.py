"""Two hundred signed-in parties at once: median and 99th percentile of each page; what the gateway adds to a call.

Each party has an address of its own (of the loopback network), so that the limits stay on; between two pages it reads
for a while. The parties live in one Python process, which takes its share of the same cores.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import time
from collections import defaultdict
from pathlib import Path

import httpx

from standalone.bench.measuring import Figures, Place, percentile_ms
from standalone.house import House
from standalone.story import sharing
from standalone.story.cast import Visitor

PARTIES, SECONDS, READS_S, LONE = 200, 60.0, 10.0, 200
"""How many, for how long, how long one reads a page at most, and lone calls to compare."""
PAGES = ("/me", "/me/records", "/me/looks", "/me/repair", "/me/applications", "/me/file", "/public/records")
ROUTE, METHOD = "/api/v1/me/records", "SharingService.ListOwnRecords"
"""The same question at the gateway and at the office."""


def measure_gateway(place: Place) -> Figures:
    """Hand in records about some of the parties, sign all in, let them read; then one alone."""
    with place.stage() as stage:
        sharing.grants(stage)
        sharing.handed_in(stage, "bench.csv")
        parties = stage.world.enterprises[:PARTIES]
        place.narrator.say(f"  signing {len(parties)} parties in")
        gateway = stage.house.data.doors()["gateway"]
        visitors = [Visitor(gateway, party, address=_address(n)) for n, party in enumerate(parties)]
        begun = time.perf_counter()
        for visitor in visitors:
            visitor.sign_in()
        sign_in_s = (time.perf_counter() - begun) / len(visitors)
        place.narrator.say(f"  they read pages for {SECONDS:.0f} s")
        times, failed = asyncio.run(_reading(gateway, visitors))
        added = _added(stage.house, visitors[0])
        for visitor in visitors:
            visitor.close()
    whole = [seconds for page in times.values() for seconds in page]
    figures: Figures = {"sign_in_ms": round(sign_in_s * 1000, 1), "pages_per_s": round(len(whole) / SECONDS, 1)}
    for page in PAGES:
        figures |= {f"{page} {name}": percentile_ms(times[page], at) for name, at in (("p50_ms", 50), ("p99_ms", 99))}
    return {**figures, "pages_failed": failed, **added}


async def _reading(gateway: str, visitors: list[Visitor]) -> tuple[dict[str, list[float]], int]:
    """How long each page took, and how many did not come."""
    times: dict[str, list[float]] = defaultdict(list)
    failed, ends = 0, time.perf_counter() + SECONDS

    async def read(number: int, visitor: Visitor) -> None:
        nonlocal failed
        choose = random.Random(number)  # noqa: S311  a reader, not a secret
        # A connection that has rested is not used again: the server may be closing it just then.
        # Nor is there TLS to this gateway: to read the authorities' certificates two hundred times would hold all up.
        transport = httpx.AsyncHTTPTransport(
            local_address=_address(number), limits=httpx.Limits(keepalive_expiry=2.0), verify=False
        )
        async with httpx.AsyncClient(
            base_url=gateway, cookies=visitor.cookies, transport=transport, timeout=30.0
        ) as browser:
            await asyncio.sleep(choose.uniform(0, READS_S))
            while time.perf_counter() < ends:
                page = choose.choice(PAGES)
                begun = time.perf_counter()
                answer = await browser.get(page, headers={"Accept": "text/html"})
                times[page].append(time.perf_counter() - begun)
                failed += answer.status_code != 200
                await asyncio.sleep(choose.uniform(0, READS_S))

    await asyncio.gather(*[read(number, visitor) for number, visitor in enumerate(visitors)])
    return times, failed


def _added(house: House, visitor: Visitor) -> Figures:
    """A question that one party asks alone, in the gateway's log and in the office's: what lies between."""
    logs = {"gateway": house.data.log("gateway"), "catalog": house.data.log("catalog")}
    before = {name: log.stat().st_size for name, log in logs.items()}
    for _ in range(LONE):
        visitor.get("/me/records")
        time.sleep(0.3)  # within what one session may ask in a minute
    at_gateway = _logged(logs["gateway"], before["gateway"], "route", ROUTE)
    at_office = _logged(logs["catalog"], before["catalog"], "method", METHOD)
    gateway_ms, office_ms = statistics.median(at_gateway), statistics.median(at_office)
    added_ms = round(gateway_ms - office_ms, 1)
    return {"lone_at_gateway_ms": gateway_ms, "lone_at_office_ms": office_ms, "added_ms": added_ms}


def _logged(log: Path, since: int, name: str, value: str) -> list[float]:
    with log.open("rb") as lines:
        lines.seek(since)
        said = [json.loads(line) for line in lines if line.startswith(b"{")]
    return [line["ms"] for line in said if line.get(name) == value]


def _address(number: int) -> str:
    return f"127.1.{number // 250}.{number % 250 + 1}"

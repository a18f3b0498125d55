"""What the scenes share: the house, the cast, the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import psycopg

from foundation.calendar import day_of
from standalone.clock import advance
from standalone.house import House
from standalone.sample import AUDITOR, MARKET, OPERATOR, PROCUREMENT, SEED, TAX, SampleWorld
from standalone.story.cast import Department
from standalone.story.narrator import Narrator
from standalone.story.report import Report

WITHIN_S = 15.0
"""Seconds within which what a scene waits for must have happened."""
TENDER, LICENCE, COPY = "tender.qualification", "licence.review", "copy.platform"
PENALTY, LISTED = "cn.penalty", "cn.list.market_regulation"


@dataclass(kw_only=True)
class Stage:
    """The house under way and who plays in it."""

    house: House
    narrator: Narrator
    report: Report = field(default_factory=Report)
    world: SampleWorld = field(default_factory=SampleWorld)

    def __post_init__(self) -> None:
        self.steward = Department(self.house, OPERATOR, "steward", "operator")
        self.market = Department(
            self.house, MARKET, "provider", "list_authority", "repair_authority", "consumer", "service_desk"
        )
        self.procurement = Department(self.house, PROCUREMENT, "consumer")
        self.tax = Department(self.house, TAX, "consumer")
        self.auditor = Department(self.house, AUDITOR, "auditor")
        self.listed, self.expiring, *self.repaired = SampleWorld(SEED + 1, enterprises=7).enterprises

    @property
    def gateway(self) -> str:
        """Where the gateway is."""
        return self.house.data.doors()["gateway"]

    def now(self) -> datetime:
        """The house's time."""
        with psycopg.connect(self.house.engines.admin_dsn) as connection:
            row = connection.execute("SELECT catalog.house_now()").fetchone()
            assert row is not None
            return row[0].astimezone(UTC)

    def today(self) -> date:
        """The house's day in Shanghai."""
        return day_of(self.now())

    def let_pass(self, **time: float) -> None:
        """Let days pass in the sample house."""
        advance(self.house.engines.admin_dsn, timedelta(**time))

    def close(self) -> None:
        """Everybody hangs up."""
        for department in (self.steward, self.market, self.procurement, self.tax, self.auditor):
            department.close()


@contextmanager
def on_stage(house: House, narrator: Narrator) -> Generator[Stage]:
    """The cast in a house, until they hang up."""
    stage = Stage(house=house, narrator=narrator)
    try:
        yield stage
    finally:
        stage.close()


def came_true(condition: Callable[[], bool], *, every: float = 0.05) -> bool:
    """Wait for a condition, looking `every` so many seconds; whether it held within WITHIN_S."""
    deadline = time.monotonic() + WITHIN_S
    while not (held := condition()) and time.monotonic() < deadline:
        time.sleep(every)
    return held

"""One whole sample house for the system tests: all offices and the gateway as processes, and who plays in it."""

from __future__ import annotations

import io
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from standalone.house import Wish, running
from standalone.ports import FREE
from standalone.story import sharing
from standalone.story.narrator import Narrator
from standalone.story.report import Report
from standalone.story.stage import Stage


class RunningHouse(Stage):
    """The stage of the story, with grants given and one record about a known party."""

    @property
    def known_party(self) -> str:
        """USCC of a party about which a record is in force."""
        return self.listed.identifier

    def identity(self, which: str) -> Path:
        """The identity folder of consumer, provider, auditor or steward."""
        department = {
            "consumer": self.procurement,
            "provider": self.market,
            "auditor": self.auditor,
            "steward": self.steward,
        }[which]
        return department.folder


@contextmanager
def running_house(folder: Path, environment: Mapping[str, str] | None = None) -> Generator[RunningHouse]:
    """Start a sample house in `folder`, give grants, hand one record in; stop everything at the end.

    `environment` may name engines by URL; without it the house starts its own.
    """
    with running(Wish(folder=folder, ports=FREE, sample=True), environment=environment or {}) as house:
        narrator = Narrator(Console(file=io.StringIO()))
        stage = RunningHouse(house=house, narrator=narrator, report=Report())
        try:
            sharing.grants(stage)
            sharing.finding(stage, stage.listed, days_ago=120, number="0001")
            yield stage
        finally:
            stage.close()

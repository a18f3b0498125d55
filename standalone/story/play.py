"""Plays the story from its first scene to its last."""

from __future__ import annotations

import time
from collections.abc import Callable

from standalone.house import House
from standalone.story import auditing, listing, repair, sharing
from standalone.story.narrator import Narrator
from standalone.story.report import Report
from standalone.story.stage import Stage, on_stage

SCENES: tuple[Callable[[Stage], None], ...] = (
    sharing.grants,
    sharing.file_handed_in,
    sharing.questions,
    listing.listing,
    repair.repairs,
    repair.expiry,
    auditing.audit,
)


def play(house: House, narrator: Narrator) -> Report:
    """Play every scene on a sample house; give what was counted and measured."""
    begun = time.perf_counter()
    with on_stage(house, narrator) as stage:
        stage.report.gateway_url = stage.gateway
        for scene in SCENES:
            scene(stage)
    stage.report.seconds = time.perf_counter() - begun
    return stage.report

"""The catalog office and PostgreSQL are killed while a department asks: no answer without its entry, and it goes on."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import psycopg
import pytest
from rich.console import Console

from standalone.bench.measuring import Place
from standalone.bench.steady import RATE, Steady
from standalone.story import sharing
from standalone.story.narrator import Narrator

BETWEEN_S = 12.0
"""Seconds before each kill, and half of those after the last: enough to start again, also for a busy machine."""
FOUND = "SELECT count(*) FROM catalog.journal WHERE entry_id = ANY (%s) AND kind = 'SharingService.CheckSubject'"


def back_after(instants: list[float], killed: float) -> float:
    """Seconds from a kill to the first second with nine tenths of the answers that are asked for."""
    ahead = RATE * 9 // 10
    after = (at for at, then in zip(instants, instants[ahead:], strict=False) if at > killed and then - at <= 1)
    return next(after, float("inf")) - killed


def test_no_answer_is_without_its_entry_whatever_is_killed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place, killed = Place(tmp_path, Narrator(Console(quiet=True))), dict[str, float]()
    with place.stage() as stage:
        sharing.grants(stage)
        postgres = json.loads((tmp_path / "house/postgres/process.json").read_text())["pid"]
        with Steady(stage.procurement, below=1, hits=0) as steady:
            for name, pid in (("office", stage.house.pids()["catalog"]), ("database", postgres)):
                time.sleep(BETWEEN_S)
                os.kill(pid, signal.SIGKILL)
                killed[name] = time.time()
            time.sleep(2 * BETWEEN_S)
        with psycopg.connect(stage.house.engines.admin_dsn) as connection:
            ids = [one.entry_id for one in steady.answered]
            ((found,),) = connection.execute(FOUND, (ids,)).fetchall()
    instants = sorted(one.as_of.timestamp() for one in steady.answered)
    with capsys.disabled():
        back = {name: round(back_after(instants, at), 1) for name, at in killed.items()}
        print(f"\nas before the kill after (s): {back}; {len(ids)} answered, {steady.unanswered} refused meanwhile")
    assert found == len(set(ids)) == len(ids)
    assert instants[-1] > killed["database"], "nothing is answered after the database was killed"

"""The story of `make demo`, played by the command as a user would: killed halfway, then played to its end."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

from standalone.sample_file import EXPECTED_REASONS
from tests.support.up import CHENGXIN, clean_environment

STORY_WITHIN_S = 240
HALFWAY = "2. "


def test_a_killed_story_starts_again_and_holds_from_hand_in_to_proof(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = [CHENGXIN, "demo", "--once", "--report", report, "--data", tmp_path / "house"]
    _kill_halfway(command, tmp_path / "first.log")
    assert not report.exists()
    played = subprocess.run(
        command, capture_output=True, text=True, timeout=STORY_WITHIN_S, check=False, env=clean_environment()
    )
    assert played.returncode == 0, played.stdout[-3000:] + played.stderr[-3000:]
    told = json.loads(report.read_text())
    assert told["failed_expectations"] == []
    assert told["records_submitted"] >= 10_000
    assert 200 <= told["records_refused"] <= 400
    assert set(told["refusal_reasons"]) == EXPECTED_REASONS
    assert len(EXPECTED_REASONS) >= 15
    assert told["queries"] >= 1000
    assert told["queries_refused"] >= 1
    assert told["listings"] == 1
    assert told["skipped_step_refusals"] >= 6
    assert told["repairs"] == told["certificates"] >= 1
    assert told["late_answers"] == told["expired_answers"] == 0
    assert told["log_verified"]
    assert told["log_size"] >= told["journal_entries"] >= told["queries"]
    assert told["withdrawal_ms"]["median"] <= told["withdrawal_ms"]["max"]


def test_the_story_leaves_another_house_alone(tmp_path: Path) -> None:
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "chengxin.json").write_text("{}")
    refused = subprocess.run(
        [CHENGXIN, "demo", "--once", "--data", tmp_path / "house"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=clean_environment(),
    )
    assert refused.returncode == 2
    assert "not the story's" in refused.stderr
    assert "What to do:" in refused.stderr
    assert (tmp_path / "house" / "chengxin.json").exists()


def _kill_halfway(command: list[object], log: Path) -> None:
    with log.open("w") as output:
        story = subprocess.Popen(list(map(str, command)), stdout=output, stderr=output, env=clean_environment())
    deadline = time.monotonic() + STORY_WITHIN_S
    while f"\n{HALFWAY}" not in log.read_text():
        assert story.poll() is None, log.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    story.kill()
    story.wait()

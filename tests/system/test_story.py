"""The story of `make demo`, played once by the command as a user would, with its report."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from standalone.sample_file import EXPECTED_REASONS
from tests.support.up import CHENGXIN, clean_environment

STORY_WITHIN_S = 240


def test_the_story_holds_from_hand_in_to_proof(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    played = subprocess.run(
        [CHENGXIN, "demo", "--once", "--report", report],
        capture_output=True,
        text=True,
        timeout=STORY_WITHIN_S,
        check=False,
        env=clean_environment(),
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

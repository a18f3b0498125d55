"""docs/threats.md names an attack, a defence and a test that exists in every row."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.findall(r"`(tests/[a-z_0-9/]+\.py)::(test_[a-z_0-9]+)`", (ROOT / "docs" / "threats.md").read_text())


def test_every_row_of_the_table_names_a_test_that_exists() -> None:
    missing = [
        (file, name)
        for file, name in NAMED
        if not (ROOT / file).exists() or f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8")
    ]
    assert missing == []


def test_every_row_has_an_attack_a_defence_and_a_test() -> None:
    text = (ROOT / "docs" / "threats.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| attack")]
    assert len(rows) == len(NAMED) > 80
    for row in rows:
        attack, defence, test = (cell.strip() for cell in row.strip("|").split(" | "))
        assert attack
        assert defence
        assert test.startswith("`tests/")

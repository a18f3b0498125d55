"""The quick start of both READMEs, run as a department would: from the installed wheel, against a running house."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.running_house import RunningHouse
from tests.support.wheel import Installed, install

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.zh-CN.md")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install(tmp_path_factory.mktemp("wheel"))


def quick_start(readme: str) -> str:
    """The one block of Python in a README."""
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / readme).read_text(encoding="utf-8"), re.DOTALL)
    return block


def test_the_quick_start_is_ten_lines_at_most_and_the_same_in_both_languages() -> None:
    lines = [line for line in quick_start("README.md").splitlines() if line.strip()]
    assert 5 <= len(lines) <= 10
    english, chinese = (re.sub(r" *#.*", "", quick_start(readme)) for readme in READMES)
    assert english == chinese


@pytest.mark.parametrize("readme", READMES)
def test_the_quick_start_runs_against_a_house(
    running_house: RunningHouse, wheel: Installed, readme: str, tmp_path: Path
) -> None:
    code = re.sub(r"91[0-9A-Z]{16}", running_house.known_party, quick_start(readme))
    script = tmp_path / "quick_start.py"
    script.write_text(code, encoding="utf-8")
    (tmp_path / "identity").symlink_to(running_house.identity("consumer"))
    ran = wheel.run("python", script, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "something is known" in ran.stdout
    assert re.search(r"entry [0-9]+ is in the log", ran.stdout)

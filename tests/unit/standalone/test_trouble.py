"""What keeps a house from working is told in words of `trouble.yaml`: all are used, and filled in as they ask."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import yaml

from standalone import trouble

HOUSE = Path(trouble.__file__).parent
WORDS: dict[str, dict[str, str]] = yaml.safe_load((HOUSE / "trouble.yaml").read_text(encoding="utf-8"))


def told() -> Iterator[tuple[str, set[str]]]:
    """The code of each trouble that the house tells, and the names of what it fills in."""
    for file in HOUSE.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "Trouble.of":
                (code,) = call.args
                yield ast.literal_eval(code), {name.arg or "" for name in call.keywords}


def test_every_trouble_has_words_and_every_word_its_trouble() -> None:
    assert {code for code, _ in told()} == set(WORDS)
    assert {
        code for code, words in WORDS.items() if set(words) != {"what", "remedy"} or not all(words.values())
    } == set()


def test_what_a_trouble_is_about_is_what_its_words_ask_for() -> None:
    asked = {
        code: {name for text in words.values() for _, name, _, _ in Formatter().parse(text) if name}
        for code, words in WORDS.items()
    }
    assert [(code, given) for code, given in told() if given != asked[code]] == []


def test_a_trouble_is_told_with_its_remedy() -> None:
    full = trouble.Trouble.of("DISK_FULL", path=Path("/somewhere"))
    assert full.what == "The disk that holds /somewhere is full."
    assert "--data DIR" in full.remedy

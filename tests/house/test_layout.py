"""Files are small, few, named for what they hold, and stand where the contract says."""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path

import pytest

from foundation.db.migrate import ROLES
from tests.house.own_code import ROOT, all_files, of_tests, place, shipped, text

LONGEST_FILE = 450
MOST_LINES = {"house": 19_400, "workshop": 5_100}
"""Lines of code: of what serves people, and of what makes, shows and measures a house. docs/decisions/0011."""
WORKSHOP = ("standalone", "scripts")
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "manager", "base", "misc", "common"}
_LAYOUT = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT, tokenize.ENCODING}


def code_lines(source: str) -> int:
    """Lines that hold code: no blank ones, no comments, no docstrings."""
    lines: set[int] = set()
    statement: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NEWLINE:
            if not all(part.type == tokenize.STRING for part in statement):
                lines.update(n for part in statement for n in range(part.start[0], part.end[0] + 1))
            statement = []
        elif token.type not in _LAYOUT and token.type != tokenize.ENDMARKER:
            statement.append(token)
    return len(lines)


def test_code_lines_are_counted_without_blanks_comments_and_docstrings() -> None:
    source = '"""Doc\nstring."""\n\n# comment\nx = 1  # why\n\n\ndef f():\n    """Doc."""\n    return """a\n    b"""\n'
    assert code_lines(source) == 4


def test_our_python_stays_small(capsys: pytest.CaptureFixture[str]) -> None:
    lines = {"house": 0, "workshop": 0}
    for file in shipped():
        part = "workshop" if place(file).partition("/")[0] in WORKSHOP else "house"
        lines[part] += code_lines(text(file))
    in_tests = sum(code_lines(text(file)) for file in of_tests())
    longest = max(shipped(), key=lambda file: len(text(file).splitlines()))
    with capsys.disabled():
        print(
            f"\nown Python: {lines['house']} lines of code in the house and {lines['workshop']} in the workshop,"
            f" {len(shipped())} files, {in_tests} more in tests;"
            f" the longest file is {place(longest)} with {len(text(longest).splitlines())} lines"
        )
    assert {part: n for part, n in lines.items() if n >= MOST_LINES[part]} == {}


def test_no_file_of_ours_is_long() -> None:
    long = {place(f): n for f in [*shipped(), *of_tests()] if (n := len(text(f).splitlines())) > LONGEST_FILE}
    assert long == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = {place(f) for f in shipped() if NAMES_THAT_SAY_NOTHING.intersection(f.with_suffix("").parts[-2:])}
    assert {name for name in named if not name.startswith("chengxin/common/")} == set()


@pytest.mark.parametrize("file", sorted((ROOT / "proto").rglob("*.proto")), ids=lambda file: file.name)
def test_a_file_of_the_contract_stands_where_its_package_says_and_has_its_module(file: Path) -> None:
    folder = file.parent.relative_to(ROOT / "proto")
    assert f"package {'.'.join(folder.parts)};" in text(file)
    assert (ROOT / folder / f"{file.stem}_pb2.py").exists()


def test_every_package_of_the_contract_is_an_office_with_a_schema_of_its_name() -> None:
    packages = {file.parent.parent.name for file in (ROOT / "proto").rglob("*.proto")} - {"common"}
    offices = {folder.name for folder in (ROOT / "services").iterdir() if (folder / "__init__.py").exists()}
    assert packages == offices == set(ROLES)


@pytest.mark.parametrize("office", sorted(ROLES))
def test_an_office_has_the_rooms_that_every_office_has(office: str) -> None:
    folder = ROOT / "services" / office
    for room in ("domain", "office", "store", "rpc", "worker", "__main__"):
        assert (folder / f"{room}.py").exists() or (folder / room / "__init__.py").exists(), room
    assert (folder / "migrations" / "env.py").exists()
    assert (folder / "domain" / "reasons.py").exists()


# Each in two parts, so that this file does not hold what it looks for.
_PARTS = (
    ("py", r"pi\.org"),
    ("python", "hosted"),
    ("index-", "url"),
    ("npm", r"js\."),
    (r"(?<![\w.])/", r"work/"),
    ("/", "root/"),
)
_PLACES = re.compile("|".join(first + second for first, second in _PARTS))


def test_no_file_names_a_package_index_or_a_place_on_somebodys_machine() -> None:
    found = []
    for file in all_files():
        try:
            content = text(file)
        except UnicodeDecodeError:
            continue
        found += [f"{place(file)}: {match[0]}" for match in _PLACES.finditer(content)]
    assert found == []

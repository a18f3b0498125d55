"""Every reason for a refusal is documented, given somewhere, and reached by a test."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from scripts import documents, refusals
from tests.house.own_code import ROOT, of_tests, place, shipped, text, tree

FOLDERS = {
    "Every office": "foundation",
    "Catalog office": "services/catalog",
    "List office": "services/blacklist",
    "Repair office": "services/repair",
    "Audit office": "services/audit",
    "Gateway": "gateway",
    "Hand-in files": "chengxin/handin",
}
CODES = [(group.title, reason.code) for group in refusals.groups() for reason in group.reasons] + [
    ("Hand-in files", reason.code) for reason in refusals.hand_in_reasons()
]


def test_the_generated_documents_are_what_the_code_gives() -> None:
    assert documents.stale() == []


def test_stale_documents_are_found(tmp_path: Path) -> None:
    documents.write(tmp_path)
    assert documents.stale(tmp_path) == []
    file = tmp_path / "refusals.md"
    file.write_text(file.read_text().replace("`NOT_GRANTED`", "`GRANTED`"))
    (tmp_path / "settings.md").unlink()
    assert documents.stale(tmp_path) == ["refusals.md", "settings.md"]


def test_a_code_is_given_with_the_same_status_by_every_office() -> None:
    kinds: dict[str, set[str]] = {}
    for group in refusals.groups():
        for reason in group.reasons:
            kinds.setdefault(reason.code, set()).add(reason.kind.value)
    assert {code: sorted(kind) for code, kind in kinds.items() if len(kind) > 1} == {}


def test_a_reason_says_what_happened_what_to_do_and_where_that_comes_from() -> None:
    for group in refusals.groups():
        for reason in group.reasons:
            assert re.fullmatch(r"[A-Z][A-Z0-9_]{2,60}", reason.code), reason.code
            assert reason.meaning.endswith("."), reason.code
            assert reason.remedy.endswith("."), reason.code
            assert reason.source, reason.code


def test_a_source_can_be_looked_up() -> None:
    sources = {reason.source for group in refusals.groups() for reason in group.reasons}
    sources |= {reason.source for reason in refusals.hand_in_reasons()}
    known = re.compile(
        r"54号|GB |RFC |OpenID |Administrative|Shenzhen|Shandong|信用修复|contract|chengxin/|hand-in|docs/"
    )
    assert {source for source in sources if not known.match(source)} == set()
    for file, section in re.findall(r"(docs/[a-z]+\.md), ([^;]+)", "; ".join(sources)):
        assert f"## {section}\n" in (ROOT / file).read_text(encoding="utf-8"), (file, section)


@pytest.mark.parametrize("folder", [f for f in FOLDERS.values() if f != "chengxin/handin"])
def test_a_constant_is_named_as_its_code(folder: str) -> None:
    for file in (ROOT / folder).rglob("reasons.py"):
        for node in tree(file).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and len(node.value.args) > 1:
                (target,) = node.targets
                code = node.value.args[0]
                assert isinstance(target, ast.Name)
                assert isinstance(code, ast.Constant)
                assert target.id == code.value


@pytest.mark.parametrize("folder", FOLDERS.values())
def test_every_wording_belongs_to_a_reason(folder: str) -> None:
    for file in (ROOT / folder).rglob("reasons.yaml"):
        named = set(re.findall(r"^([A-Z0-9_]+) = ", file.with_suffix(".py").read_text(encoding="utf-8"), re.MULTILINE))
        assert set(yaml.safe_load(file.read_text(encoding="utf-8"))) == named


@cache
def _names_used() -> frozenset[str]:
    """Names that our code uses outside the modules of reasons."""
    used: set[str] = set()
    for file in shipped():
        if file.name != "reasons.py":
            for node in ast.walk(tree(file)):
                if isinstance(node, ast.Attribute):
                    used.add(node.attr)
                elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                    used.add(node.id)
    return frozenset(used)


def _concerns(folder: str, file: Path) -> bool:
    """Whether a test file is about a part of the house: it imports it, or stands in its folder."""
    if folder == "foundation":
        return True
    name = folder.rpartition("/")[2]
    return name in file.parts or folder.replace("/", ".") in text(file) or f"{name}_house" in text(file)


@pytest.mark.parametrize(("group", "code"), CODES, ids=[f"{g.split()[0].lower()}-{c}" for g, c in CODES])
def test_a_reason_is_given_by_the_house_and_reached_by_a_test(group: str, code: str) -> None:
    assert code in _names_used(), f"{code} is never given: remove it, or give it"
    folder = FOLDERS[group]
    reached = [
        place(file)
        for file in of_tests()
        if "house" not in file.relative_to(ROOT).parts[1:2]
        and _concerns(folder, file)
        and re.search(rf"\b{code}\b", text(file))
    ]
    assert reached, f"no test of {folder} reaches {code}"

"""The rules alone: their borders, and the median against an obvious twin."""

from __future__ import annotations

import re
from datetime import time
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.domain.detectors import (
    Group,
    authorities,
    close_together,
    enough,
    far_above_peers,
    median_without,
    officials,
)
from tests.services.questions.house import DETECTORS

RULES = DETECTORS.rules
PEERS = RULES["official_above_peers"]
FACTOR, LEAST, FEWEST = (PEERS.numbers[name] for name in ("factor", "least", "fewest_peers"))


def group(count: int, *, n: int = 0, **values: object) -> Group:
    return Group(**{"authority": "a", "source": "catalog", "count": count, "refs": [f"catalog/0/{n}"], **values})  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=60), st.data())
def test_the_median_without_one_is_that_of_the_others(counts: list[int], data: st.DataObject) -> None:
    ordered = sorted(counts)
    place = data.draw(st.integers(0, len(ordered) - 1))
    assert median_without(ordered, place) == median(ordered[:place] + ordered[place + 1 :])


@given(st.lists(st.integers(1, 500), min_size=1, max_size=40))
def test_a_finding_is_far_above_its_peers_and_nothing_else_is(counts: list[int]) -> None:
    groups = [group(count, n=n) for n, count in enumerate(counts)]
    found = {one.group.refs[0] for one in far_above_peers("x", PEERS, groups)}
    for n, one in enumerate(groups):
        others = counts[:n] + counts[n + 1 :]
        expected = len(others) >= FEWEST and one.count >= LEAST and one.count > FACTOR * median(others)
        assert (one.refs[0] in found) is expected


def test_the_borders_of_far_above_peers() -> None:
    at_factor = [group(LEAST // FACTOR, n=n) for n in range(FEWEST)]
    assert list(far_above_peers("x", PEERS, [*at_factor, group(LEAST, n=9)])) == []
    [found] = far_above_peers("x", PEERS, [*at_factor, group(LEAST + 1, n=9)])
    assert (found.group.count, found.threshold) == (LEAST + 1, LEAST)
    assert list(far_above_peers("x", PEERS, [*at_factor[1:], group(LEAST * 9, n=9)])) == []


@given(st.integers(1, 400))
def test_enough_begins_at_the_threshold(count: int) -> None:
    for name in ("off_hours", "matter_wide", "matter_missing"):
        rule = RULES[name]
        assert bool(list(enough(name, rule, [group(count)]))) is (count >= rule.numbers["least"])


@pytest.mark.parametrize(("days", "fires"), [(29.9, True), (30.0, True), (30.001, False)])
def test_close_together_ends_at_the_threshold(days: float, fires: bool) -> None:
    assert bool(list(close_together("repeated_looks", RULES["repeated_looks"], [group(9, days=days)]))) is fires


def test_officials_are_compared_within_their_authority_and_authorities_over_all_journals() -> None:
    groups = [
        group(1, tag=b"1"),
        group(2, tag=b"1", source="repair"),
        group(4, tag=b"1", authority="b"),
        group(8, tag=None),
        group(16, tag=b"2"),
    ]
    assert [[one.count for one in peers] for peers in officials(groups)] == [[1, 16], [2], [4]]
    assert {one.authority: one.count for one in authorities(groups)} == {"a": 27, "b": 4}


@pytest.mark.parametrize("name", RULES)
def test_every_rule_says_its_numbers_in_both_languages(name: str) -> None:
    rule = RULES[name]
    extra = {
        "count": 7,
        "median": 1.5,
        "peers": 3,
        "days": 2.5,
        "step": "decided",
        "due": "2026-06-01",
        "since": "2026-05-01",
    }
    en, zh = (text.format(**{**rule.numbers, **extra}) for text in (rule.en, rule.zh))
    assert "7" in en
    assert "7" in zh
    assert re.search(r"[\u4e00-\u9fff]", zh)
    assert set(re.findall(r"\{(\w+)", rule.en)) == set(re.findall(r"\{(\w+)", rule.zh)) != set()


def test_office_hours_are_times() -> None:
    hours = RULES["off_hours"].numbers
    assert time.fromisoformat(hours["opens"]) < time.fromisoformat(hours["closes"])

"""The auditor's detectors: small rules over counts. Each compares one number and says why it fired.

Thresholds and wording are data (services/audit/detectors.yaml). A finding says what to look into and proves nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from foundation.lawfile import Entry

SHOWN = 20
"""Entries that a finding names at most, the newest."""


@dataclass(frozen=True, kw_only=True)
class Rule(Entry):
    """A detector's numbers, and what its finding says with them."""

    numbers: dict[str, Any]
    en: str
    zh: str


@dataclass(frozen=True, kw_only=True)
class Detectors(Entry):
    """All of services/audit/detectors.yaml."""

    longest_period_days: int
    most_groups: int
    most_opened: int
    misuse_terms: dict[str, int]
    rules: dict[str, Rule]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What is counted together: the looks of an authority, of an official (`tag`), at one party, under one matter.

    `refs` are the newest entries as source/bucket/entry id.
    `days` is the shortest time in which as many happened as the rule asks for. `more` is for the wording alone.
    """

    authority: str
    count: int
    source: str = ""
    refs: Sequence[str] = ()
    tag: bytes | None = None
    days: float = 0
    matter: str = ""
    more: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to look into, with the number that was compared, the threshold, and why in two languages."""

    detector: str
    group: Group
    threshold: float
    because_en: str
    because_zh: str
    officer: str = ""

    @property
    def key(self) -> tuple[int, str, str, str]:
        """Its place: most first; no two findings of one question share it."""
        one = self.group
        return (-one.count, self.detector, one.authority, f"{one.source}/{one.matter}/{''.join(one.refs[:1])}")


def enough(detector: str, rule: Rule, groups: Iterable[Group]) -> Iterator[Finding]:
    """Findings about groups of `least` or more."""
    least = rule.numbers["least"]
    return (_fired(detector, rule, group, least) for group in groups if group.count >= least)


def close_together(detector: str, rule: Rule, groups: Iterable[Group]) -> Iterator[Finding]:
    """Findings about groups in which `least` happened within `within_days`."""
    near = (group for group in groups if group.days <= rule.numbers["within_days"])
    return (_fired(detector, rule, group, rule.numbers["least"], days=max(group.days, 0.1)) for group in near)


def far_above_peers(detector: str, rule: Rule, peers: Sequence[Group]) -> Iterator[Finding]:
    """Findings about those with `least` or more and above `factor` times the median of the others.

    With fewer than `fewest_peers` others nothing is compared.
    """
    ordered = sorted(peers, key=lambda group: group.count)
    counts, others = [group.count for group in ordered], len(ordered) - 1
    for place, group in enumerate(ordered if others >= rule.numbers["fewest_peers"] else ()):
        median = median_without(counts, place)
        threshold = max(rule.numbers["factor"] * median, rule.numbers["least"])
        if group.count >= rule.numbers["least"] and group.count > rule.numbers["factor"] * median:
            yield _fired(detector, rule, group, threshold, median=median, peers=others)


def officials(groups: Iterable[Group]) -> list[list[Group]]:
    """Officials with their peers: those of the same authority in the same journal."""
    peers: dict[tuple[str, str], list[Group]] = defaultdict(list)
    for group in groups:
        if group.tag is not None:
            peers[group.source, group.authority].append(group)
    return list(peers.values())


def authorities(groups: Iterable[Group]) -> list[Group]:
    """The groups of each authority, in all journals, as one."""
    sums: dict[str, Group] = {}
    for group in groups:
        so_far = sums.get(group.authority, Group(authority=group.authority, count=0))
        refs = [*so_far.refs, *group.refs][:SHOWN]
        sums[group.authority] = replace(so_far, count=so_far.count + group.count, refs=refs)
    return list(sums.values())


def median_without(ordered: Sequence[int], place: int) -> float:
    """The median of `ordered` without the number at `place`. Requires ascending order and 2 numbers at least."""
    rest = len(ordered) - 1
    middle = ((rest - 1) // 2, rest // 2)
    return sum(ordered[n if n < place else n + 1] for n in middle) / 2


def _fired(detector: str, rule: Rule, group: Group, threshold: float, **numbers: Any) -> Finding:
    said = {"count": group.count, **rule.numbers, **group.more, **numbers}
    en, zh = rule.en.format(**said), rule.zh.format(**said)
    return Finding(detector=detector, group=group, threshold=threshold, because_en=en, because_zh=zh)

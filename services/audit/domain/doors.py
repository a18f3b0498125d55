"""Door numbers that are missing, and what the office says about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

SETTLED_S = 10
"""Seconds after which a number still missing is a gap: no transaction of the house lasts longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The numbers first_no to last_no are in no entry. `after` and `before`: when the entries around them were written.

    `cause` is what the office says of them; empty: nothing.
    """

    source: str
    epoch: UUID
    first_no: int
    last_no: int
    after: datetime | None
    before: datetime | None
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """That a transaction failed which may have drawn numbers of (after_no, upto_no]."""

    after_no: int
    upto_no: int
    cause: str


def explained(gap: Gap, lost: Iterable[Lost]) -> list[Gap]:
    """Return the gap in parts, in order: those that a failed transaction explains, with its cause, and the rest."""
    parts: list[Gap] = []
    at = gap.first_no
    for one in sorted(lost, key=lambda one: (one.after_no, one.upto_no)):
        first, last = max(one.after_no + 1, at), min(one.upto_no, gap.last_no)
        if first > last:
            continue
        if at < first:
            parts.append(replace(gap, first_no=at, last_no=first - 1))
        parts.append(replace(gap, first_no=first, last_no=last, cause=one.cause))
        at = last + 1
    if at <= gap.last_no:
        parts.append(replace(gap, first_no=at))
    return parts

"""An auditor's question: its period, whom it is about, its basis, and its pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from services.audit.domain.reasons import BASIS_REQUIRED, QUESTION_TOO_WIDE

T = TypeVar("T")
_FARTHEST = 10**17


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked. The period is [since, before); an empty authority means all."""

    since: datetime
    before: datetime
    basis: str
    authority: str = ""
    most: int = 100
    token: str = ""

    def __post_init__(self) -> None:
        """Raise Refused(BASIS_REQUIRED) without a basis, VALUE_INVALID for a period that ends before it begins."""
        if not self.basis.strip():
            raise Refused(BASIS_REQUIRED, field="question.basis")
        if self.since >= self.before:
            raise Refused(VALUE_INVALID, field="question.from", detail="It is not before `to`.")

    def require_at_most(self, days: int) -> None:
        """Raise Refused(QUESTION_TOO_WIDE) for a longer period."""
        if self.before - self.since > timedelta(days=days):
            raise Refused(QUESTION_TOO_WIDE, field="question.from", detail=f"At most {days} days.")

    def after(self, *first: int | str) -> tuple[Any, ...]:
        """The place after which its page begins, `first` without a token. Raises Refused(VALUE_INVALID)."""
        return place(self.token, *first, field="question.page_token")


def place(token: str, *first: int | str, field: str) -> tuple[Any, ...]:
    """The place that a token names, of the types of `first`, which stands for none. Raises Refused(VALUE_INVALID)."""
    try:
        parts: list[Any] = json.loads(token) if token else [*first]
        if [type(part) for part in parts] == [type(part) for part in first] and all(map(_storable, parts)):
            return tuple(parts)
    except (ValueError, TypeError, RecursionError):
        pass
    raise Refused(VALUE_INVALID, field=field)


def _storable(part: int | str) -> bool:
    """Whether the database can compare with it: a time in microseconds, an id, or a text."""
    return abs(part) <= _FARTHEST if isinstance(part, int) else "\0" not in part


def page(
    found: Iterable[T], question: Question, key: Callable[[T], tuple[Any, ...]], *first: int | str
) -> tuple[list[T], str]:
    """The page of `found` that is asked for, in the order of `key`, and the next one's token, "" on the last."""
    after = question.after(*first)
    rest = sorted((one for one in found if key(one) > after), key=key)
    shown = rest[: question.most]
    return shown, json.dumps(key(shown[-1])) if len(rest) > len(shown) else ""

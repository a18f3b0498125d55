"""How the house says no: one typed error that crosses every border and is rendered once, at the edge."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml


class Kind(enum.Enum):
    """What sort of refusal it is; `foundation.rpc` maps each to one gRPC status."""

    INVALID = "invalid"
    PRECONDITION = "precondition"
    DENIED = "denied"
    UNAUTHENTICATED = "unauthenticated"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    EXHAUSTED = "exhausted"
    UNAVAILABLE = "unavailable"
    DEADLINE = "deadline"


@dataclass(frozen=True, slots=True)
class Wording:
    """What a reason means, what can be done about it, and where it comes from."""

    meaning: str
    remedy: str
    source: str


@dataclass(frozen=True, slots=True)
class Reason:
    """A stable reason for a refusal; `docs/refusals.md` is generated from all of them.

    Its wording is given, or stands under its code in the YAML file named, which is read when first asked for.
    """

    code: str
    kind: Kind
    wording: Wording | Path

    @property
    def meaning(self) -> str:
        """What happened, in one sentence."""
        return self._said.meaning

    @property
    def remedy(self) -> str:
        """What can be done about it."""
        return self._said.remedy

    @property
    def source(self) -> str:
        """The clause, standard or document that it comes from."""
        return self._said.source

    @property
    def _said(self) -> Wording:
        return self.wording if isinstance(self.wording, Wording) else _wordings(self.wording)[self.code]


def worded_beside(module: str) -> Callable[[str, Kind], Reason]:
    """Give what makes the reasons of a module (its `__file__`): their wording stands in the YAML file beside it."""
    file = Path(module).with_suffix(".yaml")
    return lambda code, kind: Reason(code, kind, file)


@cache
def _wordings(file: Path) -> dict[str, Wording]:
    return {code: Wording(**said) for code, said in yaml.safe_load(file.read_text(encoding="utf-8")).items()}


class Refused(Exception):
    """Something that the rules do not allow.

    `field` is the dotted path of the request field it concerns; `detail` adds to the meaning and never
    holds a personal value. `journalled` says that the door which refused has written the entry itself.
    """

    def __init__(self, reason: Reason, *, field: str = "", detail: str = "", journalled: bool = False) -> None:
        super().__init__(reason.code, field, detail)
        self.journalled = journalled
        self.reason = reason
        self.field = field
        self.detail = detail

    @property
    def message(self) -> str:
        """What happened, in one sentence."""
        return f"{self.reason.meaning} {self.detail}".strip()


class Throttled(Refused):
    """A refusal for having asked too often, which knows after how many seconds to come back: at least 1."""

    def __init__(self, reason: Reason, retry_after_s: float, *, field: str = "", detail: str = "") -> None:
        super().__init__(reason, field=field, detail=detail)
        self.retry_after_s = max(1, math.ceil(retry_after_s))

"""How the house says no: one typed error that crosses every border and is rendered once, at the edge."""

from __future__ import annotations

import enum
from dataclasses import dataclass


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
class Reason:
    """A stable reason for a refusal; `docs/refusals.md` is generated from all of them."""

    code: str
    kind: Kind
    meaning: str
    remedy: str
    source: str


class Refused(Exception):
    """Something that the rules do not allow.

    `field` is the dotted path of the request field it concerns; `detail` adds to the meaning and never
    holds a personal value. `journalled` says that the door which refused has written the entry itself.
    """

    def __init__(
        self, reason: Reason, *, field: str = "", detail: str = "", journalled: bool = False
    ) -> None:
        super().__init__(reason.code, field, detail)
        self.journalled = journalled
        self.reason = reason
        self.field = field
        self.detail = detail

    @property
    def message(self) -> str:
        """What happened, in one sentence."""
        return f"{self.reason.meaning} {self.detail}".strip()

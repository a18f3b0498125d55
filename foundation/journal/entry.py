"""What a journal entry says, and the receipt that names it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from foundation.access.callers import Caller
from foundation.identity import Identifier
from foundation.personal import NOTHING, Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One access or change. Source: 54号 clause 13 (审查和登记); docs/architecture.md, Journal and log.

    `kind` is the RPC as Service.Method. `disclosed` lists "id:version:fields" in the order shown; only its
    salted digest is kept. `matter`, `officer` and the subject's tag go to the private part, which can be erased.
    `visible_from` is when the subject may see the entry, where a court's order delays that; none: at once.
    Given as text, `matter` and `officer` become Personal values.
    """

    kind: str
    caller: Caller
    purpose: str = ""
    grant_id: UUID | None = None
    matter: Personal | str = NOTHING
    officer: Personal | str = NOTHING
    subject: Identifier | None = None
    decision: Literal["answered", "changed", "refused"] = "answered"
    reason: str = ""
    items: tuple[str, ...] = ()
    disclosed: tuple[str, ...] = ()
    query_id: UUID = field(default_factory=uuid4)
    attempt: int = 1
    visible_from: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("matter", "officer"):
            object.__setattr__(self, name, Personal.of(getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Names a journal entry; the holder can ask the audit office for its proof."""

    source: str
    entry_id: int
    as_of: datetime
    digest: bytes

    @classmethod
    def of(cls, source: str, written: Any) -> Receipt:
        """The receipt of the entry that a door of this schema wrote, as its row says."""
        return cls(source=source, entry_id=written.entry_id, as_of=written.as_of, digest=bytes(written.digest))


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivatePart:
    """What an entry says about natural persons besides the subject: the official and the matter."""

    officer: Personal = NOTHING
    matter: Personal = NOTHING

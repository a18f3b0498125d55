"""Who looked: one access, how it is searched, and what of it whom may see."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from foundation.identity import Identifier
from foundation.personal import NOTHING, Personal
from foundation.refusal import Refused
from services.audit.domain.reasons import BASIS_REQUIRED

OWN_PURPOSE = "own"
"""The purpose of a party that asks about itself."""
MOST_TO_SUBJECT = 1_000
"""How many accesses a party gets at once, newest first."""
NEWEST = (10**17, "~", 0)
"""The place before the newest access, as `Access.place` gives one."""
_1970 = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One entry of a journal. `officer` and `matter` are empty once the private part is erased.

    `log_index` is None while the entry is not yet in the log.
    """

    source: str
    entry_id: int
    at: datetime
    kind: str
    authority: str
    purpose: str
    decision: str
    reason: str
    log_index: int | None
    officer: Personal = NOTHING
    matter: Personal = NOTHING
    items: tuple[str, ...] = ()
    assisted: bool = False

    @classmethod
    def of(cls, entry: Any, **more: Any) -> Access:
        """The access that an entry is, of the log or as a journal's row; `more` are the members it has not."""
        names = ("entry_id", "at", "kind", "authority", "purpose", "decision", "reason")
        return cls(**{name: getattr(entry, name) for name in names}, **more)

    @property
    def place(self) -> tuple[int, str, int]:
        """Where it stands among all accesses: microseconds since 1970, source, entry id; newest first."""
        return (self.at - _1970) // timedelta(microseconds=1), self.source, self.entry_id

    def as_the_party_sees_it(self) -> Access:
        """The access without the official's name: the authority answers to the party, not its official.

        That a clerk was there is told: a look of the party's own has no official otherwise.
        """
        return replace(self, officer=NOTHING, assisted=self.purpose == OWN_PURPOSE and bool(self.officer))


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What an auditor looks for. Empty means any; the period is [since, before).

    `by_party`: the party itself looks, and does not see yet what a court's order keeps from it for a time.
    `after`: the place after which a page begins, of a search about one party.
    """

    since: datetime | None = None
    before: datetime | None = None
    authority: str = ""
    purpose: str = ""
    decision: str = ""
    subject: Identifier | None = None
    basis: str = ""
    most: int = 100
    by_party: bool = False
    after: tuple[int, str, int] = NEWEST

    def __post_init__(self) -> None:
        """Raise Refused(BASIS_REQUIRED) when it is about one party and states no audit."""
        if self.subject is not None and not self.basis.strip():
            raise Refused(BASIS_REQUIRED, field="basis")

"""The call being served: who calls, and in whose name."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, NamedTuple

from foundation.access.callers import Caller, Officer, Person
from foundation.journal import Entry
from foundation.personal import NOTHING, Personal
from foundation.reasons import ASSERTION_REQUIRED, OFFICER_ROLE_REQUIRED
from foundation.refusal import Refused


class Call(NamedTuple):
    """One call: the enrolled system, the method as Service.Method, and the natural person if one is asserted."""

    caller: Caller
    method: str
    officer: Officer | None = None
    person: Person | None = None

    @property
    def official(self) -> Personal:
        """The subject of the official who is asserted, empty where none is."""
        return self.officer.subject if self.officer else NOTHING

    def entry(self, **said: Any) -> Entry:
        """The journal entry of this call, which says what it is, who calls, and for which official."""
        said.setdefault("officer", self.official)
        return Entry(kind=self.method, caller=self.caller, **said)

    def require_role(self, *roles: str) -> None:
        """Raise Refused(ROLE_REQUIRED) unless the calling system has one of `roles`."""
        self.caller.require_role(*roles)

    def require_officer(self, role: str) -> Officer:
        """Return the official; raise Refused unless one of the caller's own authority with `role` is asserted."""
        if self.officer is None:
            raise Refused(ASSERTION_REQUIRED)
        if self.officer.authority != self.caller.authority:
            raise Refused(OFFICER_ROLE_REQUIRED)
        self.officer.require_role(role)
        return self.officer

    def require_person(self) -> Person:
        """Return the party that acts for itself; raise Refused unless the gateway asserts one."""
        self.caller.require_role("gateway")
        if self.person is None:
            raise Refused(ASSERTION_REQUIRED)
        return self.person


CURRENT: ContextVar[Call] = ContextVar("chengxin_call")


def current() -> Call:
    """The call being served by this task."""
    return CURRENT.get()

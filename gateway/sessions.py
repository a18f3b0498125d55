"""Sessions of signed-in people: idle at most 30 minutes, at most 8 hours old, a new id at every sign-in.

A clerk at a desk acts for a party in a session of the party's that names him: idle at most 10 minutes, as old as his own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from foundation.access import Officer, Person
from foundation.identity import CANON_VERSION, Identifier, IdentifierKind
from gateway.seal import SealedStore, new_token

IDLE = timedelta(minutes=30)
IDLE_AT_DESK = timedelta(minutes=10)
LONGEST = timedelta(hours=8)
_PURPOSE = "session"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Who is signed in. `csrf_token` must come with every request that changes something.

    `clerk` is the name of the assistant, where the person has one: an official who acts for it at a desk.
    """

    person: Person
    clerk: str = field(default="", repr=False)
    csrf_token: str = field(repr=False)
    signed_in_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffSession:
    """Which official is signed in; as `Session`, and never both in one."""

    officer: Officer
    name: str = field(repr=False)
    csrf_token: str = field(repr=False)
    signed_in_at: datetime
    ends_at: datetime


class Sessions:
    """Opens, finds and closes sessions; they live sealed in Redis and nowhere else."""

    def __init__(self, store: SealedStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    async def open(self, person: Person, *, instead_of: str, by: StaffSession | None = None) -> str:
        """Open a session and return its token; the one whose token the browser brought ends.

        `by`: the session of the clerk, where the person has an assistant.
        """
        who = {
            "kind": person.identifier.kind.value,
            "number": person.identifier.value.reveal(),
            "canon": person.identifier.canon,
            "name": person.name.reveal(),
        }
        if person.assistant is not None:
            assert by is not None  # whose session becomes this one
            who |= {"assistant": _official(by.officer, by.name), "matter": person.matter.reveal()}
        return await self._open(who, instead_of, at=by.signed_in_at if by else None)

    async def open_staff(
        self, officer: Officer, name: str, *, instead_of: str, signed_in_at: datetime | None = None
    ) -> str:
        """Open an official's session, as `open` does."""
        return await self._open(_official(officer, name), instead_of, at=signed_in_at)

    async def _open(self, who: dict[str, Any], instead_of: str, *, at: datetime | None = None) -> str:
        await self.close(instead_of)
        token = new_token()
        value = {**who, "csrf": new_token(), "at": (at or self._clock()).timestamp()}
        await self._store.put(_PURPOSE, token, value, life=_idle(value))
        return token

    async def find(self, token: str) -> Session | StaffSession | None:
        """Return the session, idle from now on again; None when there is none."""
        value = await self._store.get(_PURPOSE, token)
        if value is None or value.get("canon", CANON_VERSION) != CANON_VERSION:
            return None
        signed_in_at = datetime.fromtimestamp(value["at"], UTC)
        life = min(_idle(value), signed_in_at + LONGEST - self._clock())
        await self._store.put(_PURPOSE, token, value, life=life, only_existing=True)
        same: Any = {"csrf_token": value["csrf"], "signed_in_at": signed_in_at, "ends_at": self._clock() + life}
        if "subject" in value:
            return StaffSession(officer=_officer(value), name=value["name"], **same)
        identifier = Identifier(IdentifierKind(value["kind"]), value["number"], value["canon"])
        clerk = value.get("assistant")
        helped: dict[str, Any] = {"assistant": _officer(clerk), "matter": value["matter"]} if clerk else {}
        person = Person(identifier=identifier, name=value["name"], **helped)
        return Session(person=person, clerk=clerk["name"] if clerk else "", **same)

    async def close(self, token: str) -> None:
        """End the session, if there is one."""
        await self._store.drop(_PURPOSE, token)


def _idle(value: dict[str, Any]) -> timedelta:
    return IDLE_AT_DESK if "assistant" in value else IDLE


def _official(officer: Officer, name: str) -> dict[str, Any]:
    return {
        "subject": officer.subject.reveal(),
        "authority": officer.authority,
        "roles": sorted(officer.roles),
        "name": name,
    }


def _officer(value: dict[str, Any]) -> Officer:
    return Officer(subject=value["subject"], authority=value["authority"], roles=frozenset(value["roles"]))

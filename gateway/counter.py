"""What the journeys share: the parts they work with, and who stands at the counter."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Header, Path, Request

from foundation.reasons import OFFICER_ROLE_REQUIRED
from foundation.refusal import Refused
from gateway.authorities import Authority
from gateway.identity_provider import IdentityProvider, StaffProvider
from gateway.offices import Offices, Voice
from gateway.rate_limits import RateLimits
from gateway.reasons import CSRF_TOKEN_WRONG, PARTY_SESSION_REQUIRED, SIGN_IN_REQUIRED
from gateway.seal import SealedStore
from gateway.sessions import Session, Sessions, StaffSession


@dataclass(slots=True, kw_only=True)
class Counter:
    """The parts of a running gateway. `draining` is true once it has been told to stop.

    `staff` signs officials in; None where the house has no provider for them. `public_url` is how browsers reach it,
    without a slash at the end. `signers` are the verifier keys of the offices that sign documents, by office;
    `authorities` those whose names are known, by code.
    """

    offices: Offices
    sessions: Sessions
    store: SealedStore
    limits: RateLimits
    identity: IdentityProvider
    staff: StaffProvider | None = None
    home: str
    public_url: str
    secure: bool
    signers: Mapping[str, str] = field(default_factory=dict[str, str])
    authorities: Mapping[str, Authority] = field(default_factory=dict[str, Authority])
    draining: bool = False

    def cookie(self, name: str) -> str:
        """The full name of a cookie; under https a browser then takes it from this host alone."""
        return f"__Host-{name}" if self.secure else name


async def counter_of(request: Request) -> Counter:
    """The counter that serves the request."""
    return request.app.state.counter


TheCounter = Annotated[Counter, Depends(counter_of)]


def address_of(request: Request) -> str:
    """The address that the request came from."""
    return request.client.host if request.client else ""


async def limited(request: Request, counter: TheCounter) -> None:
    """Let an address ask only so often."""
    await counter.limits.address(address_of(request))


def session_token(request: Request, counter: Counter) -> str:
    """The session token that the browser brought; empty without one."""
    return request.cookies.get(counter.cookie("chengxin"), "")


async def maybe_anybody(request: Request, counter: TheCounter) -> Session | StaffSession | None:
    """The session, if a party or an official is signed in."""
    token = session_token(request, counter)
    if not token:
        return None
    await counter.limits.session(token)
    return await counter.sessions.find(token)


MaybeAnybody = Annotated[Session | StaffSession | None, Depends(maybe_anybody)]


async def anybody(session: MaybeAnybody) -> Session | StaffSession:
    """The session of whoever is signed in; raises Refused(SIGN_IN_REQUIRED) when nobody is."""
    if session is None:
        raise Refused(SIGN_IN_REQUIRED)
    return session


Anybody = Annotated[Session | StaffSession, Depends(anybody)]


async def signed_in(session: Anybody, counter: TheCounter) -> Voice[Session]:
    """The party; raises Refused(SIGN_IN_REQUIRED), for an official Refused(PARTY_SESSION_REQUIRED)."""
    if not isinstance(session, Session):
        raise Refused(PARTY_SESSION_REQUIRED)
    return Voice(counter.offices, session)


async def on_duty(session: Anybody, counter: TheCounter) -> Voice[StaffSession]:
    """The official; raises Refused(SIGN_IN_REQUIRED), for a party Refused(OFFICER_ROLE_REQUIRED)."""
    if not isinstance(session, StaffSession):
        raise Refused(OFFICER_ROLE_REQUIRED)
    return Voice(counter.offices, session)


def on_duty_as(role: str) -> Callable[[Voice[StaffSession]], Awaitable[None]]:
    """A dependency of pages for officials of one role; raises as `on_duty`, or Refused(OFFICER_ROLE_REQUIRED)."""

    async def required(me: Staff) -> None:
        me.session.officer.require_role(role)

    return required


async def acting_anybody(
    session: Anybody, x_csrf_token: Annotated[str, Header(description="csrf_token from GET /api/v1/session")] = ""
) -> Session | StaffSession:
    """The session of a request that changes something; raises Refused(CSRF_TOKEN_WRONG) without its token."""
    check_csrf(session, x_csrf_token)
    return session


ActingAnybody = Annotated[Session | StaffSession, Depends(acting_anybody)]
Visitor = Annotated[Voice[Session], Depends(signed_in)]
Staff = Annotated[Voice[StaffSession], Depends(on_duty)]


async def acting(me: Visitor, _: ActingAnybody) -> Voice[Session]:
    """A party with a request that changes something. Raises as `signed_in` and `acting_anybody`."""
    return me


async def acting_staff(me: Staff, _: ActingAnybody) -> Voice[StaffSession]:
    """An official with a request that changes something. Raises as `on_duty` and `acting_anybody`."""
    return me


def check_csrf(session: Session | StaffSession, token: str) -> None:
    """Raise Refused(CSRF_TOKEN_WRONG) unless the token is the session's: a stranger's page does not know it."""
    if not hmac.compare_digest(token.encode(), session.csrf_token.encode()):
        raise Refused(CSRF_TOKEN_WRONG)


Acting = Annotated[Voice[Session], Depends(acting)]
ActingStaff = Annotated[Voice[StaffSession], Depends(acting_staff)]

ThingId = Annotated[str, Path(max_length=64, description="Id; another's is answered like one that is not there")]
"""An id in the address. Ids are random and say nothing about anybody."""

"""What the journeys share: the parts they work with, and who stands at the counter."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Path, Request

from foundation.refusal import Refused
from gateway.identity_provider import IdentityProvider
from gateway.offices import Offices
from gateway.rate_limits import RateLimits
from gateway.reasons import CSRF_TOKEN_WRONG, SIGN_IN_REQUIRED
from gateway.seal import SealedStore
from gateway.sessions import Session, Sessions


@dataclass(slots=True, kw_only=True)
class Counter:
    """The parts of a running gateway. `draining` is true once it has been told to stop."""

    offices: Offices
    sessions: Sessions
    store: SealedStore
    limits: RateLimits
    identity: IdentityProvider
    home: str
    secure: bool
    draining: bool = False

    def cookie(self, name: str) -> str:
        """The full name of a cookie; under https a browser then takes it from this host alone."""
        return f"__Host-{name}" if self.secure else name


def counter_of(request: Request) -> Counter:
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


async def maybe_signed_in(request: Request, counter: TheCounter) -> Session | None:
    """The session, if somebody is signed in."""
    token = session_token(request, counter)
    if not token:
        return None
    await counter.limits.session(token)
    return await counter.sessions.find(token)


async def signed_in(session: Annotated[Session | None, Depends(maybe_signed_in)]) -> Session:
    """The session; raises Refused(SIGN_IN_REQUIRED) when nobody is signed in."""
    if session is None:
        raise Refused(SIGN_IN_REQUIRED)
    return session


async def acting(
    session: Annotated[Session, Depends(signed_in)],
    x_csrf_token: Annotated[str, Header(description="csrf_token from GET /api/v1/session")] = "",
) -> Session:
    """The session of a request that changes something; raises Refused(CSRF_TOKEN_WRONG) without its token."""
    check_csrf(session, x_csrf_token)
    return session


def check_csrf(session: Session, token: str) -> None:
    """Raise Refused(CSRF_TOKEN_WRONG) unless the token is the session's: a stranger's page does not know it."""
    if not hmac.compare_digest(token.encode(), session.csrf_token.encode()):
        raise Refused(CSRF_TOKEN_WRONG)


MaybeVisitor = Annotated[Session | None, Depends(maybe_signed_in)]
Visitor = Annotated[Session, Depends(signed_in)]
Acting = Annotated[Session, Depends(acting)]

ThingId = Annotated[str, Path(max_length=64, description="Id; another's is answered like one that is not there")]
"""An id in the address. Ids are random and say nothing about anybody."""

"""Signing in at the identity provider, the session, signing out."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from foundation.reasons import NOT_FOUND
from foundation.refusal import Refused
from gateway.counter import ActingAnybody, Counter, MaybeAnybody, TheCounter, address_of, session_token
from gateway.identity_provider import SignIn
from gateway.problems import answers
from gateway.reasons import SIGN_IN_FAILED
from gateway.routers import rest_router
from gateway.seal import new_token
from gateway.sessions import StaffSession

CALLBACK = "/api/v1/session/callback"
"""Where the identity provider sends the browser back to."""
OWN_PAGE = re.compile(r"/(me|staff)(/[a-z0-9-]+)*", re.ASCII)
"""Pages to come back to after signing in: ours, by path alone, so that no link leads elsewhere."""
STAFF = "/staff"
"""Where the pages of officials begin; who is to come back to one signs in at the provider of officials."""
_BEGUN = "sign-in"
_BEGUN_LIFE = timedelta(minutes=10)

AnyResponse = TypeVar("AnyResponse", bound=Response)

router = rest_router("/session", "session")


class SessionState(BaseModel):
    """Who is signed in, and the token that changing requests must carry."""

    signed_in: bool = Field(description="Whether somebody is signed in")
    name: str | None = Field(default=None, description="Name as the identity provider gave it")
    identifier_kind: str | None = Field(
        default=None, description="Kind of the identifier: uscc, resident_id, residence_permit or passport"
    )
    authority: str | None = Field(default=None, description="USCC of an official's or the clerk's authority")
    roles: list[str] | None = Field(default=None, description="An official's roles")
    assisted_by: str | None = Field(default=None, description="Name of the clerk who acts for the party at a desk")
    csrf_token: str | None = Field(default=None, description="Send it as the header X-CSRF-Token")
    ends_at: datetime | None = Field(default=None, description="When the session ends unless it is used")


@router.get("", responses=answers(429, 503))
async def show_session(session: MaybeAnybody) -> SessionState:
    """Say who is signed in."""
    if session is None:
        return SessionState(signed_in=False)
    same: Any = {"signed_in": True, "csrf_token": session.csrf_token, "ends_at": session.ends_at}
    if isinstance(session, StaffSession):
        officer = session.officer
        return SessionState(name=session.name, authority=officer.authority, roles=sorted(officer.roles), **same)
    party = session.person
    if party.assistant is not None:
        same |= {"assisted_by": session.clerk, "authority": party.assistant.authority}
    return SessionState(name=party.name.reveal(), identifier_kind=party.identifier.kind.value, **same)


@router.get(
    "/sign-in",
    status_code=303,
    response_class=RedirectResponse,
    responses=answers(429, 503),
    response_description="To the identity provider",
)
async def begin_sign_in(
    request: Request,
    counter: TheCounter,
    back_to: Annotated[str, Query(max_length=200, description="Path of the page to come back to")] = "",
) -> RedirectResponse:
    """Send the browser to the identity provider: that of officials, to come back to a page of theirs."""
    await counter.limits.sign_in(address_of(request))
    home = back_to if OWN_PAGE.fullmatch(back_to) else counter.home
    provider = counter.staff if home.startswith(STAFF) else counter.identity
    if provider is None:
        raise Refused(NOT_FOUND)
    url, begun = await provider.begin()
    ticket = new_token()
    await counter.store.put(_BEGUN, ticket, {**asdict(begun), "home": home}, life=_BEGUN_LIFE)
    response = RedirectResponse(url, 303)
    set_cookie(response, counter, "chengxin-sign-in", ticket, max_age=int(_BEGUN_LIFE.total_seconds()))
    return response


@router.get(
    "/callback",
    status_code=303,
    response_class=RedirectResponse,
    responses=answers(400, 403, 429, 503),
    response_description="Signed in; to the start page",
)
async def complete_sign_in(
    request: Request,
    counter: TheCounter,
    state: Annotated[str, Query(max_length=200, description="As it was sent to the provider")],
    code: Annotated[str, Query(max_length=2000, description="The authorization code")] = "",
    iss: Annotated[str, Query(max_length=2000, description="The provider's issuer (RFC 9207)")] = "",
) -> RedirectResponse:
    """Take the identity provider's answer and open a session with a new id."""
    ticket = request.cookies.get(counter.cookie("chengxin-sign-in"), "")
    kept = await counter.store.take(_BEGUN, ticket)
    if kept is None or kept["state"] != state or not code:
        raise Refused(SIGN_IN_FAILED)
    home = kept.pop("home")
    before = session_token(request, counter)
    if counter.staff is not None and home.startswith(STAFF):
        officer, name = await counter.staff.official(SignIn(**kept), code=code, issuer=iss)
        token = await counter.sessions.open_staff(officer, name, instead_of=before)
    else:
        person = await counter.identity.complete(SignIn(**kept), code=code, issuer=iss)
        await counter.limits.signed_in(person.identifier)
        token = await counter.sessions.open(person, instead_of=before)
    response = RedirectResponse(home, 303)
    set_cookie(response, counter, "chengxin", token)
    _forget_cookie(response, counter, "chengxin-sign-in")
    return response


@router.post("/sign-out", status_code=204, responses=answers(401, 403, 429, 503))
async def sign_out(request: Request, counter: TheCounter, session: ActingAnybody) -> Response:
    """End the session."""
    return await signed_out(request, counter, Response(status_code=204))


async def signed_out(request: Request, counter: Counter, response: AnyResponse) -> AnyResponse:
    """End the session; the response makes the browser forget it."""
    await counter.sessions.close(session_token(request, counter))
    _forget_cookie(response, counter, "chengxin")
    return response


def set_cookie(response: Response, counter: Counter, name: str, value: str, *, max_age: int | None = None) -> None:
    """Let the browser keep a secret of ours, for this host alone."""
    response.set_cookie(
        counter.cookie(name), value, max_age=max_age, path="/", secure=counter.secure, httponly=True, samesite="lax"
    )


def _forget_cookie(response: Response, counter: Counter, name: str) -> None:
    response.delete_cookie(counter.cookie(name), path="/", secure=counter.secure, httponly=True, samesite="lax")

"""Begins and ends the session in which a clerk acts for a party who stands at the desk."""

from __future__ import annotations

from typing import Literal

from fastapi import Depends, Request, Response
from pydantic import ConfigDict, Field

from foundation.access import CLERK, Person
from foundation.calendar import day_of
from foundation.identity import IdentifierKind, canonicalise
from foundation.reasons import OFFICER_ROLE_REQUIRED
from foundation.refusal import Refused
from gateway.counter import Acting, ActingStaff, Counter, TheCounter, on_duty_as, session_token
from gateway.journeys.session.views import AnyResponse, set_cookie
from gateway.problems import answers
from gateway.routers import rest_router
from gateway.sessions import Session, StaffSession
from gateway.strict_json import Sent

router = rest_router("", "staff")


class Appearance(Sent):
    """A party who stands at the desk, as the document that it showed has it."""

    model_config = ConfigDict(str_strip_whitespace=True)

    identifier_kind: Literal["uscc", "resident_id", "residence_permit", "passport"] = Field(
        description="Kind of the identifier"
    )
    identifier: str = Field(min_length=1, max_length=100, description="The identifier on the document")
    name: str = Field(min_length=1, max_length=200, description="The name on the document")
    matter: str = Field(min_length=1, max_length=100, description="The desk's own number of this: a ticket's or file's")
    declared: Literal[True] = Field(description="The person is here, showed this document and asked for this")


async def begun(
    request: Request, counter: Counter, session: StaffSession, party: Appearance, response: AnyResponse
) -> AnyResponse:
    """Make the clerk's session one of the party's. Raises as `canonicalise` and the limits do."""
    await counter.limits.at_desk(session.officer)
    kind, today = IdentifierKind(party.identifier_kind), day_of(counter.identity.clock())
    identifier = canonicalise(kind, party.identifier, today=today, field="identifier")
    await counter.limits.signed_in(identifier)
    person = Person(identifier=identifier, name=party.name, assistant=session.officer, matter=party.matter)
    token = await counter.sessions.open(person, instead_of=session_token(request, counter), by=session)
    set_cookie(response, counter, "chengxin", token)
    return response


async def ended(request: Request, counter: Counter, session: Session, response: AnyResponse) -> AnyResponse:
    """Give the clerk his own session back. Raises Refused(OFFICER_ROLE_REQUIRED) for a party by itself."""
    clerk = session.person.assistant
    if clerk is None:
        raise Refused(OFFICER_ROLE_REQUIRED)
    token = await counter.sessions.open_staff(
        clerk, session.clerk, instead_of=session_token(request, counter), signed_in_at=session.signed_in_at
    )
    set_cookie(response, counter, "chengxin", token)
    return response


@router.post(
    "/staff/desk/sessions",
    status_code=204,
    dependencies=[Depends(on_duty_as(CLERK))],
    responses=answers(400, 401, 403, 413, 429, 503),
)
async def begin_assistance(request: Request, counter: TheCounter, me: ActingStaff, party: Appearance) -> Response:
    """Act for a party who stands at the desk: this session becomes one of that party's, with another CSRF token."""
    return await begun(request, counter, me.session, party, Response(status_code=204))


@router.delete("/session/assistance", status_code=204, responses=answers(401, 403, 429, 503))
async def end_assistance(request: Request, counter: TheCounter, me: Acting) -> Response:
    """Act for the party no more: the clerk's own session goes on, with another CSRF token."""
    return await ended(request, counter, me.session, Response(status_code=204))

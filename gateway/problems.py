"""Problem details (RFC 9457): how every refusal looks to a person's browser, rendered once, here."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from foundation.reasons import NOT_FOUND, VALUE_INVALID, VALUE_REQUIRED
from foundation.refusal import Kind, Reason, Refused, Throttled
from gateway import reasons
from gateway.counter import counter_of, session_token
from gateway.pages import Page

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "tag:chengxin.example,2026:refusal/"
"""A problem type is this and the reason; docs/refusals.md lists them."""

KINDS: dict[Kind, tuple[int, str]] = {
    Kind.INVALID: (400, "The request is not valid"),
    Kind.UNAUTHENTICATED: (401, "Sign in first"),
    Kind.DENIED: (403, "Not allowed"),
    Kind.NOT_FOUND: (404, "Not found"),
    Kind.PRECONDITION: (409, "Not possible in the present state"),
    Kind.CONFLICT: (409, "In conflict with what is there"),
    Kind.EXHAUSTED: (429, "Too many requests"),
    Kind.UNAVAILABLE: (503, "Not available now"),
    Kind.DEADLINE: (504, "No answer in time"),
}
"""HTTP status and title of each kind of refusal."""

_EXACT: dict[Reason, int] = {
    reasons.METHOD_NOT_ALLOWED: 405,
    reasons.BODY_TOO_LARGE: 413,
    reasons.GATEWAY_FAILED: 500,
    reasons.OFFICE_FAILED: 502,
}
"""Reasons of the gateway for which HTTP has a status more exact than their kind's."""

_TITLES = {status: title for status, title in KINDS.values()} | {
    409: "Not possible in the present state, or in conflict with what is there",
    413: "Too large",
    502: "An office failed",
}


class Problem(BaseModel):
    """Why a request was refused and what to do about it. Source: RFC 9457."""

    type: str = Field(description="Names the problem type: a tag URI that ends in the reason")
    title: str = Field(description="What sort of problem it is; the same for each kind of refusal")
    status: int = Field(description="The HTTP status")
    detail: str = Field(description="What happened, in English, without personal values")
    instance: str = Field(description="Names this occurrence; tell it to the operator")
    reason: str = Field(description="Stable code in UPPER_SNAKE, listed in docs/refusals.md")
    field: str = Field(default="", description="The request field it concerns, as a dotted path; empty for the whole")
    remedy: str = Field(default="", description="What the caller can do about it")


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the problem answers of a route for the API document, besides what may always happen."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    described: dict[int | str, dict[str, Any]] = {
        status: {"description": _TITLES[status], "content": content} for status in statuses
    }
    return {**described, "default": {"description": "Any other problem", "content": content}}


def gives(media_type: str, *problems: int, **schema: str) -> dict[int | str, dict[str, Any]]:
    """Describe the answers of a route that gives this type, its schema besides being a string; and its problems."""
    content = {media_type: {"schema": {"type": "string", **schema}}}
    return {200: {"content": content}, **answers(*problems)}


def install(app: FastAPI) -> None:
    """Make every refusal and every error of `app` answer with problem details."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _http)


async def problem_response(
    request: Request, reason: Reason, *, field: str = "", detail: str = "", headers: dict[str, str] | None = None
) -> Response:
    """Render a reason, as a page to who asked for a page; `detail` stands for its meaning where it says more."""
    status, title = KINDS[reason.kind]
    problem = Problem(
        type=TYPE_PREFIX + reason.code,
        title=title,
        status=_EXACT.get(reason, status),
        detail=detail or reason.meaning,
        instance=f"urn:uuid:{request.scope['request_id']}",
        reason=reason.code,
        field=field,
        remedy=reason.remedy,
    )
    if problem.status in (429, 503):
        headers = {"Retry-After": "5", **(headers or {})}
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse(problem.model_dump(), problem.status, headers, MEDIA_TYPE)
    page = await _page(request)
    return page.show("problem.html", status=problem.status, headers=headers, problem=problem)


async def _page(request: Request) -> Page:
    """The page for who asked, so that a clerk sees for whom he acts on every page; where that fails, for anybody."""
    counter = await counter_of(request)
    try:
        session = await counter.sessions.find(session_token(request, counter))
    except Refused:
        session = None
    return Page(request, counter, session)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, Throttled) else None
    return await problem_response(request, error.reason, field=error.field, detail=error.message, headers=headers)


async def _not_valid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # The first fault alone, by its place; never the value that the validator would quote.
    fault: dict[str, Any] = error.errors()[0]
    where, *path = [str(part) for part in fault["loc"]]
    reason = VALUE_REQUIRED if fault["type"] == "missing" else VALUE_INVALID
    return await problem_response(request, reason, field=".".join(path) or where)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = {404: NOT_FOUND, 405: reasons.METHOD_NOT_ALLOWED, 413: reasons.BODY_TOO_LARGE}
    return await problem_response(
        request, known.get(error.status_code, VALUE_INVALID), headers=dict(error.headers or {})
    )

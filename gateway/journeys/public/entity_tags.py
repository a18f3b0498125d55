"""Pages that are sent again only when they have changed. Source: RFC 9110 section 13."""

from __future__ import annotations

import base64
import hashlib

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel

_HEADERS = {"Cache-Control": "private, no-cache"}
# Kept by the reader alone and asked about before each use: no cache may outlive the end of publicity.

_OF_THE_BODY = ("content-length", "content-type", "set-cookie")


def conditional(request: Request, page: BaseModel) -> Response:
    """Answer with the page and its entity tag, or 304 where the reader has it already."""
    return kept(request, Response(page.model_dump_json().encode(), media_type="application/json"))


def kept(request: Request, response: Response) -> Response:
    """The response with its entity tag, or 304 where the reader has it already.

    A page of somebody who is signed in holds a token of the session and is not kept at all.
    """
    if isinstance(response, HTMLResponse) and b'name="csrf_token"' in response.body:
        return response
    tag = f'"{base64.urlsafe_b64encode(hashlib.sha256(response.body).digest()[:18]).decode()}"'
    response.headers.update({"ETag": tag, **_HEADERS})
    held = {part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")}
    if tag in held or "*" in held:
        # A browser takes these headers for those of what it kept (RFC 9111 section 3.2): a policy as well.
        same = {name: value for name, value in response.headers.items() if name not in _OF_THE_BODY}
        return Response(status_code=304, headers=same)
    return response

"""Pages that are sent again only when they have changed. Source: RFC 9110 section 13."""

from __future__ import annotations

import base64
import hashlib

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

_HEADERS = {"Cache-Control": "private, no-cache"}
# Kept by the reader alone and asked about before each use: no cache may outlive the end of publicity.


def conditional(request: Request, page: BaseModel) -> Response:
    """Answer with the page and its entity tag, or 304 where the reader has it already."""
    body = page.model_dump_json().encode()
    tag = f'"{base64.urlsafe_b64encode(hashlib.sha256(body).digest()[:18]).decode()}"'
    headers = {"ETag": tag, **_HEADERS}
    held = {part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")}
    if tag in held or "*" in held:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)

"""What every request goes through: an id, a bound on its body, security headers, one log line, faults caught."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foundation.telemetry import Telemetry
from gateway.problems import problem_response
from gateway.reasons import GATEWAY_FAILED

BODY_LIMIT = 64 * 1024
"""Largest body of a request, bytes."""
UPLOAD_LIMIT = 20 * 1024 * 1024 + BODY_LIMIT
"""Largest body of a multipart upload, bytes: 20 MiB of evidence and what surrounds it."""

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Sent with every answer, unless the page sets its own."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods named in logs and metrics; HTTP lets a client make up others."""
_HSTS = "max-age=31536000"
_CLIENT_GONE = 499

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class EveryRequest:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, secure: bool, telemetry: Telemetry) -> None:
        self._app = app
        self._headers = dict(SECURITY_HEADERS)
        if secure:
            self._headers["Strict-Transport-Security"] = _HSTS
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        started = time.perf_counter()
        scope["request_id"] = str(uuid4())
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers["X-Request-Id"] = scope["request_id"]
            await send(message)

        try:
            await self._app(scope, _bounded(scope, receive), sending)
        except ClientDisconnect:
            status = _CLIENT_GONE
        except Exception:
            log.exception("gateway_failed", request_id=scope["request_id"])
            if not status:
                answer = await problem_response(Request(scope), GATEWAY_FAILED)
                await answer(scope, receive, sending)
        finally:
            # The route's template: an address holds ids, a template never does.
            route: Any = scope.get("route")
            path = str(getattr(route, "path", "")) or "unknown"
            method = scope["method"] if scope["method"] in METHODS else "unknown"
            seconds = time.perf_counter() - started
            log.info(
                "request",
                request_id=scope["request_id"],
                method=method,
                route=path,
                status=status,
                ms=round(seconds * 1000, 1),
            )
            failed = str(status) if status >= 400 else ""
            self._telemetry.called(f"{method} {path}", failed, seconds)


def _bounded(scope: Scope, receive: Receive) -> Receive:
    multipart = Headers(scope=scope).get("content-type", "").lower().startswith("multipart/form-data")
    left = UPLOAD_LIMIT if multipart else BODY_LIMIT

    async def receiving() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413)
        return message

    return receiving

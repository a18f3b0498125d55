"""The log's entries as tiles (c2sp.org/tlog-tiles), for auditors' systems: HTTPS with an enrolled client certificate.

Each tile served is an entry of the journal.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from dataclasses import replace
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from chengxin.proofs import ProofError, tiles
from foundation.access.callers import enrolled
from foundation.journal import Entry
from foundation.refusal import Kind, Refused
from foundation.rpc import Ground
from services.audit.office.proving import Prover
from services.audit.public_log import serve_http
from services.audit.settings import AuditSettings

KIND = "EntryTiles.Get"
_FINGERPRINT = "chengxin.fingerprint"


class _WithPeer(H11Protocol):
    """Gives the application the fingerprint of the client's certificate, which TLS has verified."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        certificate: bytes = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        self.app = _with(self.app, hashlib.sha256(certificate).digest())


def _with(app: Any, fingerprint: bytes) -> ASGIApp:
    async def called(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, _FINGERPRINT: fingerprint}, receive, send)

    return called


def entry_tiles(prover: Prover, ground: Ground) -> Starlette:
    """Return the ASGI application; its connections must come through `_WithPeer`."""

    async def journalled(entry: Entry) -> None:
        async with ground.database.transaction() as tx:
            await ground.journal.write(tx, entry)

    async def tile(request: Request) -> Response:
        async with ground.database.transaction() as tx:
            caller = await enrolled(tx, request.scope[_FINGERPRINT])
        entry = Entry(kind=KIND, caller=caller, purpose="audit")
        try:
            caller.require_role("auditor")
            wanted, width = tiles.parse_entries_path(request.url.path.lstrip("/"))
            content = await prover.entries(wanted, width)
        except Refused as refused:
            await journalled(replace(entry, decision="refused", reason=refused.reason.code))
            raise
        except ProofError:
            return PlainTextResponse("Not the path of an entry tile.\n", status_code=404)
        if content is None:
            return PlainTextResponse("No published checkpoint covers this tile.\n", status_code=404)
        await journalled(replace(entry, disclosed=(f"{wanted.index}:{width}:entries",)))
        return Response(content, media_type="application/octet-stream", headers={"Cache-Control": "no-store"})

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        denied = error.reason.kind in {Kind.DENIED, Kind.UNAUTHENTICATED}
        return PlainTextResponse(f"{error.message}\n", status_code=403 if denied else 503)

    return Starlette(routes=[Route("/tile/entries/{path:path}", tile)], exception_handlers={Refused: refused})


async def serve_entry_tiles(prover: Prover, ground: Ground, settings: AuditSettings) -> None:
    """Serve until cancelled."""
    await serve_http(
        entry_tiles(prover, ground),
        "the entry tiles",
        listen=settings.entries_listen,
        ready_file=settings.entries_ready_file,
        http=_WithPeer,
        ssl_certfile=settings.cert,
        ssl_keyfile=settings.key,
        ssl_ca_certs=str(settings.ca),
        ssl_cert_reqs=ssl.CERT_REQUIRED,
    )

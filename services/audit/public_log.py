"""The log's public door: checkpoint and hash tiles over HTTP (c2sp.org/tlog-tiles), read-only.

Entry tiles are not here but in `entry_tiles`: who reads them must be an auditor.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Generator
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from chengxin.proofs import ProofError, tiles
from foundation.refusal import Refused
from services.audit.office.proving import Prover

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_FOREVER = "public, max-age=31536000, immutable"


def public_log(prover: Prover) -> Starlette:
    """Return the ASGI application that serves the log's public resources."""

    async def checkpoint(request: Request) -> Response:
        return PlainTextResponse(await prover.checkpoint(), headers={"Cache-Control": "no-cache"})

    async def tile(request: Request) -> Response:
        try:
            wanted, width = tiles.parse_path(request.url.path.lstrip("/"))
        except ProofError:
            return PlainTextResponse("Not the path of a tile.\n", status_code=404)
        content = await prover.tile(wanted, width)
        if content is None:
            return PlainTextResponse("No published checkpoint covers this tile.\n", status_code=404)
        headers = {"Cache-Control": _FOREVER}
        return Response(content, media_type="application/octet-stream", headers=headers)

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return PlainTextResponse(f"{error.message}\n", status_code=503, headers={"Retry-After": "1"})

    return Starlette(
        routes=[Route("/checkpoint", checkpoint), Route("/tile/{path:path}", tile)],
        exception_handlers={Refused: refused},
    )


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the office that it runs in stops it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def serve_public_log(prover: Prover, *, listen: str, ready_file: Path | None) -> None:
    """Serve until cancelled. Writes the bound host:port to `ready_file` once it can be reached."""
    await serve_http(public_log(prover), "the public log", listen=listen, ready_file=ready_file)


async def serve_http(app: Starlette, what: str, *, listen: str, ready_file: Path | None = None, **more: Any) -> None:
    """Serve an application of the log until cancelled; `more` are settings of uvicorn."""
    host, _, port = listen.rpartition(":")
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_keep_alive=5,
        limit_concurrency=256,
        h11_max_incomplete_event_size=16 * 1024,
        **more,
    )
    with socket.create_server((host, int(port)), backlog=256) as listener:
        bound = listener.getsockname()[1]
        log.info("serving", what=what, port=bound)
        if ready_file is not None:
            part = ready_file.with_suffix(".part")
            part.write_text(f"{host}:{bound}\n", encoding="utf-8")
            part.rename(ready_file)
        await _Server(config).serve(sockets=[listener])

"""Runs the gateway: settings, wiring, serving until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import socket
import sys
from datetime import UTC, datetime
from types import FrameType

import structlog
import uvicorn
import uvloop
from pydantic import ValidationError

from foundation.telemetry import configure_logs
from gateway.app import create_app
from gateway.counter import Counter
from gateway.settings import GatewaySettings
from gateway.wiring import open_counter

_GRACE_S = 10
log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class DrainingServer(uvicorn.Server):
    """On a signal says first that it is not ready, serves on for a while, then stops in order."""

    def __init__(self, config: uvicorn.Config, *, settings: GatewaySettings, counter: Counter, address: str) -> None:
        super().__init__(config)
        self._settings = settings
        self._counter = counter
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell the address."""
        await super().startup(sockets)
        log.info("serving", address=self._address, dev_idp=self._settings.dev_idp)
        if (file := self._settings.ready_file) is not None:
            part = file.with_suffix(".part")
            part.write_text(f"{self._address}\n")
            part.rename(file)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop. A second signal ends the draining, one more the waiting for open requests."""
        if self._counter.draining or not self._settings.drain_s:
            self.force_exit = self.should_exit
            self.should_exit = True
        else:
            loop = asyncio.get_running_loop()
            loop.call_soon_threadsafe(loop.call_later, self._settings.drain_s, self._stop)
        self._counter.draining = True

    def _stop(self) -> None:
        self.should_exit = True


async def serve(settings: GatewaySettings, listening: socket.socket) -> None:
    """Serve on a bound socket until told to stop."""
    host, _, _ = settings.listen.rpartition(":")
    address = f"{host}:{listening.getsockname()[1]}"
    if not settings.public_url:
        settings = settings.model_copy(update={"public_url": f"http://{address}"})
    app = create_app(secure=settings.secure)
    counter = open_counter(app, settings, clock=lambda: datetime.now(UTC))
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # It would write addresses with ids; every_request writes templates.
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        timeout_graceful_shutdown=_GRACE_S,
        limit_concurrency=1000,
        lifespan="off",
        ws="none",
    )
    try:
        server = DrainingServer(config, settings=settings, counter=counter, address=address)
        await server.serve([listening])
    finally:
        await counter.offices.close()


def main() -> None:
    """Start the gateway from the environment; exit 1 with what is missing or taken."""
    try:
        settings = GatewaySettings()  # pyright: ignore[reportCallIssue]  the environment fills it
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))} {e['msg']}".strip() for e in error.errors())
        sys.exit(f"gateway: settings CHENGXIN_*: {faults}")
    configure_logs("gateway", settings.log_level)
    host, _, port = settings.listen.rpartition(":")
    try:
        listening = socket.create_server((host, int(port)), backlog=2048)
    except OSError as error:
        sys.exit(f"gateway: can't listen on {settings.listen} ({error.strerror}); choose another CHENGXIN_LISTEN")
    uvloop.run(serve(settings, listening))


if __name__ == "__main__":
    main()

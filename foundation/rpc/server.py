"""Serving an office: mutual TLS, limits, health, reflection, the clock's floor, an orderly stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
import structlog
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from foundation.access.assertions import Issuers
from foundation.crypto import Keyring
from foundation.crypto.openbao import open_key_provider
from foundation.db import Database
from foundation.guard import EVERY_S, Bounds, Watch
from foundation.journal import Journal
from foundation.refusal import Refused
from foundation.rpc.interceptor import HouseInterceptor
from foundation.settings import OfficeSettings
from foundation.telemetry import Telemetry

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ground:
    """What an office stands on: its schema by one login role, its keys and its journal."""

    database: Database
    keyring: Keyring
    journal: Journal

    @classmethod
    def open(cls, settings: OfficeSettings, schema: str, role: str, *, pool: int = 8) -> Ground:
        """Prepare them; nothing connects to the database before the first transaction.

        Raises KeyStoreUnusable where the key provider can't be used now.
        """
        database = Database.open(settings.dsn(role), schema=schema, pool=pool)
        provider = open_key_provider(settings, schema, settings.keys)
        keyring = Keyring(provider, database, suites=settings.suites)
        return cls(database, keyring, Journal(keyring, schema))


@dataclass(kw_only=True)
class OfficeServer:
    """One office's gRPC server and the work that goes on beside it.

    `services` are the servicers, each of a generated class. `beside` are coroutines that run as long as the server
    (worker, sequencer); when one fails the office stops, so that its supervisor starts it anew. `closing` runs after
    the last call.
    """

    settings: OfficeSettings
    services: Sequence[object]
    ground: Ground
    checked_by_door: frozenset[str] = frozenset()
    beside: Sequence[Callable[[], Awaitable[None]]] = ()
    closing: Sequence[Callable[[], Awaitable[None]]] = ()
    port: int = field(default=0, init=False)

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then drain for at most 5 s."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        watch = self._watch()
        await watch.look()  # before the first answer
        tasks = [asyncio.ensure_future(self._floor()), asyncio.ensure_future(self._look(watch))]
        tasks += [asyncio.ensure_future(work()) for work in self.beside]
        server: Any = None
        try:
            if self.settings.only != "work":
                server = self._build(watch)
                await server.start()
            self._announce()
            await self._until(stop, tasks)
        finally:
            if server is not None:
                await server.stop(grace=5)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for close in (*self.closing, watch.close):
                await close()
            await self.ground.keyring.close()
            await self.ground.database.close()

    def _watch(self) -> Watch:
        """The guard, with a connection of its own, so that no load keeps it from looking."""
        settings, ground = self.settings, self.ground.database
        if settings.production and not (settings.log_url and settings.witness_url):
            log.warning("NOT GUARDED: set CHENGXIN_LOG_URL and CHENGXIN_WITNESS_URL", office=ground.schema)
        return Watch(
            Database.open(ground.dsn, schema=ground.schema, pool=1),
            source=ground.schema,
            log_url=settings.log_url,
            log_vkey=settings.log_vkey,
            witness_url=settings.witness_url,
            bounds=Bounds(
                unsequenced_s=settings.log_max_unsequenced_s,
                unpublished_s=settings.log_max_unpublished_s,
                unwitnessed_s=settings.log_max_unwitnessed_s,
                clock_off_s=settings.clock_max_off_s,
            ),
        )

    async def _look(self, watch: Watch) -> None:
        """Look each second; show what was found as the health of the service "guard"."""
        while not watch.idle:
            await watch.look()
            if self.settings.only != "work":
                state = health_pb2.HealthCheckResponse
                await self._checker.set("guard", state.NOT_SERVING if watch.refusal else state.SERVING)
            await asyncio.sleep(EVERY_S)
        await asyncio.Event().wait()

    def _build(self, watch: Watch) -> aio.Server:
        telemetry = Telemetry.from_environment(self.ground.database.schema)
        watch.report_to(telemetry)
        interceptor = HouseInterceptor(
            database=self.ground.database,
            journal=self.ground.journal,
            issuers=Issuers.load(self.settings.issuers),
            telemetry=telemetry,
            checked_by_door=self.checked_by_door,
            guard=watch.check,
        )
        server = aio.server(
            interceptors=[interceptor],
            maximum_concurrent_rpcs=self.settings.max_concurrent_rpcs,
            options=[
                ("grpc.max_receive_message_length", _MIB),
                ("grpc.max_send_message_length", 4 * _MIB),
                ("grpc.max_metadata_size", 8 * 1024),
                ("grpc.absolute_max_metadata_size", 8 * 1024),  # else the bound between is a matter of luck
                ("grpc.max_concurrent_streams", 64),
                ("grpc.max_connection_age_ms", 30 * 60 * 1000),
                ("grpc.max_connection_age_grace_ms", 30 * 1000),
                ("grpc.enable_channelz", 0),
                ("grpc.so_reuseport", 1),
                ("grpc.http2.max_pings_without_data", 4),
            ],
        )
        # gRPC waits for each registered method anew with each call; methods are found without being registered.
        server.add_registered_method_handlers = lambda service_name, method_handlers: None
        names = [_added(servicer, server) for servicer in self.services]
        checker: Any = health.aio.HealthServicer()  # pyright: ignore[reportAttributeAccessIssue]  # untyped there
        health_pb2_grpc.add_HealthServicer_to_server(checker, server)
        if not self.settings.production:
            reflection.enable_server_reflection([*names, reflection.SERVICE_NAME], server)
        credentials = grpc.ssl_server_credentials(
            [(self.settings.key.read_bytes(), self.settings.cert.read_bytes())],
            root_certificates=self.settings.ca.read_bytes(),
            require_client_auth=True,
        )
        self.port = server.add_secure_port(self.settings.listen, credentials)
        self._checker = checker
        return server

    def _announce(self) -> None:
        host = self.settings.listen.rpartition(":")[0]
        log.info("serving", office=self.ground.database.schema, port=self.port, only=self.settings.only or "all")
        if self.settings.ready_file is not None:
            part = self.settings.ready_file.with_suffix(".part")
            part.write_text(f"{host}:{self.port}\n")
            part.rename(self.settings.ready_file)

    async def _until(self, stop: asyncio.Event, tasks: Sequence[asyncio.Future[None]]) -> None:
        stopping = asyncio.ensure_future(stop.wait())
        done, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        if self.settings.only != "work":
            await self._checker.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
        stopping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            for task in done:
                task.result()

    async def _floor(self) -> None:
        """Raise the clock's floor every second, so that a clock set back changes nothing."""
        while True:
            with contextlib.suppress(Refused):
                async with self.ground.database.transaction() as tx:
                    await tx.run("SELECT raise_floor()")
            await asyncio.sleep(1)


def _added(servicer: object, server: aio.Server) -> str:
    """Add a servicer to the server as its generated class says; give the service's full name."""
    contract = next(each for each in type(servicer).__mro__ if each.__module__.endswith("_pb2_grpc"))
    getattr(sys.modules[contract.__module__], f"add_{contract.__name__}_to_server")(servicer, server)
    return f"{contract.__module__.rpartition('.')[0]}.{contract.__name__.removesuffix('Servicer')}"

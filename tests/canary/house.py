"""A whole house under watch: what it writes, sends, keeps and shows to the operating system ends up in files."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
import psutil
import psycopg
import pytest
import redis
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from rich.console import Console

from standalone.account import binaries
from standalone.house import House, Wish, running
from standalone.ports import FREE
from standalone.story import sharing
from standalone.story.narrator import Narrator
from standalone.story.report import Report
from standalone.story.stage import Stage, came_true

TELEMETRY_EVERY_MS = "500"


@dataclass
class Watched:
    """A house in `folder`, and in `caught` what would otherwise pass by."""

    house: House
    stage: Stage
    folder: Path
    caught: Path

    def redis(self) -> redis.Redis:
        """The house's Redis."""
        return redis.Redis.from_url(self.house.engines.redis_url)

    def sql(self, statement: str, *values: object) -> None:
        """Run SQL as the administrator."""
        with psycopg.connect(self.house.engines.admin_dsn, autocommit=True) as admin:
            admin.execute(statement, values or None)  # type: ignore[arg-type]

    def crash(self, **signals: signal.Signals) -> None:
        """End offices as a fault would; come back when the house has started them again."""
        before = self.house.pids()
        for name, number in signals.items():
            os.kill(before[name], number)
        assert came_true(
            lambda: all(self.house.pids().get(name, pid) != pid for name, pid in before.items() if name in signals)
        )
        came_true(self._answers)

    def _answers(self) -> bool:
        with suppress(Exception):
            sharing.found(self.stage, self.stage.procurement, self.stage.listed, "tender.qualification")
            return True
        return False

    def cores(self) -> list[Path]:
        """Core files, wherever the kernel may have put them."""
        places = (self.folder, Path.cwd(), self.folder / "postgres" / "cluster", self.caught / "tmp")
        return [file for place in places for file in place.glob("core*") if re.fullmatch(r"core(\.[0-9]+)?", file.name)]

    def may_dump_core(self) -> list[str]:
        """Processes of the house that would leave a core file."""
        return [
            name for name, pid in self.house.pids().items() if psutil.Process(pid).rlimit(psutil.RLIMIT_CORE)[0] != 0
        ]

    def collect(self, *, whole: bool) -> list[Path]:
        """Put everything down that can be looked through; gives the folders. `whole` takes the backups too."""
        self._processes()
        self._redis()
        self.sql("CHECKPOINT")
        dsn = self.house.engines.admin_dsn
        self._engine_command("pg_dump", "--dbname", dsn, "--file", str(self.caught / "dump.sql"))
        if whole:
            backup = self.caught / "base-backup"
            shutil.rmtree(backup, ignore_errors=True)  # of the look before
            self._engine_command("pg_basebackup", "--dbname", dsn, "--pgdata", str(backup), "--wal-method", "stream")
        return [self.folder, self.caught]

    def _engine_command(self, name: str, *arguments: str) -> None:
        ended = subprocess.run([str(binaries(None) / name), *arguments], capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr

    def _processes(self) -> None:
        into = self.caught / "processes"
        into.mkdir(exist_ok=True)
        for pid in self._pids():
            for what in ("cmdline", "environ", "comm"):
                with suppress(OSError):
                    (into / f"{pid}.{what}").write_bytes(Path(f"/proc/{pid}/{what}").read_bytes())

    def _pids(self) -> Iterator[int]:
        yield from self.house.pids().values()
        with self.redis() as client:
            yield int(client.info("server")["process_id"])
        with psycopg.connect(self.house.engines.admin_dsn) as admin:
            yield from (pid for (pid,) in admin.execute("SELECT pid FROM pg_stat_activity WHERE pid IS NOT NULL"))

    def _redis(self) -> None:
        into = self.caught / "redis"
        into.mkdir(exist_ok=True)
        with self.redis() as client:
            client.config_set("rdbcompression", "no")
            client.save()
            with (into / "values").open("wb") as values:
                for key in client.scan_iter():
                    values.write(key + b"\n")
                    with suppress(redis.ResponseError):
                        values.write((client.get(key) or b"") + b"\n")


@contextmanager
def watched_house(folder: Path) -> Generator[Watched]:
    """Start a sample house at the level DEBUG, with telemetry to a collector here, and listen at its Redis."""
    caught = folder / "caught"
    (caught / "tmp").mkdir(parents=True)
    with ExitStack() as stack:
        endpoint = stack.enter_context(_collector(caught / "otlp"))
        setting = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in {
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_METRIC_EXPORT_INTERVAL": TELEMETRY_EVERY_MS,
            "OTEL_BSP_SCHEDULE_DELAY": TELEMETRY_EVERY_MS,
            "TMPDIR": str(caught / "tmp"),
        }.items():
            setting.setenv(name, value)
        wish = Wish(folder=folder / "house", ports=FREE, sample=True)
        house = stack.enter_context(running(wish, environment={"CHENGXIN_LOG_LEVEL": "DEBUG"}))
        stage = Stage(house=house, narrator=Narrator(Console(file=io.StringIO())), report=Report())
        stack.callback(stage.close)
        sharing.grants(stage)
        stack.enter_context(_monitor(house.engines.redis_url, caught / "monitor"))
        yield Watched(house=house, stage=stage, folder=folder / "house", caught=caught)


@contextmanager
def _collector(file: Path) -> Generator[str]:
    """What arrives as metrics and traces, as bytes; gives the endpoint."""
    server = grpc.server(ThreadPoolExecutor(2))
    lock = threading.Lock()

    def keep(message: Any) -> None:
        with lock, file.open("ab") as stream:
            stream.write(message.SerializeToString() + b"\n")

    class Metrics(metrics_service_pb2_grpc.MetricsServiceServicer):
        def Export(self, request: Any, context: Any) -> Any:
            keep(request)
            return metrics_service_pb2.ExportMetricsServiceResponse()

    class Traces(trace_service_pb2_grpc.TraceServiceServicer):
        def Export(self, request: Any, context: Any) -> Any:
            keep(request)
            return trace_service_pb2.ExportTraceServiceResponse()

    metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(Metrics(), server)
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Traces(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


@contextmanager
def _monitor(url: str, file: Path) -> Generator[None]:
    """All commands that reach Redis."""
    parts = urlsplit(url)
    talking = socket.create_connection((parts.hostname, parts.port))
    talking.sendall(f"AUTH {parts.password}\r\nMONITOR\r\n".encode())

    def listen() -> None:
        with file.open("wb", buffering=0) as stream:
            while heard := talking.recv(65536):
                stream.write(heard)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield
    finally:
        talking.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        talking.close()


def emptied(folder: Path) -> Path:
    """The folder, there and empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder

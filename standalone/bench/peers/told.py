"""The echo, of whose calls telemetry is told. `python -m standalone.bench.peers.told IDENTITY ADDRESS BYTES house|stock`.

`house`: by what an office calls, with the exporters that the environment asks for, if any. `stock`: by OpenTelemetry's
own interceptor, installed as its documents say, with the same exporter of spans; it has no histogram of durations.
"""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path
from typing import Any

import uvloop
from grpc import aio
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from foundation.telemetry import Telemetry
from standalone.bench.peers.echo import always, serve


async def serve_told(identity: Path, address: str, answer: bytes) -> None:
    """Answer every call with `answer`, and record it as an office does."""
    telemetry, answered = Telemetry.from_environment("echo"), always(answer)

    async def ask(question: bytes, context: Any) -> bytes:
        begun = time.perf_counter()
        try:
            return await answered(question, context)
        finally:
            telemetry.called("Echo.Ask", "", time.perf_counter() - begun)

    await serve(identity, address, ask)


def stock() -> aio.ServerInterceptor:
    """OpenTelemetry's interceptor."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return importlib.import_module("opentelemetry.instrumentation.grpc").aio_server_interceptor()


if __name__ == "__main__":
    where, answer = (Path(sys.argv[1]), sys.argv[2]), bytes(int(sys.argv[3]))
    uvloop.run(serve(*where, always(answer), stock()) if sys.argv[4] == "stock" else serve_told(*where, answer))

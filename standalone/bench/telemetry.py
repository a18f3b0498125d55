"""What telemetry costs a call: a bare server, and the same one with the house's hook or with OpenTelemetry's interceptor.

They take turns in one run, 64 in flight, so that the server bounds the rate. What is exported goes to a collector that
takes everything, spans of one call in a hundred, which is what the house does unless told otherwise.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any

import grpc
import uvloop

from foundation.telemetry.metrics import SAMPLED
from standalone.bench.checking import LINES, TURN_S, WIDTH, nothing, peer
from standalone.bench.measuring import Figures, Place, calm
from standalone.bench.wire import GrpcLine, Target, driven
from standalone.ports import LOOPBACK
from standalone.story.stage import Stage

QUESTION, ANSWER = b"q" * 121, "62"
"""As large as those of a check."""


def measure_telemetry(place: Place, *, rounds: int) -> Figures:
    """Drive each in turn; medians of calls a second, and of the ratios to the bare server."""
    with place.stage() as stage, collector() as address, ExitStack() as serving:
        sampled = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": str(SAMPLED)}
        exported = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{address}", **sampled}
        targets = {
            "bare": _target(serving, place, stage, "echo"),
            "house_off": _target(serving, place, stage, "told", "house"),
            "house": _target(serving, place, stage, "told", "house", **exported),
            "stock": _target(serving, place, stage, "told", "stock", **exported),
        }
        rates: dict[str, list[float]] = {name: [] for name in targets}
        for number, (name, target) in itertools.product(range(rounds + 1), targets.items()):
            calm()
            load = uvloop.run(driven(target, stage.procurement.folder, lines=LINES, width=WIDTH, seconds=TURN_S))
            if number:  # the first round warms up
                rates[name].append(load.rate)
    figures: Figures = {f"{name}_per_s": round(median(rate)) for name, rate in rates.items()}
    for name in ("house_off", "house", "stock"):
        ratios = [ours / bare for ours, bare in zip(rates[name], rates["bare"], strict=True)]
        figures[f"{name}_ratio_to_bare"] = round(median(ratios), 2)
    return figures


def _target(serving: ExitStack, place: Place, stage: Stage, *what: str, **settings: str) -> Target:
    name, *way = what
    address = serving.enter_context(peer(place, stage, name, ANSWER, *way, **settings))
    return Target(GrpcLine, address, "/bench.Echo/Ask", itertools.repeat((QUESTION, 0)), nothing)


@contextmanager
def collector() -> Generator[str]:
    """An OTLP collector that takes everything and keeps nothing; gives its address."""

    def taken(_: bytes, __: Any) -> bytes:
        return b""

    methods = {"Export": grpc.unary_unary_rpc_method_handler(taken)}
    server = grpc.server(ThreadPoolExecutor(1))
    for name in ("trace.v1.TraceService", "metrics.v1.MetricsService"):
        service = f"opentelemetry.proto.collector.{name}"
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, methods)])
    port = server.add_insecure_port(f"{LOOPBACK}:0")
    server.start()
    yield f"{LOOPBACK}:{port}"
    server.stop(None)

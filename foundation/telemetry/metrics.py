"""OpenTelemetry over OTLP by the usual `OTEL_*` settings; off without an endpoint.

Attributes come from this allow-list alone: office, method, reason. None can hold a personal value.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import cache

from opentelemetry.metrics import Meter, MeterProvider, Observation
from opentelemetry.trace import Tracer, TracerProvider

_ENDPOINTS = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
)
SAMPLED = 0.01
"""The share of calls of which a span is exported, unless `OTEL_TRACES_SAMPLER` says how to choose."""


class Telemetry:
    """Counts and times calls; makes one span per call where traces are on."""

    def __init__(self, office: str, meter: Meter | None, tracer: Tracer | None) -> None:
        self._office = office
        self._meter = meter
        self._tracer = tracer
        self._durations = meter and meter.create_histogram(
            "rpc.server.duration", unit="s", description="duration of a call by method and refusal reason"
        )

    @classmethod
    def from_environment(cls, office: str) -> Telemetry:
        """Exporters as the environment asks for; none without an endpoint."""
        if not any(os.environ.get(name) for name in _ENDPOINTS):
            return cls(office, None, None)
        meters, tracers = _providers(office)
        return cls(office, meters.get_meter("chengxin"), tracers.get_tracer("chengxin"))

    def counter(self, name: str, description: str) -> Callable[[int], None]:
        """What adds to a counter of the office; it has no attribute but the office."""
        if self._meter is None:
            return lambda _: None
        counter, attributes = (self._meter.create_counter(name, description=description), {"office": self._office})
        return lambda amount: counter.add(amount, attributes)

    def gauge(self, name: str, unit: str, read: Callable[[], float]) -> None:
        """Export what `read` gives at each collection; it has no attribute but the office."""
        if self._meter is not None:
            attributes = {"office": self._office}
            self._meter.create_observable_gauge(name, [lambda _: [Observation(read(), attributes)]], unit=unit)

    def called(self, method: str, reason: str, seconds: float) -> None:
        """Record one call that took `seconds`; `reason` is empty when it was answered."""
        if self._durations is None or self._tracer is None:
            return
        attributes = {"office": self._office, "method": method, "reason": reason}
        self._durations.record(seconds, attributes)
        end = time.time_ns()
        span = self._tracer.start_span(method, attributes=attributes, start_time=end - int(seconds * 1e9))
        span.end(end_time=end)


@cache
def _providers(office: str) -> tuple[MeterProvider, TracerProvider]:
    # Imported only where an endpoint is set: the exporter takes half a second to load.
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk import metrics, trace  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import sampling  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    resource = Resource.create({"service.name": f"chengxin-{office}"})
    reader = PeriodicExportingMetricReader(OTLPMetricExporter())
    # To record every span takes more of the processor than telemetry otherwise: docs/performance.md.
    sampled = None if "OTEL_TRACES_SAMPLER" in os.environ else sampling.ParentBased(sampling.TraceIdRatioBased(SAMPLED))
    tracers = trace.TracerProvider(sampler=sampled, resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return metrics.MeterProvider(metric_readers=[reader], resource=resource), tracers

"""OpenTelemetry over OTLP by the usual `OTEL_*` settings; off without an endpoint.

Attributes come from this allow-list alone: office, method, reason. None can hold a personal value.
"""

from __future__ import annotations

import os
import time

from opentelemetry.metrics import Histogram, MeterProvider
from opentelemetry.trace import Tracer, TracerProvider

_ENDPOINTS = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
)


class Telemetry:
    """Counts and times calls; makes one span per call where traces are on."""

    def __init__(self, office: str, durations: Histogram | None, tracer: Tracer | None) -> None:
        self._office = office
        self._durations = durations
        self._tracer = tracer

    @classmethod
    def from_environment(cls, office: str) -> Telemetry:
        """Exporters as the environment asks for; none without an endpoint."""
        if not any(os.environ.get(name) for name in _ENDPOINTS):
            return cls(office, None, None)
        meters, tracers = _providers(office)
        durations = meters.get_meter("chengxin").create_histogram(
            "rpc.server.duration", unit="s", description="duration of a call by method and refusal reason"
        )
        return cls(office, durations, tracers.get_tracer("chengxin"))

    def called(self, method: str, reason: str, seconds: float) -> None:
        """Record one call that took `seconds`; `reason` is empty when it was answered."""
        if self._durations is None or self._tracer is None:
            return
        attributes = {"office": self._office, "method": method, "reason": reason}
        self._durations.record(seconds, attributes)
        end = time.time_ns()
        span = self._tracer.start_span(method, attributes=attributes, start_time=end - int(seconds * 1e9))
        span.end(end_time=end)


def _providers(office: str) -> tuple[MeterProvider, TracerProvider]:
    # Imported only where an endpoint is set: the exporter takes half a second to load.
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk import metrics, trace  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    resource = Resource.create({"service.name": f"chengxin-{office}"})
    reader = PeriodicExportingMetricReader(OTLPMetricExporter())
    tracers = trace.TracerProvider(resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return metrics.MeterProvider(metric_readers=[reader], resource=resource), tracers

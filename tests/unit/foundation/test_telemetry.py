"""Logs and metrics of a real process: they say where and what kind, and never what stood in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from tests.support.office_process import ROOT

SECRET = "样例甲"
"""Stands for a personal value."""


def run(program: str, **environment: str) -> list[str]:
    """Run a program in a process of its own; give the lines of its log."""
    start = "from foundation.telemetry import Telemetry, configure_logs\nconfigure_logs('catalog', 'INFO')\n"
    ended = subprocess.run(
        [sys.executable, "-c", start + textwrap.dedent(program)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "SECRET": SECRET, "PYTHONUTF8": "1", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return ended.stderr.splitlines()


def logged(program: str) -> list[dict[str, Any]]:
    """The log entries of a program, none of which may hold the personal value in any form."""
    lines = run(program)
    for line in lines:
        for form in (SECRET, ascii(SECRET)[1:-1], SECRET.encode().hex(), repr(SECRET.encode())[2:-1]):
            assert form not in line
    return [json.loads(line) for line in lines]


def test_a_line_is_a_json_object_that_names_office_level_and_time() -> None:
    (line,) = logged("import structlog; structlog.get_logger().info('serving', port=1)")
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "serving", "level": "info", "office": "catalog", "port": 1}


def test_an_exception_is_logged_by_its_kind_and_frames_without_its_text() -> None:
    program = """
        import os, structlog
        def innermost():
            raise ValueError(os.environ["SECRET"])
        try:
            innermost()
        except ValueError:
            structlog.get_logger().exception("call failed")
        try:
            innermost()
        except ValueError as error:
            kept = error
        structlog.get_logger().error("failed before", exc_info=kept)
    """
    for line in logged(program):
        assert line["error"] == "ValueError"
        assert line["frames"][-1].endswith("innermost")
        assert "exc_info" not in line


def test_what_libraries_log_keeps_its_place_and_loses_its_text() -> None:
    """Among them those that write an exception's text, or a job's arguments, into their own line."""
    program = """
        import asyncio, gc, logging, os
        secret = os.environ["SECRET"]
        def fail():
            raise ValueError(secret)
        async def forgotten():
            asyncio.create_task(asyncio.sleep(0)).add_done_callback(lambda _: fail())
            await asyncio.sleep(0.01)
        library = logging.getLogger("procrastinate.worker")
        try:
            fail()
        except ValueError as error:
            library.error(f"Job note[1](name={secret}) ended with status: Error", exc_info=error)
            library.exception(f"Side task failed with exception: {error}")
            library.warning("error connecting in %r: %s", "pool-1", error, stack_info=False)
        library.info("not logged at all")
        asyncio.run(forgotten())
    """
    job, side, pool, loop = logged(program)
    assert (job["event"], job["error"]) == ("a library logged", "ValueError")
    assert (side["event"], side["logger"]) == ("a library logged", "procrastinate.worker.<module>")
    assert (pool["event"], pool["level"]) == ("error connecting in %r: %s", "warning")
    assert loop["logger"].startswith("asyncio.")
    assert any(frame.endswith(" fail") for frame in loop["frames"])


def test_without_an_endpoint_nothing_is_measured_or_loaded() -> None:
    run("""
        import sys, threading
        Telemetry.from_environment("catalog").called("SharingService.CheckSubject", "", 0.01)
        assert not any(name.startswith(("opentelemetry.exporter", "opentelemetry.sdk")) for name in sys.modules)
        assert threading.active_count() == 1
    """)


class _Collector:
    """What arrives at an OTLP endpoint."""

    def __init__(self) -> None:
        self.metrics: list[Any] = []
        self.traces: list[Any] = []

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Receive until the end; gives the endpoint."""
        server = grpc.server(ThreadPoolExecutor(2))
        metrics, traces = self.metrics, self.traces

        class Metrics(metrics_service_pb2_grpc.MetricsServiceServicer):
            def Export(self, request: Any, context: Any) -> Any:
                metrics.extend(request.resource_metrics)
                return metrics_service_pb2.ExportMetricsServiceResponse()

        class Traces(trace_service_pb2_grpc.TraceServiceServicer):
            def Export(self, request: Any, context: Any) -> Any:
                traces.extend(request.resource_spans)
                return trace_service_pb2.ExportTraceServiceResponse()

        metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(Metrics(), server)
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Traces(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.stop(None).wait()


def _attributes(listed: Any) -> dict[str, str]:
    return {one.key: one.value.string_value for one in listed}


@pytest.fixture(scope="module")
def collected() -> _Collector:
    """What a process with an endpoint sent about two calls before it ended."""
    collector = _Collector()
    with collector.listening() as endpoint:
        run(
            """
            office = Telemetry.from_environment("catalog")
            office.called("SharingService.CheckSubject", "", 0.25)
            office.called("SharingService.CheckSubject", "NOT_GRANTED", 0.5)
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
            OTEL_TRACES_SAMPLER="always_on",
        )
    return collector


def test_of_one_call_in_a_hundred_a_span_is_sent_where_nothing_else_is_said() -> None:
    collector = _Collector()
    with collector.listening() as endpoint:
        run(
            """
            office = Telemetry.from_environment("catalog")
            for _ in range(2000):
                office.called("SharingService.CheckSubject", "", 0.25)
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
        )
    spans = [span for resource in collector.traces for scope in resource.scope_spans for span in scope.spans]
    assert 2 <= len(spans) <= 60, "by chance once in twenty million runs"


def test_calls_are_counted_and_timed_by_office_method_and_reason_alone(collected: _Collector) -> None:
    points = [
        point
        for resource in collected.metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.histogram.data_points
    ]
    call = {"office": "catalog", "method": "SharingService.CheckSubject"}
    assert [(_attributes(point.attributes), point.sum, point.count) for point in points] == [
        (call | {"reason": ""}, 0.25, 1),
        (call | {"reason": "NOT_GRANTED"}, 0.5, 1),
    ]


def test_a_call_is_one_span_with_the_same_attributes_and_no_more(collected: _Collector) -> None:
    spans = [span for resource in collected.traces for scope in resource.scope_spans for span in scope.spans]
    assert [span.name for span in spans] == ["SharingService.CheckSubject"] * 2
    for span, seconds in zip(spans, (0.25, 0.5), strict=True):
        assert set(_attributes(span.attributes)) == {"office", "method", "reason"}
        assert (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9 == pytest.approx(seconds, abs=0.001)
        assert not span.events
        assert not span.links


def test_nothing_is_told_of_the_machine(collected: _Collector) -> None:
    for sent in (*collected.metrics, *collected.traces):
        told = _attributes(sent.resource.attributes)
        assert told.pop("service.name") == "chengxin-catalog"
        assert all(name.startswith(("telemetry.sdk.", "service.instance.")) for name in told)


def test_a_call_is_one_line_with_its_query_id_and_no_more() -> None:
    program = """
        from uuid import UUID
        from foundation.telemetry import queried, served
        queried(UUID(int=7))
        served("SharingService.CheckSubject", "NOT_GRANTED", 0.0123)
    """
    (line,) = logged(program)
    assert line.pop("timestamp")
    assert line == {
        "event": "call",
        "level": "info",
        "office": "catalog",
        "method": "SharingService.CheckSubject",
        "reason": "NOT_GRANTED",
        "ms": 12.3,
        "query_id": "00000000-0000-0000-0000-000000000007",
    }


def test_an_id_number_that_got_into_a_line_is_crossed_out() -> None:
    number = "439999193209170019"
    program = f"""
        import structlog
        log = structlog.get_logger()
        log.info("about {number}", party="{number}", items=["x", "{number}"], deep={{"a": {{"b": "{number[:-1]}x"}}}})
        log.info("kept", at="20261126", query_id="439999193209170019439999", code="91439999MA0000001X")
    """
    crossed, kept = run(program)
    assert number[:17] not in crossed
    assert crossed.count("<redacted>") == 4
    assert "439999193209170019439999" in kept
    assert "91439999MA0000001X" in kept


def test_a_process_that_an_error_ends_does_not_print_its_text() -> None:
    start = "from foundation.telemetry import configure_logs\nconfigure_logs('catalog', 'INFO')\n"
    ended = subprocess.run(
        [sys.executable, "-c", start + "import os\nraise ValueError(os.environ['SECRET'])"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "SECRET": SECRET, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    (line,) = [json.loads(line) for line in ended.stderr.splitlines()]
    assert (line["event"], line["error"], line["level"]) == ("ended by an error", "ValueError", "critical")
    assert SECRET not in ended.stderr


def test_a_counter_reaches_the_collector_with_the_office_alone() -> None:
    collector = _Collector()
    with collector.listening() as endpoint:
        run(
            """
            count = Telemetry.from_environment("catalog").counter("limits_unavailable_total", "x")
            count(3)
            count(4)
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
        )
    ((metric, point),) = [
        (metric, point)
        for resource in collector.metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.sum.data_points
    ]
    assert (metric.name, point.as_int, _attributes(point.attributes)) == (
        "limits_unavailable_total",
        7,
        {"office": "catalog"},
    )

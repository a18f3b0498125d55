"""Structured logs: one JSON object a line on standard error."""

from __future__ import annotations

import logging
import sys

import structlog


def configure_logs(office: str, level: str) -> None:
    """Set up structlog for a process; library logs below WARNING are dropped."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _office(office),
            _traceback_without_values,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def _office(office: str) -> structlog.types.Processor:
    def add(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
        event["office"] = office
        return event

    return add


def _traceback_without_values(
    _: object, __: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    """Replace an exception by its frames: messages of drivers repeat parameters, frames don't."""
    if event.pop("exc_info", None):
        frames: list[str] = []
        trace = sys.exc_info()[2]
        while trace is not None:
            code = trace.tb_frame.f_code
            frames.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
            trace = trace.tb_next
        event["frames"] = frames[-12:]
    return event

"""Structured logs: one JSON object a line on standard error."""

from __future__ import annotations

import logging
import sys
from types import TracebackType

import structlog


def configure_logs(office: str, level: str) -> None:
    """Set up structlog for a process; library logs below WARNING are dropped, those above lose their values."""
    shared: list[structlog.types.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _office(office),
        _traceback_without_values,
    ]
    render = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                _library_without_values,
                *shared,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                render,
            ],
            use_get_message=False,
            pass_foreign_args=True,
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def _office(office: str) -> structlog.types.Processor:
    def add(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
        event["office"] = office
        return event

    return add


def _library_without_values(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Keep where a library logged, and the template of its text where it has one.

    Filled-in texts repeat those of exceptions, and the arguments of jobs.
    """
    record: logging.LogRecord = event["_record"]
    if not event.pop("positional_args", None):
        event["event"] = "a library logged"
    event["logger"] = f"{record.name}.{record.funcName}"
    return event


def _traceback_without_values(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Replace an exception by its frames: messages of drivers repeat parameters, frames don't."""
    given = event.pop("exc_info", None)
    if given:
        error = _exception(given)
        frames: list[str] = []
        trace: TracebackType | None = error.__traceback__ if error else None
        while trace is not None:
            code = trace.tb_frame.f_code
            frames.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
            trace = trace.tb_next
        event.setdefault("error", type(error).__name__)
        event["frames"] = frames[-12:]
    return event


def _exception(given: object) -> BaseException | None:
    """The exception that `exc_info` means: itself, one of a triple, or the one being handled."""
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1]
    return sys.exc_info()[1]

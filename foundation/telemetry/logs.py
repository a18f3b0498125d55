"""Structured logs: one JSON object a line on standard error."""

from __future__ import annotations

import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from uuid import UUID

import structlog

_QUERY: ContextVar[str] = ContextVar("chengxin_query")
_ID_NUMBER = re.compile(r"(?<![0-9])[1-9][0-9]{5}(?:19|20)[0-9]{9}[0-9Xx](?![0-9])", re.ASCII)


def configure_logs(office: str, level: str) -> None:
    """Set up structlog for a process; library logs below WARNING are dropped, those above lose their values."""
    shared: list[structlog.types.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _office(office),
        _traceback_without_values,
        _without_id_numbers,
    ]
    render = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    served.office = office if logging.getLevelNamesMapping()[level] <= logging.INFO else ""
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
    log = structlog.get_logger(__name__)
    # Python's own way of ending prints the exception's text.
    sys.excepthook = lambda _, error, __: log.critical("ended by an error", exc_info=error)


class _Calls:
    """Writes the line of each call by hand: the library would take a tenth of a call's time for it."""

    office = ""
    """Empty: nothing is written, because the process logs no calls."""

    def __call__(self, method: str, reason: str, seconds: float) -> None:
        """Log one call in one line, under the query id that the office gave it by `queried`.

        `method` and `reason` are words of the contract, so that nothing in the line needs escaping.
        """
        if self.office:
            query, at = _QUERY.get(""), datetime.now(UTC).isoformat()[:-6]
            named = f'"query_id": "{query}", ' if query else ""
            sys.stderr.write(
                f'{{"method": "{method}", "reason": "{reason}", "ms": {seconds * 1000:.1f}, {named}"event": "call",'
                f' "level": "info", "timestamp": "{at}Z", "office": "{self.office}"}}\n'
            )


served = _Calls()


def queried(query_id: UUID) -> UUID:
    """Name the query of the call being served, in its further log lines; gives it back."""
    _QUERY.set(str(query_id))
    return query_id


def _office(office: str) -> structlog.types.Processor:
    def add(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
        event["office"] = office
        if query := _QUERY.get(""):
            event["query_id"] = query
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


def _without_id_numbers(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Cross out what looks like an ID number, whoever let it get here: the last net, not the first."""
    for key, value in event.items():
        if isinstance(value, str):
            if len(value) >= 18:
                event[key] = _ID_NUMBER.sub("<redacted>", value)
        elif isinstance(value, (list, tuple, dict)):
            event[key] = _ID_NUMBER.sub("<redacted>", str(value)) if _ID_NUMBER.search(str(value)) else value
    return event


def _exception(given: object) -> BaseException | None:
    """The exception that `exc_info` means: itself, one of a triple, or the one being handled."""
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1]
    return sys.exc_info()[1]

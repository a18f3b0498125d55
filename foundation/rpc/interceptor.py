"""What every call goes through: deadline, size, who calls, refusals journalled and rendered, telemetry."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import grpc
import structlog
from grpc import aio

from foundation.access.assertions import Issuers
from foundation.access.callers import Caller, assisted, carried, enrolled, fingerprint_of, named_in
from foundation.calendar import day_of
from foundation.crypto import KeyGone, OpenFailed, SuiteTooOld
from foundation.db import Database
from foundation.journal import Entry, Journal
from foundation.reasons import (
    ASSERTION_INVALID,
    DEADLINE_REQUIRED,
    DEADLINE_TOO_NEAR,
    MESSAGE_TOO_LARGE,
    NOT_ENROLLED,
    STORED_DATA_UNREADABLE,
    SUITE_TOO_OLD,
    UNAVAILABLE,
)
from foundation.refusal import Kind, Refused
from foundation.rpc.call import CURRENT, Call
from foundation.rpc.status import status_of
from foundation.telemetry import Telemetry, served

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

ASSERTION = "chengxin-assertion"
"""Metadata key of a person's or officer's assertion."""

UNARY_BYTES = 256 * 1024
_SHAPES = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")
_LONGEST_S, _SHORTEST_S = 10.5, 0.1
_NOT_ENTRIES = {Kind.EXHAUSTED, Kind.UNAVAILABLE, Kind.DEADLINE, Kind.UNAUTHENTICATED}


@dataclass(slots=True)
class _Serving:
    """A call under way: since when, who calls once that is known, and the reason if it is refused."""

    method: str
    caller: Caller | None = None
    reason: str = ""
    started: float = field(default_factory=time.perf_counter)


@dataclass(eq=False, kw_only=True)
class HouseInterceptor(aio.ServerInterceptor):
    """Wraps every method of the chengxin contract; health and reflection pass through."""

    database: Database
    journal: Journal
    issuers: Issuers
    telemetry: Telemetry
    checked_by_door: frozenset[str] = frozenset()
    guard: Callable[[str], None] = lambda _: None
    _handlers: dict[str, Any] = field(default_factory=dict[str, Any], init=False)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Return the method's handler, wrapped; a method is wrapped once."""
        path = str(handler_call_details.method)
        if path not in self._handlers:
            handler: Any = await continuation(handler_call_details)
            if handler is None or not path.startswith("/chengxin."):
                return handler
            self._handlers[path] = self._wrapped(handler, _short(path))
        return self._handlers[path]

    def _wrapped(self, handler: Any, method: str) -> Any:
        shape = next(shape for shape in _SHAPES if getattr(handler, shape) is not None)
        serve, streaming = getattr(handler, shape), handler.request_streaming

        async def stream(request: Any, context: Any) -> AsyncGenerator[Any]:
            serving = _Serving(method)
            try:
                await self._admit(serving, context, streaming=True)
                async for response in serve(request, context):
                    self.guard(method)
                    yield response
            except Exception as error:
                await self._fail(serving, context, error)
            finally:
                self._tell(serving)

        async def unary(request: Any, context: Any) -> Any:
            serving = _Serving(method)
            try:
                await self._admit(serving, context, streaming=streaming, size=0 if streaming else request.ByteSize())
                return await serve(request, context)
            except Exception as error:
                await self._fail(serving, context, error)
            finally:
                self._tell(serving)

        return handler._replace(**{shape: stream if handler.response_streaming else unary})

    async def _admit(self, serving: _Serving, context: Any, *, streaming: bool, size: int = 0) -> None:
        """Let a call in, or raise why not. Enrolment is checked here, or by the door in its own statement."""
        self.guard(serving.method)
        certificates = context.auth_context().get("x509_pem_cert")
        if not certificates:
            raise Refused(NOT_ENROLLED)
        if serving.method in self.checked_by_door:
            serving.caller = named_in(certificates[0])
        else:
            async with self.database.transaction() as tx:
                serving.caller = await enrolled(tx, fingerprint_of(certificates[0]))
        call = Call(serving.caller, serving.method)
        if token := next((str(value) for key, value in context.invocation_metadata() if key == ASSERTION), ""):
            call = await self._asserted(call, token)
            serving.caller = call.caller
        CURRENT.set(call)
        _check_limits(context, streaming=streaming, size=size)

    async def _fail(self, serving: _Serving, context: Any, error: Exception) -> None:
        """End a call that is refused or broke."""
        if isinstance(error, aio.AbortError):
            raise error
        if isinstance(error, (Refused, OpenFailed, KeyGone)):
            refused = _refused(error, serving.method)
            serving.reason = refused.reason.code
            rendered = await self._recorded(refused, serving.method, serving.caller)
            await context.abort_with_status(status_of(rendered))
        serving.reason = "INTERNAL"
        log.exception("call failed", method=serving.method, error=type(error).__name__)
        await context.abort(grpc.StatusCode.INTERNAL, "The office failed; nothing was disclosed.")

    def _tell(self, serving: _Serving) -> None:
        seconds = time.perf_counter() - serving.started
        self.telemetry.called(serving.method, serving.reason, seconds)
        served(serving.method, serving.reason, seconds)

    async def _asserted(self, call: Call, token: str) -> Call:
        """The call with the official or the party whom an assertion names.

        Where the gateway carries an official, or a desk's clerk for a party, the caller is his authority's:
        docs/decisions/0013 and 0014.
        """
        caller, now = call.caller, datetime.now(UTC)
        match self.issuers.kind(token):
            case "officer":
                officer = self.issuers.officer(token, bound_to=caller.fingerprint, now=now)
                if "gateway" in caller.roles:
                    async with self.database.transaction() as tx:
                        caller = await carried(tx, caller, officer)
                return call._replace(caller=caller, officer=officer)
            case "person":
                person = self.issuers.person(token, bound_to=caller.fingerprint, now=now, today=day_of(now))
                if person.assistant is not None and "gateway" in caller.roles:
                    async with self.database.transaction() as tx:
                        caller = await assisted(tx, caller, person)
                return call._replace(caller=caller, person=person)
            case _:
                raise Refused(ASSERTION_INVALID)

    async def _recorded(self, refused: Refused, method: str, caller: Caller | None) -> Refused:
        """Journal a refusal of an authenticated caller, unless the door did; without a journal there is no answer."""
        if caller is None or refused.journalled or refused.reason.kind in _NOT_ENTRIES:
            return refused
        try:
            async with self.database.transaction() as tx:
                if method in self.checked_by_door:
                    caller = await enrolled(tx, caller.fingerprint)
                entry = Entry(kind=method, caller=caller, decision="refused", reason=refused.reason.code)
                await self.journal.write(tx, entry)
        except Refused as failed:
            return failed
        except Exception as error:
            log.exception("refusal not journalled", method=method, error=type(error).__name__)
            return Refused(UNAVAILABLE)
        return refused


def _refused(error: Exception, method: str) -> Refused:
    """The refusal itself, or that what is stored does not open; why, nobody learns, but that its suite is too old.

    The log names the call, and nothing that is stored.
    """
    if isinstance(error, Refused):
        return error
    log.error("stored data does not open", method=method, error=type(error).__name__)
    if isinstance(error, SuiteTooOld):
        return Refused(SUITE_TOO_OLD, detail=error.problem)
    return Refused(STORED_DATA_UNREADABLE)


def _check_limits(context: Any, *, streaming: bool, size: int) -> None:
    left: float | None = context.time_remaining()
    if not streaming and (left is None or left > _LONGEST_S):
        raise Refused(DEADLINE_REQUIRED)
    if left is not None and left < _SHORTEST_S:
        raise Refused(DEADLINE_TOO_NEAR)
    if size > UNARY_BYTES:
        raise Refused(MESSAGE_TOO_LARGE)


def _short(path: str) -> str:
    """/chengxin.catalog.v1.SharingService/CheckSubject -> SharingService.CheckSubject."""
    service, _, method = path.lstrip("/").partition("/")
    return f"{service.rpartition('.')[2]}.{method}"

"""The four offices as the gateway calls them: gRPC with its own certificate, for one signed-in person or official.

The person travels as an assertion made fresh for each call, bound to the gateway's certificate. The
gateway has no rules: what an office refuses is passed on as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

import grpc
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from grpc.aio import AioRpcError, Channel

from chengxin.client.errors import detail
from chengxin.client.requests import how_to_ask
from foundation import reasons as shared
from foundation.access import Officer, Person, issue_assertion
from foundation.refusal import Kind, Reason, Refused, Wording
from foundation.rpc.interceptor import ASSERTION
from foundation.rpc.status import CODES
from gateway.reasons import NO_ANSWER_IN_TIME, OFFICE_FAILED
from gateway.sessions import Session, StaffSession

DEADLINE_S = 5.0
"""Deadline of a unary call, seconds."""
UPLOAD_DEADLINE_S = 120.0
"""Deadline of an upload of evidence, seconds."""

_STATUSES = {status.value[0]: status for status in grpc.StatusCode}
KINDS = {_STATUSES[number]: kind for kind, number in CODES.items() if kind is not Kind.UNAUTHENTICATED}
"""What sort of refusal a status is. Any other status is a fault of the house."""

_WITHOUT_REASON = {
    grpc.StatusCode.UNAVAILABLE: shared.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED: shared.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: NO_ANSWER_IN_TIME,
}
# With these an office refuses the gateway, not the person, who could do nothing about it.
AT_THE_GATEWAY = frozenset(
    reason.code
    for reason in (
        shared.NOT_ENROLLED,
        shared.ROLE_REQUIRED,
        shared.ASSERTION_REQUIRED,
        shared.ASSERTION_INVALID,
        shared.DEADLINE_REQUIRED,
    )
)
"""Reasons by which an office refuses the gateway itself."""

S = TypeVar("S", Session, StaffSession)
log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class OfficeRefused(Refused):
    """A refusal as an office gave it, in its own words, to be passed on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Signs who is signed in. `bound_to` is the SHA-256 of the gateway's certificate, 32 bytes."""

    key: Ed25519PrivateKey = field(repr=False)
    kid: str
    name: str
    bound_to: bytes
    clock: Callable[[], datetime]

    def assertion(self, who: Person | Officer) -> str:
        """A fresh assertion of who acts, good for at most two minutes and for this gateway alone."""
        claims: dict[str, Any]
        if isinstance(who, Officer):
            claims = {"sub": who.subject.reveal(), "authority": who.authority, "roles": sorted(who.roles)}
        else:
            claims = {
                "identifier_kind": who.identifier.kind.value,
                "identifier": who.identifier.value.reveal(),
                "name": who.name.reveal(),
            }
            if who.assistant is not None:
                clerk, matter = who.assistant, who.matter.reveal()
                claims["assistant"] = {"sub": clerk.subject.reveal(), "authority": clerk.authority, "matter": matter}
        return issue_assertion(
            self.key,
            kid=self.kid,
            issuer=self.name,
            kind="officer" if isinstance(who, Officer) else "person",
            claims=claims,
            bound_to=self.bound_to,
            now=self.clock(),
        )


@dataclass(eq=False, kw_only=True)
class Offices:
    """Channels to the offices with mutual TLS, by office, and who signs for persons and officials.

    A request goes to the office of its package, to the one method that takes it.
    """

    channels: dict[str, Channel]
    issuer: Issuer
    staff_issuer: Issuer | None = None

    async def ask(self, request: Message, *, office: str = "") -> Any:
        """Ask what anybody may ask; `office` for what several of them answer.

        Raises OfficeRefused, or Refused where the house fails.
        """
        async with _translated():
            return await self.method("unary_unary", type(request), office)(request, timeout=DEADLINE_S)

    async def close(self) -> None:
        """Close the channels; calls under way have a second to finish."""
        for channel in self.channels.values():
            await channel.close(grace=1.0)

    def method(self, way: str, kind: type[Message], office: str = "") -> Any:
        """What sends requests of a kind, one or as a stream: `way` is as gRPC calls it."""
        of_package, path, answer = how_to_ask(kind)
        return getattr(self.channels[office or of_package], way)(path, kind.SerializeToString, answer.FromString)

    def asserted(self, session: Session | StaffSession) -> tuple[tuple[str, str], ...]:
        """What names the person or official to an office, for one call."""
        if isinstance(session, Session):
            return ((ASSERTION, self.issuer.assertion(session.person)),)
        assert self.staff_issuer is not None  # no official signs in where the settings name no issuer
        return ((ASSERTION, self.staff_issuer.assertion(session.officer)),)


@dataclass(frozen=True, slots=True)
class Voice(Generic[S]):
    """Who is signed in, asking the offices in his own name."""

    offices: Offices
    session: S

    async def ask(self, request: Message) -> Any:
        """Ask. Raises as `Offices.ask` does."""
        method = self.offices.method("unary_unary", type(request))
        async with _translated():
            return await method(request, timeout=DEADLINE_S, metadata=self.offices.asserted(self.session))

    async def ask_about(self, request: Message) -> Any:
        """As `ask`, about one thing by its id: what is another's looks like what does not exist."""
        async with hidden_unless_own():
            return await self.ask(request)

    async def send_about(self, kind: type[Message], messages: AsyncIterator[Message]) -> Any:
        """Stream messages of a kind, as `ask_about` asks; an error while making them breaks the call off."""
        method = self.offices.method("stream_unary", kind)
        call = method(None, timeout=UPLOAD_DEADLINE_S, metadata=self.offices.asserted(self.session))
        try:
            async for message in messages:
                try:
                    await call.write(message)
                except (AioRpcError, asyncio.InvalidStateError):
                    break  # The office has answered already; what it said comes from the call itself.
            else:
                await call.done_writing()
            async with hidden_unless_own(), _translated():
                return await call
        finally:
            call.cancel()

    async def stream(self, request: Message) -> AsyncGenerator[Any]:
        """Give the messages of a stream. Raises as `ask` does; left early, the call ends."""
        method = self.offices.method("unary_stream", type(request))
        call = method(request, timeout=UPLOAD_DEADLINE_S, metadata=self.offices.asserted(self.session))
        try:
            async with _translated():
                async for message in call:
                    yield message
        finally:
            call.cancel()


@asynccontextmanager
async def hidden_unless_own() -> AsyncGenerator[None]:
    """Turn "not yours" and "not there" into the same Refused(NOT_FOUND)."""
    try:
        yield
    except OfficeRefused as refused:
        if refused.reason.kind in (Kind.DENIED, Kind.NOT_FOUND):
            raise Refused(shared.NOT_FOUND) from None
        raise


@asynccontextmanager
async def _translated() -> AsyncGenerator[None]:
    try:
        yield
    except AioRpcError as error:
        raise translated(error) from None


def translated(error: AioRpcError) -> Refused:
    """Return what an office's error means to the person: its refusal, or that the house is at fault."""
    code = error.code()
    info, bad = detail(error, ErrorInfo), detail(error, BadRequest)
    kind = KINDS.get(code)
    if info is None and code in _WITHOUT_REASON:
        return Refused(_WITHOUT_REASON[code])
    if info is None or kind is None or info.reason in AT_THE_GATEWAY:
        log.error("office_failed", status=code.name, reason=info.reason if info else "")
        return Refused(OFFICE_FAILED)
    wording = Wording(error.details() or "", info.metadata["remedy"], source="")
    field = bad.field_violations[0].field if bad and bad.field_violations else ""
    return OfficeRefused(Reason(info.reason, kind, wording), field=field)

"""Between the contract's common messages and the foundation's types."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from chengxin.common.v1 import common_pb2
from foundation.evidence import FileHeader, media_type_from
from foundation.identity import Identifier, IdentifierKind, canonicalise
from foundation.journal import Receipt
from foundation.policy import Severity
from foundation.reasons import EVIDENCE_OUT_OF_ORDER, NOT_FOUND, VALUE_INVALID, VALUE_REQUIRED
from foundation.refusal import Refused

LINES = 50
"""Codes, members or items that one request names at most."""

SEVERITIES = {common_pb2.Severity.Value(f"SEVERITY_{severity.name}"): severity for severity in Severity}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)  # fromisoformat takes weeks too
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_MESSAGE_KINDS = {kind: common_pb2.IdentifierKind.Value(f"IDENTIFIER_KIND_{kind.name}") for kind in IdentifierKind}
_KINDS = {number: kind for kind, number in _MESSAGE_KINDS.items()}


def identifier_from(message: common_pb2.Identifier, *, today: date, field: str = "subject") -> Identifier:
    """Check and canonicalise an identifier; raises Refused naming `field`."""
    kind = _KINDS.get(message.kind)
    if kind is None:
        raise Refused(VALUE_REQUIRED, field=f"{field}.kind")
    return canonicalise(kind, message.value, today=today, field=f"{field}.value")


def identifier_message(identifier: Identifier) -> common_pb2.Identifier:
    """An identifier as a message."""
    return common_pb2.Identifier(kind=_MESSAGE_KINDS[identifier.kind], value=identifier.value.reveal())


def timestamp(instant: datetime) -> Timestamp:
    """An instant (aware) as a message."""
    since = instant - _EPOCH
    return Timestamp(seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1_000)


def instant_from(message: Timestamp) -> datetime:
    """A message as an aware instant in UTC."""
    return message.ToDatetime(tzinfo=UTC)


def receipt_message(receipt: Receipt) -> common_pb2.JournalReceipt:
    """A receipt as a message."""
    return common_pb2.JournalReceipt(
        source=receipt.source, entry_id=receipt.entry_id, as_of=timestamp(receipt.as_of), digest=receipt.digest
    )


def refusal_message(refused: Refused) -> common_pb2.Refusal:
    """A refusal as one member's result."""
    return common_pb2.Refusal(
        reason=refused.reason.code, field=refused.field, message=refused.message, remedy=refused.reason.remedy
    )


def date_from(text: str, *, field: str) -> date:
    """Parse YYYY-MM-DD; raises Refused naming `field`."""
    if not text:
        raise Refused(VALUE_REQUIRED, field=field)
    try:
        return _day(text)
    except ValueError as error:
        raise Refused(VALUE_INVALID, field=field, detail="Dates are YYYY-MM-DD.") from error


@lru_cache(maxsize=4096)  # a batch's documents are of few days
def _day(text: str) -> date:
    if _DATE.fullmatch(text) is None:
        raise ValueError
    return date.fromisoformat(text)


def iso(day: date | None) -> str:
    """A date as YYYY-MM-DD; None as empty text."""
    return day.isoformat() if day else ""


def id_from(text: str) -> UUID:
    """Parse an id of ours; raises Refused(NOT_FOUND): an id of another form names nothing."""
    try:
        return UUID(text)
    except ValueError as error:
        raise Refused(NOT_FOUND) from error


def text_from(text: str, *, field: str, longest: int) -> str:
    """Return text of 1 to `longest` characters; raises Refused naming `field`.

    Line breaks and tabs are the only control characters.
    """
    if not text.strip():
        raise Refused(VALUE_REQUIRED, field=field)
    if len(text) > longest:
        raise Refused(VALUE_INVALID, field=field, detail=f"At most {longest} characters.")
    written = text.replace("\r\n", "\n")
    if _CONTROL.search(written):
        raise Refused(VALUE_INVALID, field=field, detail="It holds a control character.")
    return written


def line_from(text: str, *, field: str, longest: int) -> str:
    """Return one line of text without white space around it; raises Refused naming `field`."""
    written = text_from(text, field=field, longest=longest).strip()
    if "\n" in written or "\t" in written:
        raise Refused(VALUE_INVALID, field=field, detail="It is one line.")
    return written


def lines_from(texts: Sequence[str], *, field: str, longest: int) -> list[str]:
    """Return 1 to LINES lines; raises Refused naming `field` and the place."""
    if not texts:
        raise Refused(VALUE_REQUIRED, field=field)
    if len(texts) > LINES:
        raise Refused(VALUE_INVALID, field=field, detail=f"At most {LINES}.")
    return [line_from(text, field=f"{field}[{place}]", longest=longest) for place, text in enumerate(texts)]


def page_size_from(asked: int, *, usual: int, largest: int) -> int:
    """How many a page has at most; 0 asks for the usual. Raises Refused naming `page_size`."""
    if not 0 <= asked <= largest:
        raise Refused(VALUE_INVALID, field="page_size", detail=f"1 to {largest:,}.")
    return asked or usual


def word_from(members: Any, number: int) -> str:
    """The word for a member of an enum (SEVERITY_SLIGHT: slight); empty for one that is unspecified or unknown."""
    return _words(members).get(number, "")


@cache
def _words(members: Any) -> dict[int, str]:
    names = {number: value.name for number, value in members.DESCRIPTOR.values_by_number.items()}
    prefix = names[0].removesuffix("UNSPECIFIED")
    return {number: name.removeprefix(prefix).lower() for number, name in names.items() if number}


async def upload_from(parts: AsyncIterator[Any]) -> tuple[Any, FileHeader, AsyncIterator[bytes]]:
    """Read an upload of evidence: its header, what that says of the file, and the content to come.

    Raises Refused(EVIDENCE_OUT_OF_ORDER, EVIDENCE_TYPE), or naming a field of the header.
    """
    first = await anext(aiter(parts), None)
    if first is None or first.WhichOneof("part") != "header":
        raise Refused(EVIDENCE_OUT_OF_ORDER, field="header")
    said: common_pb2.EvidenceHeader = first.header.evidence
    header = FileHeader(
        file_name=line_from(said.file_name, field="header.evidence.file_name", longest=200),
        media_type=media_type_from(said.media_type),
        description=text_from(said.description, field="header.evidence.description", longest=500),
    )
    return first.header, header, _content(parts)


async def _content(parts: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    async for part in parts:
        if part.WhichOneof("part") != "content":
            raise Refused(EVIDENCE_OUT_OF_ORDER, field="content")
        yield part.content

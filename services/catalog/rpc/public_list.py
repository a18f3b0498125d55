"""The public list's messages: what is asked for, never about a natural person by name or number, and what is shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime

from chengxin.catalog.v1 import sharing_pb2 as pb
from foundation.calendar import day_of
from foundation.identity import Identifier, IdentifierKind, canonicalise, fold_name
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from foundation.rpc.messages import date_from, iso, line_from
from foundation.rpc.mirror import mirrored
from services.catalog.domain import reasons
from services.catalog.sealing import DOCUMENT_NUMBER, PARTY_IDENTIFIER, PARTY_NAME, Shown
from services.catalog.store.answers import Wanted

_DIVISION = re.compile(r"[0-9]{2}(?:[0-9]{2}){0,2}", re.ASCII)
_PERSONS_NUMBER = re.compile(
    r"[1-68][0-9]{5}(?:18|19|20)?[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]?", re.ASCII
)
"""What looks like a resident identity number, of 18 characters or the former 15."""
_PERSONS_NAME = re.compile(r"[\u3400-\u9fff]{2,3}|[\u3400-\u9fff]+(?:[·•・‧][\u3400-\u9fff]+)+")
"""What looks like a natural person's name: an organisation's whole name holds its place, trade and form as well."""


def wanted(request: pb.ListPublicRecordsRequest) -> Wanted:
    """Which part of the public list is asked for."""
    if request.division and not _DIVISION.fullmatch(request.division):
        raise Refused(VALUE_INVALID, field="division", detail="2, 4 or 6 digits.")
    days = {field: getattr(request, field) for field in ("determined_from", "determined_until")}
    since, until = (date_from(day, field=field) if day else None for field, day in days.items())
    authority = _uscc(request.determining_authority, "determining_authority")
    return Wanted(authority.value.reveal() if authority else "", request.division, since, until)


def name(request: pb.ListPublicRecordsRequest) -> str:
    """The name searched for. Raises Refused(PERSON_NOT_SEARCHED) for what looks like a natural person's."""
    given = line_from(request.name, field="name", longest=200)
    if not fold_name(given):
        raise Refused(VALUE_INVALID, field="name", detail="It has no letter.")
    if _PERSONS_NAME.fullmatch(given) or _PERSONS_NUMBER.fullmatch(_plain(given)):
        raise Refused(reasons.PERSON_NOT_SEARCHED, field="name")
    return given


def organisation(request: pb.ListPublicRecordsRequest) -> Identifier | None:
    """The organisation asked for. Raises Refused(PERSON_NOT_SEARCHED): nobody learns here who a masked person is."""
    if request.identifier and request.name:
        raise Refused(VALUE_INVALID, field="identifier", detail="Give a name or a code, not both.")
    if _PERSONS_NUMBER.fullmatch(_plain(request.identifier)):
        raise Refused(reasons.PERSON_NOT_SEARCHED, field="identifier")
    return _uscc(request.identifier, "identifier")


def shown(record: Shown, titles: Mapping[str, str]) -> pb.PublicRecord:
    """A record as the public sees it."""
    ends_before, code = record.row["ends_before"], record.row["item_code"]
    return mirrored(
        pb.PublicRecord,
        record.row,
        item_title=titles.get(code, ""),
        name=record.fields[PARTY_NAME].reveal(),
        identifier=record.fields[PARTY_IDENTIFIER].reveal(),
        document_number=record.fields[DOCUMENT_NUMBER].reveal(),
        ends_before=iso(day_of(ends_before) if ends_before else None),
    )


def _plain(text: str) -> str:
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text)).upper()


def _uscc(number: str, field: str) -> Identifier | None:
    if not number:
        return None
    try:
        return canonicalise(IdentifierKind.USCC, number, today=day_of(datetime.now(UTC)))
    except Refused as refused:
        raise Refused(refused.reason, field=field, detail=refused.detail) from None

"""What an auditor can ask, from what was sent to the offices' messages. A question never stands in an address."""

from __future__ import annotations

import csv
from collections.abc import AsyncGenerator, Mapping
from datetime import date, datetime, time, timedelta
from io import StringIO
from typing import Any

from fastapi.responses import StreamingResponse

from chengxin.audit.v1 import audit_pb2, questions_pb2
from chengxin.common.v1.common_pb2 import Identifier, IdentifierKind
from chengxin.handin.rejects import harmless
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from gateway.offices import Voice
from gateway.pages import STATUTORY_ZONE
from gateway.sessions import StaffSession

ACCESSES, LOOKS = "SearchAccesses", "ListLooks"
QUESTIONS = (
    ACCESSES,
    LOOKS,
    "FindOffHours",
    "FindFarAbovePeers",
    "FindRepeatedLooks",
    "FindWithoutMatter",
    "FindOverdueSteps",
    "ListArchiveOpenings",
    "CountRefusals",
    "CountLooks",
)
"""Methods of the audit office that the form offers, by name."""
_COLUMNS = ("at", "source", "entry_id", "log_index", "kind", "authority", "purpose", "decision", "reason")


async def ask(me: Voice[StaffSession], sent: Mapping[str, str]) -> Any:
    """Put the question; `sent` has its method, basis, from, to, authority and what else it takes, as text.

    Raises Refused(VALUE_INVALID), and as `Offices.ask_for`.
    """
    name = sent.get("question", "")
    if name not in QUESTIONS:
        raise Refused(VALUE_INVALID, field="question")
    if name == ACCESSES:
        return await me.ask(_search(sent))
    asked: dict[str, Any] = {"question": questions_pb2.Question(authority=sent.get("authority", ""), **_period(sent))}
    if name == LOOKS:
        asked["officer"] = sent.get("officer", "")
    return await me.ask(getattr(questions_pb2, f"{name}Request")(**asked))


async def exported(me: Voice[StaffSession], sent: Mapping[str, str]) -> StreamingResponse:
    """The log's entries of a period as CSV, without private parts. Raises as `ask`, before the answer begins."""
    lines = _lines(me, sent)
    begun = [await anext(lines), await anext(lines, "")]

    async def whole() -> AsyncGenerator[str]:
        for line in begun:
            yield line
        async for line in lines:
            yield line

    headers = {"Content-Disposition": 'attachment; filename="accesses.csv"'}
    return StreamingResponse(whole(), headers=headers, media_type="text/csv; charset=utf-8")


async def _lines(me: Voice[StaffSession], sent: Mapping[str, str]) -> AsyncGenerator[str]:
    authorities = [sent["authority"]] if sent.get("authority") else []
    request = questions_pb2.ExportAccessesRequest(authorities=authorities, **_period(sent))
    yield ",".join(_COLUMNS) + "\r\n"
    async for page in me.stream(request):
        text = StringIO()
        csv.writer(text).writerows([_cell(one, name) for name in _COLUMNS] for one in page.accesses)
        yield text.getvalue()


def _search(sent: Mapping[str, str]) -> audit_pb2.SearchAccessesRequest:
    asked: dict[str, Any] = {name: sent.get(name, "") for name in ("authority", "purpose", "decision")}
    if sent.get("subject"):
        kinds = dict(IdentifierKind.items())
        kind = kinds.get(
            f"IDENTIFIER_KIND_{sent.get('kind', '').upper()}", IdentifierKind.Value("IDENTIFIER_KIND_UNSPECIFIED")
        )
        asked["subject"] = Identifier(kind=kind, value=sent["subject"])
    return audit_pb2.SearchAccessesRequest(**asked, **_period(sent))


def _period(sent: Mapping[str, str]) -> dict[str, Any]:
    """Basis and period: days of Asia/Shanghai, the last one included; empty: as the office takes it."""
    period: dict[str, Any] = {"basis": sent.get("basis", "")}
    for name, later in (("from", 0), ("to", 1)):
        if sent.get(name):
            try:
                day = date.fromisoformat(sent[name]) + timedelta(days=later)
            except (ValueError, OverflowError):
                raise Refused(VALUE_INVALID, field=name) from None
            period[name] = datetime.combine(day, time(), STATUTORY_ZONE)
    return period


def _cell(access: audit_pb2.Access, name: str) -> str:
    value = getattr(access, name)
    if isinstance(value, int):
        return str(value)
    return value.ToDatetime(tzinfo=STATUTORY_ZONE).isoformat() if name == "at" else harmless(str(value))

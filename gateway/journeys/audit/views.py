"""The auditor's questions and matters for programs. A question is sent as a body, never as an address."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Depends
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from chengxin.audit.v1 import audit_pb2, misuse_pb2, questions_pb2
from gateway.counter import ActingStaff, Staff, ThingId, on_duty_as
from gateway.journeys.audit.questions import ACCESSES, LOOKS, QUESTIONS, ask, exported
from gateway.journeys.looks.views import EntryId, Source
from gateway.messages import read, shows
from gateway.problems import gives
from gateway.routers import rest_router
from gateway.strict_json import Sent

router = rest_router("/staff/audit", "staff", Depends(on_duty_as("auditor")))
Code = Annotated[str, Field(max_length=100)]
Said = Annotated[str, Field(min_length=1, max_length=2000)]


class AuditQuestion(Sent):
    """A question about a period. What is left out counts as any."""

    basis: Code = Field("", description="Number of the audit; about one party, and for all but a search, it is needed")
    since: date | None = Field(None, description="First day, Asia/Shanghai")
    until: date | None = Field(None, description="Last day, Asia/Shanghai")
    authority: Code = Field("", description="USCC; only this authority")

    def texts(self, question: str = "") -> dict[str, str]:
        """The same as a form sends it."""
        texts = {name: str(value or "") for name, value in self}
        return {**texts, "question": question, "from": texts["since"], "to": texts["until"]}


class LooksQuestion(AuditQuestion):
    """What an authority looked at; with `officer` only that official of it."""

    officer: Code = Field("", description="The official, as the authority declares it")


class AccessSearch(AuditQuestion):
    """Which accesses are looked for. What is left out counts as any."""

    purpose: Code = Field("", description="Only this purpose")
    decision: Literal["", "answered", "changed", "refused"] = Field("", description="Only this decision")
    kind: Literal["", "uscc", "resident_id", "residence_permit", "passport"] = Field(
        "", description="Kind of `subject`"
    )
    subject: Code = Field("", description="Only about this party")


class MisuseText(Sent):
    """What is said: the report, the note of who takes it up, or the answer."""

    text: Said = Field(description="The text")


class MisuseDecision(MisuseText):
    """The decision on a report, with its reasons as `text`."""

    upheld: bool = Field(description="True when it was misuse")


@router.post("/accesses/search", **shows(audit_pb2.SearchAccessesResponse, 400, 401, 403, 409))
async def search_accesses(me: ActingStaff, sent: AccessSearch) -> BaseModel:
    """Search accesses, newest first. This search is an entry itself."""
    return read(await ask(me, sent.texts(ACCESSES)))


def _offer(question: str) -> None:
    """Offer one question as an operation of its own, under its method's name with hyphens."""
    name = re.sub("(?<!^)(?=[A-Z])", "-", question).lower()

    async def about_looks(me: ActingStaff, sent: LooksQuestion) -> Any:
        return read(await ask(me, sent.texts(question)))

    async def about_all(me: ActingStaff, sent: AuditQuestion) -> Any:
        return read(await ask(me, sent.texts(question)))

    router.add_api_route(
        f"/questions/{name}",
        about_looks if question == LOOKS else about_all,
        methods=["POST"],
        operation_id=name.replace("-", "_"),
        summary=f"Ask {name.replace('-', ' ')}",
        description="As `chengxin audit ask`; docs/auditing.md has the rules. The question is an entry itself.",
        **shows(getattr(questions_pb2, f"{question}Response"), 400, 401, 403, 429, 502, 503, 504),
    )


for offered in QUESTIONS:
    if offered != ACCESSES:
        _offer(offered)


@router.post(
    "/accesses/export", response_class=StreamingResponse, responses=gives("text/csv", 400, 401, 403, 429, 502, 503, 504)
)
async def export_accesses(me: ActingStaff, sent: AuditQuestion) -> StreamingResponse:
    """The log's entries of a period as CSV, without private parts. The export is an entry itself."""
    return await exported(me, sent.texts())


@router.post(
    "/accesses/{source}/{entry_id}/report",
    status_code=201,
    **shows(misuse_pb2.ReportMisuseResponse, 400, 401, 403, 404),
)
async def report_misuse(me: ActingStaff, source: Source, entry_id: EntryId, sent: MisuseText) -> BaseModel:
    """Open a matter about an entry. The same report again gives the same matter."""
    return read(await me.ask_about(misuse_pb2.ReportMisuseRequest(source=source, entry_id=entry_id, report=sent.text)))


@router.get("/matters", **shows(misuse_pb2.ListMisuseResponse, 401, 403))
async def list_matters(me: Staff) -> BaseModel:
    """List reports of misuse that are not answered yet."""
    return read(await me.ask(misuse_pb2.ListMisuseRequest(open_only=True)))


@router.get("/matters/{matter_id}", **shows(misuse_pb2.GetMisuseResponse, 401, 403, 404))
async def get_matter(me: Staff, matter_id: ThingId) -> BaseModel:
    """One report of misuse with its steps."""
    return read(await me.ask_about(misuse_pb2.GetMisuseRequest(matter_id=matter_id)))


@router.post("/matters/{matter_id}/taking-up", **shows(misuse_pb2.TakeUpMisuseResponse, 400, 401, 403, 404, 409))
async def take_up_matter(me: ActingStaff, matter_id: ThingId, sent: MisuseText) -> BaseModel:
    """Take a report up."""
    return read(await me.ask_about(misuse_pb2.TakeUpMisuseRequest(matter_id=matter_id, note=sent.text)))


@router.post("/matters/{matter_id}/decision", **shows(misuse_pb2.DecideMisuseResponse, 400, 401, 403, 404, 409))
async def decide_matter(me: ActingStaff, matter_id: ThingId, sent: MisuseDecision) -> BaseModel:
    """Decide a report: an auditor who neither made it nor took it up."""
    asked = misuse_pb2.DecideMisuseRequest(matter_id=matter_id, reasons=sent.text, upheld=sent.upheld)
    return read(await me.ask_about(asked))


@router.post("/matters/{matter_id}/answer", **shows(misuse_pb2.AnswerMisuseResponse, 400, 401, 403, 404, 409))
async def answer_matter(me: ActingStaff, matter_id: ThingId, sent: MisuseText) -> BaseModel:
    """Answer the reporter, which ends the matter."""
    return read(await me.ask_about(misuse_pb2.AnswerMisuseRequest(matter_id=matter_id, answer=sent.text)))

"""Pages: the auditor's questions, an entry to be reported, matters of misuse and their steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData

from chengxin.audit.v1 import misuse_pb2
from foundation.reasons import VALUE_REQUIRED
from foundation.refusal import Kind, Refused
from gateway.counter import Staff, ThingId, on_duty_as
from gateway.journeys.audit.questions import QUESTIONS, ask, exported
from gateway.journeys.looks.views import EntryId, Source
from gateway.pages import SentForm, ThePage
from gateway.problems import KINDS
from gateway.routers import page_router

pages = page_router("/staff/audit", Depends(on_duty_as("auditor")))
_MENDED_IN_THE_FORM = (Kind.INVALID, Kind.PRECONDITION, Kind.CONFLICT, Kind.DENIED)


@dataclass(frozen=True)
class _Desk:
    """The auditor at work."""

    page: ThePage
    me: Staff

    async def matter(self, matter_id: str) -> misuse_pb2.GetMisuseResponse:
        """A report of misuse. Raises Refused(NOT_FOUND)."""
        return await self.me.ask_about(misuse_pb2.GetMisuseRequest(matter_id=matter_id))

    def show(self, template: str, error: Refused | None = None, **values: Any) -> HTMLResponse:
        """A page with a form; with an error that another value mends, or the error itself."""
        if error is None:
            return self.page.show(template, refused=None, **values)
        if error.reason.kind not in _MENDED_IN_THE_FORM:
            raise error
        field = error.field.removeprefix("question.").partition(".")[0]
        field = "said" if field in ("note", "reasons", "answer", "report") else field
        refused = {"field": field, "reason": error.reason.code, "message": error.message}
        return self.page.show(template, status=KINDS[error.reason.kind][0], refused=refused, **values)


Desk = Annotated[_Desk, Depends()]


@pages.get("")
async def start(desk: Desk) -> HTMLResponse:
    """The form of all questions."""
    return desk.show("audit/questions.html", questions=QUESTIONS, sent={}, answer=None)


@pages.post("")
async def question(desk: Desk, form: SentForm) -> HTMLResponse:
    """The answer below the question. Nothing of it stands in an address, so that none keeps it."""
    sent = _texts(form)
    try:
        answer = await ask(desk.me, sent)
    except Refused as error:
        return desk.show("audit/questions.html", error, questions=QUESTIONS, sent=sent, answer=None)
    return desk.show("audit/questions.html", questions=QUESTIONS, sent=sent, answer=answer)


@pages.post("/export")
async def export(desk: Desk, form: SentForm) -> Response:
    """The log's entries of the period as CSV, for the auditor to keep."""
    sent = _texts(form)
    try:
        return await exported(desk.me, sent)
    except Refused as error:
        return desk.show("audit/questions.html", error, questions=QUESTIONS, sent=sent, answer=None)


@pages.get("/matters")
async def matters(desk: Desk) -> HTMLResponse:
    """Reports of misuse."""
    answer = await desk.me.ask(misuse_pb2.ListMisuseRequest())
    return desk.page.show("audit/matters.html", matters=answer.matters, receipt=answer.receipt)


@pages.get("/matters/{matter_id}")
async def matter(desk: Desk, matter_id: ThingId) -> HTMLResponse:
    """One report with its steps, and the step that is due."""
    known = await desk.matter(matter_id)
    return desk.show("audit/matter.html", matter=known.matter, receipt=known.receipt, sent={})


@pages.post("/matters/{matter_id}")
async def step(desk: Desk, matter_id: ThingId, form: SentForm) -> Response:
    """Take the step that is due: take up, decide or answer. A second click finds it taken."""
    known, sent = await desk.matter(matter_id), _texts(form)
    if sent.get("state") == str(known.matter.state):
        try:
            await _step(desk, known.matter, sent)
        except Refused as error:
            return desk.show("audit/matter.html", error, matter=known.matter, receipt=known.receipt, sent=sent)
    return RedirectResponse(f"/staff/audit/matters/{matter_id}", 303)


@pages.get("/report/{source}/{entry_id}")
async def entry(desk: Desk, source: Source, entry_id: EntryId) -> HTMLResponse:
    """The form that opens a matter about an entry."""
    return desk.show("audit/report.html", source=source, entry_id=entry_id, sent={})


@pages.post("/report/{source}/{entry_id}")
async def report(desk: Desk, source: Source, entry_id: EntryId, form: SentForm) -> Response:
    """Open a matter; the same report again gives the same matter."""
    sent = _texts(form)
    asked = misuse_pb2.ReportMisuseRequest(source=source, entry_id=entry_id, report=sent.get("said", ""))
    try:
        answer = await desk.me.ask(asked)
    except Refused as error:
        return desk.show("audit/report.html", error, source=source, entry_id=entry_id, sent=sent)
    return RedirectResponse(f"/staff/audit/matters/{answer.matter.matter_id}", 303)


async def _step(desk: _Desk, matter: misuse_pb2.MisuseMatter, sent: dict[str, str]) -> None:
    said, which = sent.get("said", ""), {"matter_id": matter.matter_id}
    if matter.state == misuse_pb2.MISUSE_STATE_REPORTED:
        await desk.me.ask(misuse_pb2.TakeUpMisuseRequest(note=said, **which))
    elif matter.state == misuse_pb2.MISUSE_STATE_TAKEN_UP:
        if sent.get("upheld") not in ("yes", "no"):
            raise Refused(VALUE_REQUIRED, field="upheld")
        upheld = sent["upheld"] == "yes"
        await desk.me.ask(misuse_pb2.DecideMisuseRequest(reasons=said, upheld=upheld, **which))
    else:
        await desk.me.ask(misuse_pb2.AnswerMisuseRequest(answer=said, **which))


def _texts(form: FormData) -> dict[str, str]:
    return {name: str(value).strip() for name, value in form.items()}

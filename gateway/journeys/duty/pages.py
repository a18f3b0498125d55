"""Pages: the repair officer's queue, one application and its steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData

from chengxin.repair.v1 import repair_pb2 as contract
from chengxin.repair.v1.desk_pb2 import ExamineApplicationRequest
from foundation.reasons import VALUE_REQUIRED
from foundation.refusal import Kind, Refused
from gateway.counter import Staff, ThingId, on_duty_as
from gateway.pages import SentForm, ThePage
from gateway.routers import page_router

pages = page_router("/staff/repair", Depends(on_duty_as("repair_officer")))
_MENDED_IN_THE_FORM = (Kind.INVALID, Kind.PRECONDITION, Kind.CONFLICT)
_STANDS_AFTER = {
    "accept": ("ACCEPTED",),
    "missing": ("NOT_ACCEPTED",),
    "extend": ("EXTENDED",),
    "grant": ("GRANTED", "CARRIED_OUT"),
    "refuse": ("REFUSED",),
}
"""Where an application stands after each outcome of the forms."""


@dataclass(frozen=True)
class _Case:
    """The application that a request is about."""

    page: ThePage
    me: Staff
    application_id: ThingId

    async def shown(self) -> dict[str, Any]:
        """The application beside its record, the rules and the evidence."""
        answer = await self.me.ask_about(ExamineApplicationRequest(application_id=self.application_id))
        return {field.name: getattr(answer, field.name) for field in answer.DESCRIPTOR.fields}

    async def taken(self, form: FormData, asked: Any, *, lacks: str = "") -> Response:
        """Take the step and show the application as it stands; or the form again, which `lacks` a field."""
        after = RedirectResponse(f"/staff/repair/{self.application_id}", 303)
        try:
            if lacks:
                raise Refused(VALUE_REQUIRED, field=lacks)
            await self.me.ask_about(asked)
        except Refused as refused:
            return await self._again(form, refused) or after
        return after

    async def _again(self, form: FormData, error: Refused) -> Response | None:
        """The form again with what was typed; None after a second click on what is done already."""
        if error.reason.kind not in _MENDED_IN_THE_FORM:
            raise error
        shown = await self.shown()
        stands = contract.ApplicationState.Name(shown["application"].state).removeprefix("APPLICATION_STATE_")
        if stands in _STANDS_AFTER.get(str(form.get("outcome")), ()):
            return None
        field = "extension" if form.get("outcome") == "extend" else error.field.partition("[")[0]
        refused = {"field": field, "reason": error.reason.code, "message": error.message}
        status = 400 if error.reason.kind is Kind.INVALID else 409
        return self.page.show("duty/application.html", status=status, **shown, sent=dict(form), refused=refused)


Case = Annotated[_Case, Depends()]


@pages.get("")
async def queue(page: ThePage, me: Staff) -> HTMLResponse:
    """What waits at the officer's authority, next deadline first."""
    answer = await me.ask(contract.ListApplicationsRequest())
    return page.show("duty/queue.html", applications=answer.applications, receipt=answer.receipt)


@pages.get("/{application_id}")
async def application(case: Case) -> HTMLResponse:
    """One application beside its record, the rules and the evidence; the step that is due."""
    return case.page.show("duty/application.html", **await case.shown(), sent={}, refused=None)


@pages.post("/{application_id}/acceptance")
async def accept(case: Case, form: SentForm) -> Response:
    """Accept, or name what is missing, one item a line."""
    outcome = form.get("outcome")
    lines = [line.strip() for line in str(form.get("missing", "")).splitlines() if line.strip()]
    asked = contract.AcceptApplicationRequest(
        application_id=case.application_id, missing=lines if outcome == "missing" else []
    )
    lacks = (
        "outcome" if outcome not in ("accept", "missing") else "missing" if outcome == "missing" and not lines else ""
    )
    return await case.taken(form, asked, lacks=lacks)


@pages.post("/{application_id}/extension")
async def extend(case: Case, form: SentForm) -> Response:
    """Put the last day of the decision off."""
    reasons = str(form.get("extension", ""))
    return await case.taken(form, contract.ExtendDecisionRequest(application_id=case.application_id, reasons=reasons))


@pages.post("/{application_id}/decision")
async def decide(case: Case, form: SentForm) -> Response:
    """Grant or refuse, with reasons and how it was verified."""
    outcome = form.get("outcome")
    texts = {name: str(form.get(name, "")) for name in ("reasons", "verification")}
    asked = contract.DecideApplicationRequest(application_id=case.application_id, grant=outcome == "grant", **texts)
    lacks = "" if outcome in ("grant", "refuse") else "outcome"
    return await case.taken(form, asked, lacks=lacks)

"""Pages: one form to apply for the repair of several records, read once more before it is sent.

What was typed is kept sealed beside the session until it has been sent, so that going back loses nothing; a hidden key
makes the same form give the same applications, however often it is sent.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData

from chengxin.catalog.v1.sharing_pb2 import ListOwnRecordsRequest
from chengxin.repair.v1 import repair_pb2 as contract
from foundation.reasons import NOT_FOUND
from foundation.refusal import Refused
from gateway.counter import TheCounter, Visitor, session_token
from gateway.offices import OfficeRefused, Voice
from gateway.pages import Page, SentForm, ThePage
from gateway.routers import page_router
from gateway.seal import new_token
from gateway.sessions import IDLE, Session

LONGEST = 4000
"""Longest account of the correction, characters. Source: contract, SubmitApplicationRequest."""
_KEPT = "repair-draft"

pages = page_router("/me/repair")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What has been chosen and typed. `key` is random and names the sending."""

    records: list[str] = field(default_factory=list)
    correction: str = field(default="", repr=False)
    commitment: bool = False
    key: str = field(default_factory=new_token)

    @classmethod
    def of(cls, form: FormData) -> Draft:
        """Read it from a form. Browsers send lines that end in CRLF, which count as one character here."""
        return cls(
            records=list(dict.fromkeys(str(value) for value in form.getlist("record"))),
            correction=str(form.get("correction", "")).replace("\r\n", "\n"),
            commitment=form.get("commitment") == "yes",
            key=str(form.get("key", "")) or new_token(),
        )

    @property
    def wrong(self) -> list[str]:
        """The fields that something is wrong with."""
        right = {
            "record": bool(self.records),
            "correction": bool(self.correction.strip()) and len(self.correction) <= LONGEST,
            "commitment": self.commitment,
        }
        return [name for name, is_right in right.items() if not is_right]

    def request(self, record_id: str) -> contract.SubmitApplicationRequest:
        """The application about one of the records."""
        return contract.SubmitApplicationRequest(
            record_id=record_id,
            correction=self.correction,
            commitment=self.commitment,
            idempotency_key=hashlib.sha256(f"{self.key} {record_id}".encode()).hexdigest(),
        )


@pages.get("")
async def repair(
    request: Request, page: ThePage, counter: TheCounter, me: Visitor, record: Annotated[str, Query(max_length=64)] = ""
) -> HTMLResponse:
    """For which records I may apply, and the form, with what was typed before."""
    kept = await counter.store.get(_KEPT, session_token(request, counter))
    draft = Draft(**kept) if kept else Draft()
    if record:
        draft = replace(draft, records=list(dict.fromkeys([*draft.records, record])))
    return await _form(page, me, draft)


@pages.post("")
async def keep(request: Request, page: ThePage, counter: TheCounter, me: Visitor, form: SentForm) -> Any:
    """Keep what was typed, and go on to read it once more."""
    draft, own = Draft.of(form), await _own(me)
    if not own.keys() >= set(draft.records):
        raise Refused(NOT_FOUND)
    await counter.store.put(_KEPT, session_token(request, counter), asdict(draft), life=IDLE)
    if draft.wrong:
        return await _form(page, me, draft, wrong=draft.wrong)
    return RedirectResponse("/me/repair/check", 303)


@pages.get("/check")
async def check(request: Request, page: ThePage, counter: TheCounter, me: Visitor) -> HTMLResponse:
    """What would be sent, to be read once more; the form where there is nothing, or something is wrong."""
    kept = await counter.store.get(_KEPT, session_token(request, counter))
    draft, own = Draft(**kept) if kept else Draft(), await _own(me)
    if draft.wrong or not own.keys() >= set(draft.records):
        return await _form(page, me, draft)
    return page.show("repair/check.html", draft=draft, records=[own[record_id] for record_id in draft.records])


@pages.post("/submit")
async def submit(request: Request, page: ThePage, counter: TheCounter, me: Visitor, form: SentForm) -> Any:
    """Hand in one application for each record; those that an office refuses are named above the form."""
    draft = Draft.of(form)
    if draft.wrong:
        return await _form(page, me, draft, wrong=draft.wrong)
    refused: dict[str, OfficeRefused] = {}
    for record_id in draft.records:
        try:
            await me.ask_about(draft.request(record_id))
        except OfficeRefused as refusal:
            refused[record_id] = refusal
    if refused:
        return await _form(page, me, draft, refused=refused)
    await counter.store.drop(_KEPT, session_token(request, counter))
    return RedirectResponse(f"/me/repair/submitted?new={len(draft.records)}", 303)


@pages.get("/submitted")
async def submitted(page: ThePage, me: Visitor, new: Annotated[int, Query(ge=1, le=200)] = 1) -> HTMLResponse:
    """The reference numbers of the newest so many, and what happens next."""
    answer, own = await asyncio.gather(me.ask(contract.ListApplicationsRequest()), _own(me))
    newest = sorted(answer.applications, key=lambda one: one.submitted_at.ToNanoseconds(), reverse=True)[:new]
    if not newest:
        raise Refused(NOT_FOUND)
    return page.show("repair/submitted.html", applications=newest, own=own)


async def _form(
    page: Page,
    me: Voice[Session],
    draft: Draft,
    *,
    wrong: list[str] | None = None,
    refused: Mapping[str, OfficeRefused] | None = None,
) -> HTMLResponse:
    own = await _own(me)
    asked = [record for record in own.values() if record.severity and not record.end_reason]
    answers = await asyncio.gather(
        *(me.ask_about(contract.CheckEligibilityRequest(record_id=record.record_id)) for record in asked)
    )
    values: dict[str, Any] = {"wrong": wrong or [], "refused": refused or {}, "longest": LONGEST}
    status = 409 if refused else 400 if wrong else 200
    judged = list(zip(asked, answers, strict=True))
    return page.show("repair/form.html", status=status, draft=draft, own=own, judged=judged, **values)


async def _own(me: Voice[Session]) -> dict[str, Any]:
    """The party's records by id."""
    answer = await me.ask(ListOwnRecordsRequest())
    return {held.record.record_id: held.record for held in answer.records}

"""Pages: who looked at me, the proof of each look, and what became of the looks that I reported."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse

from chengxin.audit.v1 import audit_pb2 as contract
from chengxin.audit.v1 import misuse_pb2 as misuse
from chengxin.catalog.v1.catalog_pb2 import ListCatalogItemsRequest
from foundation.reasons import NOT_FOUND
from foundation.refusal import Refused
from gateway.counter import ThingId, Visitor
from gateway.journeys.looks.views import EntryId, Source
from gateway.offices import Voice
from gateway.pages import SentForm, ThePage
from gateway.qr import code_of
from gateway.routers import page_router
from gateway.sessions import Session

PAGE = 25
"""Looks on one page."""
LONGEST = 2000
"""Longest report, characters. Source: contract, ReportMisuseRequest."""
HOUSE = ("Sweeper.", "Eraser.", "RepairWorker.", "ListingWorker.")
"""How the kinds of entries begin that the house makes by itself."""

pages = page_router("/me")


def who(look: contract.Access) -> str:
    """Whose entry it is: `own`, `desk` (own, through a clerk), `house` or `authority`."""
    if look.purpose == "own":
        return "desk" if look.assisted else "own"
    return "house" if look.kind.startswith(HOUSE) else "authority"


@pages.get("/looks")
async def looks(
    page: ThePage, me: Visitor, number: Annotated[int, Query(alias="page", ge=1, le=40)] = 1
) -> HTMLResponse:
    """Who looked, newest first."""
    found, titles = await _found(me)
    part = found[(number - 1) * PAGE : number * PAGE]
    last = max(1, -(-len(found) // PAGE))
    return page.show("looks/looks.html", looks=part, total=len(found), number=number, last=last, who=who, titles=titles)


@pages.get("/looks/{source}/{entry_id}")
async def look(page: ThePage, me: Visitor, source: Source, entry_id: EntryId) -> HTMLResponse:
    """One look with its proof."""
    return await _look(page, me, source, entry_id)


@pages.get("/looks/{source}/{entry_id}/receipt.txt")
async def receipt(me: Visitor, source: Source, entry_id: EntryId) -> PlainTextResponse:
    """The receipt as a file."""
    name = f"receipt-{source}-{entry_id}.txt"
    text = await _receipt(me, source, entry_id)
    return PlainTextResponse(text, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@pages.post("/looks/{source}/{entry_id}/report")
async def report(page: ThePage, me: Visitor, form: SentForm, *, source: Source, entry_id: EntryId) -> Any:
    """Report the look as misuse; the same report again opens no second matter."""
    said = str(form.get("report", "")).replace("\r\n", "\n")
    if not said.strip() or len(said) > LONGEST:
        return await _look(page, me, source, entry_id, report=said, wrong=["report"])
    answer = await me.ask_about(misuse.ReportMisuseRequest(source=source, entry_id=entry_id, report=said))
    return RedirectResponse(f"/me/reports/{answer.matter.matter_id}", 303)


@pages.get("/reports")
async def reports(page: ThePage, me: Visitor) -> HTMLResponse:
    """The looks that I reported, and where each stands."""
    answer = await me.ask(misuse.ListMisuseRequest(page_size=1000))
    return page.show("looks/reports.html", matters=answer.matters)


@pages.get("/reports/{matter_id}")
async def one_report(page: ThePage, me: Visitor, matter_id: ThingId) -> HTMLResponse:
    """One report, step by step, to its answer."""
    answer = await me.ask_about(misuse.GetMisuseRequest(matter_id=matter_id))
    return page.show("looks/report.html", matter=answer.matter)


async def _look(
    page: ThePage, me: Voice[Session], source: str, entry_id: int, *, report: str = "", wrong: Any = ()
) -> HTMLResponse:
    found, titles = await _found(me)
    look = next((one for one in found if (one.source, one.entry_id) == (source, entry_id)), None)
    if look is None:
        raise Refused(NOT_FOUND)
    values: dict[str, Any] = {"proof": "", "vkey": "", "code": None}
    if look.log_index >= 0:
        values["proof"] = await _receipt(me, source, entry_id)
        values["code"] = code_of(values["proof"], page.counter.public_url)
        log = await me.offices.ask(contract.GetCheckpointRequest())
        values["vkey"] = log.vkey
    values |= {"look": look, "who": who(look), "titles": titles, "report": report, "wrong": wrong}
    return page.show("looks/look.html", status=400 if wrong else 200, longest=LONGEST, **values)


async def _receipt(me: Voice[Session], source: str, entry_id: int) -> str:
    return (await me.ask_about(contract.GetReceiptRequest(source=source, entry_id=entry_id))).receipt


async def _found(me: Voice[Session]) -> tuple[Any, dict[str, Any]]:
    """The looks at the party, newest first, and the catalog's items by code."""
    answer, catalog = await asyncio.gather(
        me.ask(contract.ListAccessesToSubjectRequest()), me.offices.ask(ListCatalogItemsRequest())
    )
    return answer.accesses, {item.code: item for item in catalog.items}

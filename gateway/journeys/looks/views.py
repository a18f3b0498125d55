"""Who looked at the signed-in party, and the proof that a look is in the log."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import BaseModel, Field

from chengxin.audit.v1 import audit_pb2 as contract
from chengxin.audit.v1 import misuse_pb2 as misuse
from gateway.counter import Acting, ThingId, Visitor
from gateway.messages import read, shows
from gateway.routers import rest_router
from gateway.strict_json import Sent

router = rest_router("/me", "looks")

Source = Annotated[
    Literal["catalog", "blacklist", "repair", "audit"], Path(description="The journal that holds the entry")
]
PageToken = Annotated[str, Query(max_length=200, description="next_page_token of the page before")]
EntryId = Annotated[int, Path(ge=1, lt=2**63, description="Entry id in that journal")]


class NewReport(Sent):
    """A report of a look as misuse."""

    report: str = Field(min_length=1, max_length=2000, description="What is wrong with the look")


@router.get("/accesses", **shows(contract.ListAccessesToSubjectResponse, 400, 401, 429, 502, 503, 504))
async def list_accesses(me: Visitor, page_token: PageToken = "") -> BaseModel:
    """List who looked at me, newest first, at most 1,000 at once. This look is an entry itself."""
    return read(await me.ask(contract.ListAccessesToSubjectRequest(page_token=page_token)))


@router.get(
    "/accesses/{source}/{entry_id}/receipt", **shows(contract.GetReceiptResponse, 400, 401, 404, 429, 502, 503, 504)
)
async def get_access_receipt(me: Visitor, source: Source, entry_id: EntryId) -> BaseModel:
    """Get the proof that a look at me is in the log."""
    return read(await me.ask_about(contract.GetReceiptRequest(source=source, entry_id=entry_id)))


@router.post(
    "/accesses/{source}/{entry_id}/report",
    status_code=201,
    **shows(misuse.ReportMisuseResponse, 400, 401, 403, 404, 413, 429, 502, 503, 504),
)
async def report_access(me: Acting, source: Source, entry_id: EntryId, new: NewReport) -> BaseModel:
    """Report a look at me as misuse. The same report again gives the same matter."""
    return read(await me.ask_about(misuse.ReportMisuseRequest(source=source, entry_id=entry_id, report=new.report)))


@router.get("/reports", **shows(misuse.ListMisuseResponse, 401, 429, 502, 503, 504))
async def list_reports(me: Visitor) -> BaseModel:
    """List the looks that I reported, and where each stands; at most 1,000."""
    return read(await me.ask(misuse.ListMisuseRequest(page_size=1000)))


@router.get("/reports/{matter_id}", **shows(misuse.GetMisuseResponse, 401, 404, 429, 502, 503, 504))
async def get_report(me: Visitor, matter_id: ThingId) -> BaseModel:
    """Follow one of my reports to its answer."""
    return read(await me.ask_about(misuse.GetMisuseRequest(matter_id=matter_id)))

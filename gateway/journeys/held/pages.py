"""Pages: what is held about me, and the certificate that sharing of a record has ended."""

from __future__ import annotations

from typing import Any

from fastapi.responses import HTMLResponse

from chengxin.catalog.v1.catalog_pb2 import GetCatalogItemRequest
from chengxin.catalog.v1.sharing_pb2 import GetWithdrawalCertificateRequest, ListOwnRecordsRequest
from foundation.reasons import NOT_FOUND
from foundation.refusal import Refused
from gateway.counter import ThingId, Visitor
from gateway.pages import ThePage
from gateway.qr import code_of
from gateway.routers import page_router

pages = page_router("/me/records")


@pages.get("")
async def records(page: ThePage, me: Visitor) -> HTMLResponse:
    """Everything held about me: shared now, and ended."""
    answer = await me.ask(ListOwnRecordsRequest())
    return page.show("held/records.html", records=answer.records, receipt=answer.receipt)


@pages.get("/{record_id}")
async def record(page: ThePage, me: Visitor, record_id: ThingId) -> HTMLResponse:
    """One record: what, by whom, on what document, since and until when, who may see it and why."""
    answer = await me.ask(ListOwnRecordsRequest())
    held: Any = next((held for held in answer.records if held.record.record_id == record_id), None)
    if held is None:
        raise Refused(NOT_FOUND)
    item = (await me.offices.ask(GetCatalogItemRequest(code=held.record.item_code, on=held.record.determined_on))).item
    titles = {field.name: field.title for field in item.fields}
    return page.show("held/record.html", record=held.record, fields=held.fields, item=item, titles=titles)


@pages.get("/{record_id}/certificate")
async def certificate(page: ThePage, me: Visitor, record_id: ThingId) -> HTMLResponse:
    """The signed certificate that sharing has ended, with every receiver."""
    answer = await me.ask_about(GetWithdrawalCertificateRequest(record_id=record_id))
    code = code_of(answer.text, page.counter.public_url)
    return page.show("held/certificate.html", record_id=record_id, certificate=answer, code=code)

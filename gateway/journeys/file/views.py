"""Everything about the signed-in party as one JSON document: what is held, who looked, what it applied for."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field, create_model

from chengxin.audit.v1 import audit_pb2 as audit
from chengxin.audit.v1 import misuse_pb2 as misuse
from chengxin.catalog.v1 import sharing_pb2 as sharing
from chengxin.catalog.v1.catalog_pb2 import ListCatalogItemsRequest
from chengxin.repair.v1 import repair_pb2 as repair
from gateway.counter import Visitor
from gateway.journeys.looks.pages import who
from gateway.messages import model, read
from gateway.offices import Voice
from gateway.pages import Page, ThePage, language_of, texts
from gateway.pdf import pressed
from gateway.problems import answers
from gateway.routers import rest_router
from gateway.sessions import Session

MOST_PAGES = 5
"""Pages of 1,000 looks in one file: what a PDF can be made of while somebody waits for it."""
WITHHELD = ("ENDED_CONTENT", "ERASED", "COURT_ORDERS", "OFFICIALS")
"""What no file can show. Sources: docs/architecture.md, The end of sharing; law/archive.yaml."""

router = rest_router("/me", "file")


class About(BaseModel):
    """Whom the file is about."""

    name: str = Field(description="Name as the identity provider gave it")
    identifier_kind: str = Field(description="Kind of the identifier: uscc, resident_id, residence_permit or passport")
    identifier: str = Field(description="The identifier")


_PARTS = {
    "records": (sharing.ListOwnRecordsResponse, "What is held: shared now with all fields, ended with its dates"),
    "looks": (audit.ListAccessesToSubjectResponse, "Who looked, newest first, as of its receipt, at most 5,000"),
    "applications": (repair.ListApplicationsResponse, "Applications for repair, at most 500"),
    "reports": (misuse.ListMisuseResponse, "Looks reported as misuse, at most 1,000"),
}
_FIELDS: dict[str, Any] = {
    "made_at": (datetime, Field(description="The instant of the last of its parts (house clock)")),
    "about": (About, Field(description="Whom it is about")),
    **{name: (model(message), Field(description=text)) for name, (message, text) in _PARTS.items()},
    "withheld": (dict[str, str], Field(description="What the file cannot show, by code, in the visitor's language")),
}
PartyFile = create_model(
    "PartyFile",
    __doc__="Everything about the signed-in party. Each part names the journal entry by which its making was logged.",
    __module__=__name__,
    **_FIELDS,
)


@router.get("/file", response_model=PartyFile, responses=answers(401, 429, 502, 503, 504))
async def get_file(request: Request, me: Visitor, response: Response) -> BaseModel:
    """Get everything about me as one file."""
    response.headers["Content-Disposition"] = 'attachment; filename="chengxin.json"'
    return party_file(request, me.session, await gathered(me))


class PdfResponse(Response):
    """A PDF to be kept."""

    media_type = "application/pdf"


@router.get("/file.pdf", response_class=PdfResponse, responses=answers(401, 429, 502, 503, 504))
async def get_file_pdf(page: ThePage, me: Visitor) -> Response:
    """Get everything about me as a PDF, in the language that is asked for."""
    shown = await on_a_page(page, me)
    made = await pressed(bytes(shown.body).decode())
    return PdfResponse(made, headers={"Content-Disposition": 'attachment; filename="chengxin.pdf"'})


async def on_a_page(page: Page, me: Voice[Session]) -> HTMLResponse:
    """Everything on one page that prints well, fields by the titles that the catalog gives them today."""
    items = await me.offices.ask(ListCatalogItemsRequest())
    titles = {item.code: {field.name: field.title for field in item.fields} for item in items.items}
    return page.show("file/file.html", person=me.session.person, titles=titles, who=who, **await gathered(me))


async def gathered(me: Voice[Session]) -> dict[str, Any]:
    """The parts of the file, as the offices give them now. The looks come last, and name the making of the others."""
    records, applications, reports = await asyncio.gather(
        me.ask(sharing.ListOwnRecordsRequest()),
        me.ask(repair.ListApplicationsRequest()),
        me.ask(misuse.ListMisuseRequest(page_size=1000)),
    )
    looks, asked = audit.ListAccessesToSubjectResponse(), audit.ListAccessesToSubjectRequest()
    for _ in range(MOST_PAGES):
        page = await me.ask(asked)
        looks.accesses.extend(page.accesses)
        if not looks.HasField("receipt"):  # The newest page's: the others only go further back.
            looks.receipt.CopyFrom(page.receipt)
        asked.page_token = looks.next_page_token = page.next_page_token
        if not page.next_page_token:
            break
    withheld = WITHHELD if not looks.next_page_token else (*WITHHELD, "OLDER_LOOKS")
    return {"records": records, "looks": looks, "applications": applications, "reports": reports, "withheld": withheld}


def party_file(request: Request, session: Session, parts: dict[str, Any]) -> BaseModel:
    """The file that these parts make."""
    words = texts(language_of(request))
    identifier = session.person.identifier
    about = About(
        name=session.person.name.reveal(), identifier_kind=identifier.kind.value, identifier=identifier.value.reveal()
    )
    read_parts: Any = {name: read(parts[name]) for name in _PARTS}
    read_parts["withheld"] = {code: words.pgettext("Withheld", code) for code in parts["withheld"]}
    return PartyFile(made_at=parts["looks"].receipt.as_of.ToDatetime(tzinfo=UTC), about=about, **read_parts)

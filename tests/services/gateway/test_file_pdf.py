"""Everything about me as a PDF: whole, readable and without anybody's markup."""

from __future__ import annotations

import re
from datetime import timedelta
from html import escape
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from chengxin.audit.v1 import audit_pb2 as audit
from chengxin.catalog.v1 import sharing_pb2 as sharing
from gateway.journeys.file.views import MOST_PAGES
from gateway.pdf import pdf, pressed
from tests.services.gateway.conftest import Browser, House
from tests.services.gateway.offices import NOW, RECEIPT
from tests.services.gateway.walking import Everything

HOSTILE = (
    '<b>&"',
    "<img src=x onerror=alert(1)>",
    "<para>",
    "</para><para>",
    "&lt;b&gt;",
    "<br/>",
    "]]>",
    "\x00\x1b[2J",
)


def squeezed(reader: PdfReader) -> str:
    """Its whole text without blanks, which are laid out anew."""
    return "".join("".join(page.extract_text().split()) for page in reader.pages)


def page(value: str, language: str) -> str:
    said = escape(value)
    return (
        f'<html lang="{language}"><head><title>T – A</title></head><main><h1>{said}</h1><p>{said}</p>'
        f"<dl><div><dt>{said}</dt><dd>{said}</dd></div></dl>"
        f"<table><thead><tr><th>{said}</th></tr></thead><tbody><tr><td>{said}</td></tr></tbody></table></main></html>"
    )


@pytest.fixture
def party(house: House, visitor: Browser) -> Browser:
    everything = Everything()
    everything.update(house.offices.answers)
    house.offices.answers = everything
    record = {"record_id": "rec-1", "item_title": "样例处罚", "severity": 2, "determined_on": "2026-01-05"}
    fields: Any = [{"name": "事由", "value": "长" * 4000 + "尾"}]
    held: Any = {"records": [{"record": record, "fields": fields}], "receipt": RECEIPT}
    house.offices.answers["ListOwnRecords"] = sharing.ListOwnRecordsResponse(**held)
    return visitor


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("value", HOSTILE)
def test_what_looks_like_markup_comes_out_as_text(value: str, language: str) -> None:
    shown = squeezed(PdfReader(BytesIO(pdf(page(f"甲{value}乙", language)))))
    expected = "".join(f"甲{value}乙".split())
    if value.isprintable():
        assert shown.count(expected) == 6, shown
    else:
        assert shown.count("甲") == 6


def test_a_rare_character_of_a_name_stands_as_its_code_point() -> None:
    shown = squeezed(PdfReader(BytesIO(pdf(page("\U00020bb7野样例", "zh-CN")))))
    assert shown.count("〔U+20BB7〕野样例") == 6


async def test_one_that_is_not_made_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.pdf.sys.executable", "/bin/false")
    with pytest.raises(RuntimeError, match="exit code 1"):
        await pressed(page("x", "en"))


async def test_it_is_whole_named_and_numbered(house: House, party: Browser) -> None:
    one: Any = {"source": "catalog", "kind": "SharingService.CheckSubject", "decision": "answered", "log_index": 1}
    looks: Any = [{**one, "entry_id": 700_000 + number, "at": NOW - timedelta(hours=number)} for number in range(60)]
    seen: Any = {"accesses": looks, "receipt": RECEIPT}
    house.offices.answers["ListAccessesToSubject"] = audit.ListAccessesToSubjectResponse(**seen)
    answer = await party.get("/me/file.pdf", headers={"Accept-Language": "zh"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["content-disposition"] == 'attachment; filename="chengxin.pdf"'
    reader = PdfReader(BytesIO(answer.content))
    shown = squeezed(reader)
    assert reader.metadata is not None
    assert reader.metadata.title == "关于我的全部信息"
    assert reader.metadata.author
    assert reader.root_object["/Lang"] == "zh-CN"
    assert shown.count("长") == 4000
    assert "尾" in shown
    assert all(str(700_000 + number) in shown for number in range(60))
    assert shown.count("日志编号") > 1  # the head of the table, again on the next page
    assert [page.extract_text().split()[0] for page in reader.pages] == [str(n + 1) for n in range(len(reader.pages))]
    english = PdfReader(BytesIO((await party.get("/api/v1/me/file.pdf?lang=en")).content))
    assert english.metadata is not None
    assert english.metadata.title == "Everything about me"


async def test_looks_come_from_all_pages_and_the_file_says_where_it_stops(house: House, party: Browser) -> None:
    one: Any = {"source": "catalog", "kind": "SharingService.CheckSubject", "decision": "answered", "log_index": 1}
    page: Any = {"accesses": [{**one, "entry_id": 7, "at": NOW}], "receipt": RECEIPT}
    house.offices.answers["ListAccessesToSubject"] = audit.ListAccessesToSubjectResponse(**page)
    whole = (await party.get("/api/v1/me/file", headers={"Accept-Language": "en"})).json()
    assert (len(whole["looks"]["accesses"]), "OLDER_LOOKS" in whole["withheld"]) == (1, False)
    assert "destroyed" in whole["withheld"]["ENDED_CONTENT"]
    house.offices.answers["ListAccessesToSubject"] = audit.ListAccessesToSubjectResponse(**page, next_page_token="more")
    endless = (await party.get("/api/v1/me/file", headers={"Accept-Language": "zh"})).json()
    assert (len(endless["looks"]["accesses"]), endless["looks"]["next_page_token"]) == (MOST_PAGES, "more")
    assert "/api/v1/me/accesses" in endless["withheld"]["OLDER_LOOKS"]
    assert "密钥" in endless["withheld"]["ENDED_CONTENT"]
    asked = [one.request.page_token for one in house.offices.asked if one.method == "ListAccessesToSubject"]
    assert asked == ["", "", *["more"] * (MOST_PAGES - 1)]


async def test_a_long_table_is_whole_and_its_head_comes_again() -> None:
    rows = "".join(f"<tr><th>when</th><td>number {1000 + number}</td></tr>" for number in range(450))
    table = f"<main><table><thead><tr><th>A</th><th>B</th></tr></thead><tbody>{rows}</tbody></table></main>"
    reader = PdfReader(BytesIO(pdf(f'<html lang="en"><title>t – a</title>{table}</html>')))
    shown = "\n".join(page.extract_text() for page in reader.pages)
    assert [str(1000 + number) for number in range(450)] == re.findall(r"number\s+(\d+)", shown)

"""Pages for everybody: what comes from offices and from typed fields stays text, in HTML, in addresses and in files."""

from __future__ import annotations

import csv
from html import unescape
from io import StringIO
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chengxin.audit.v1 import audit_pb2 as audit
from chengxin.blacklist.v1 import blacklist_pb2 as blacklist
from chengxin.catalog.v1 import catalog_pb2 as catalog
from chengxin.catalog.v1 import sharing_pb2 as sharing
from chengxin.common.v1 import statistics_pb2 as statistics
from chengxin.proofs import note, receipt
from chengxin.proofs.checkpoint import Checkpoint, sign_checkpoint
from chengxin.proofs.merkle import inclusion_proof, leaf_hash, root_from_leaf_hashes
from foundation.refusal import Kind, Reason, Refused, Wording
from tests.services.gateway.conftest import PERSON_NUMBER, Browser, House
from tests.unit.proofs.test_receipts import JOURNAL_ENTRY

HTML = {"Accept": "text/html"}
XSS = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
HOSTILE = [
    XSS,
    '=HYPERLINK("http://x")',
    "{{ 7*7 }}{% include 'layout.html' %}",
    "../../../etc/passwd",
    "样\u202e例\u200b\u0000\ufeff",
    "%00%0d%0aSet-Cookie: a=b",
    "x" * 5000,
    "\ud7ff\uffff𠮷👩‍👩‍👧",
]
FIELDS = ["item_code", "name", "identifier", "determining_authority", "division", "determined_from", "determined_until"]
PAGES = ["/about", "/public/records", "/public/catalog", "/public/measures", "/public/schemes", "/public/statistics"]


def sound(text: str) -> None:
    """Nothing of what was typed or stored became markup."""
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "49{" not in text


async def test_a_page_is_sent_again_only_when_it_has_changed(browser: Browser) -> None:
    for path in PAGES:
        first = await browser.get(path, headers=HTML)
        assert first.status_code == 200, path
        assert first.headers["content-type"].startswith("text/html")
        again = await browser.get(path, headers={**HTML, "If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_a_page_with_somebodys_token_is_kept_nowhere(visitor: Browser) -> None:
    page = await visitor.get("/about", headers=HTML)
    assert page.headers["cache-control"] == "no-store"
    assert "etag" not in page.headers


async def test_hostile_searches_stay_text(house: House, browser: Browser) -> None:
    house.offices.answers["ListPublicRecords"] = Refused(
        Reason("VALUE_INVALID", Kind.INVALID, Wording("No.", "No.", "test")), field="name"
    )
    for typed in HOSTILE:
        page = await browser.post("/public/records", data=dict.fromkeys(FIELDS, typed), headers=HTML)
        assert page.status_code == 400
        assert 'id="name-error"' in page.text
        sound(page.text)
        for field in FIELDS:
            asked = await browser.get("/public/records", params={field: typed}, headers=HTML)
            assert asked.status_code == 400, field
            sound(asked.text)


async def test_a_search_for_a_person_is_explained_and_never_reaches_an_address(house: House, browser: Browser) -> None:
    house.offices.answers["ListPublicRecords"] = Refused(
        Reason("PERSON_NOT_SEARCHED", Kind.DENIED, Wording("Not searched.", "No.", "test")), field="identifier"
    )
    page = await browser.post("/public/records", data={"identifier": PERSON_NUMBER}, headers=HTML)
    assert (page.status_code, page.headers.get("location")) == (400, None)
    assert 'id="identifier-error"' in page.text
    assert f'value="{PERSON_NUMBER}"' in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_what_may_be_searched_goes_to_an_address_that_can_be_kept(house: House, browser: Browser) -> None:
    typed = {"name": "样例&企业 有限公司", "division": "43", "determined_from": "2026-01-05", "identifier": ""}
    sent = await browser.post("/public/records", data=typed)
    assert sent.status_code == 303
    page = await browser.get(sent.headers["location"], headers=HTML)
    assert page.status_code == 200
    asked = house.offices.last("ListPublicRecords").request
    assert (asked.name, asked.division, asked.determined_from) == ("样例&企业 有限公司", "43", "2026-01-05")
    following = unescape(page.text.split('govuk-pagination__link" href="')[1].split('"')[0])
    await browser.get(following, headers=HTML)
    assert house.offices.last("ListPublicRecords").request.page_token == "next"
    assert house.offices.last("ListPublicRecords").request.name == "样例&企业 有限公司"


def figures(**one: Any) -> statistics.GetStatisticsResponse:
    """One figure, as an office gives it."""
    return statistics.GetStatisticsResponse(figures=[statistics.Figure(**one)])


def _published(text: str) -> sharing.ListPublicRecordsResponse:
    shown = {field.name: text for field in sharing.PublicRecord.DESCRIPTOR.fields}
    return sharing.ListPublicRecordsResponse(
        records=[sharing.PublicRecord(**{**shown, "determined_on": "", "ends_before": ""})]
    )


async def test_no_cell_of_a_file_is_a_formula(house: House, browser: Browser) -> None:
    for stored in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", XSS, "123456789012345678"):
        house.offices.answers["ListPublicRecords"] = _published(stored)
        file = await browser.get("/public/records.csv")
        assert file.headers["content-type"] == "text/csv; charset=utf-8"
        assert file.headers["content-disposition"] == 'attachment; filename="public-records.csv"'
        head, row = csv.reader(StringIO(file.content.decode("utf-8-sig"), newline=""))
        assert head[0] == "item_code"
        assert row[2] == (stored if stored == XSS else f"'{stored}")
        sound((await browser.get("/public/records", headers=HTML)).text)


async def test_what_offices_say_is_never_markup(house: House, browser: Browser) -> None:
    item: Any = {
        "code": XSS,
        "title": XSS,
        "title_en": XSS,
        "level": "national",
        "conduct": XSS,
        "fields": [{"why": XSS}],
    }
    item |= {"bases": [{"title": XSS, "article": XSS}], "update_frequency": XSS}
    scheme: Any = {
        "code": XSS,
        "title": XSS,
        "area": XSS,
        "violation_kind": XSS,
        "criteria": [{"text": XSS}],
        "remedies": XSS,
    }
    measure: Any = {"code": XSS, "title": XSS, "areas": [XSS], "subject_types": [XSS], "bases": [{"title": XSS}]}
    house.offices.answers |= {
        "ListCatalogItems": catalog.ListCatalogItemsResponse(items=[item]),
        "GetCatalogItem": catalog.GetCatalogItemResponse(item=item),
        "ListMeasures": catalog.ListMeasuresResponse(measures=[measure]),
        "ListSchemes": blacklist.ListSchemesResponse(schemes=[scheme]),
        "GetScheme": blacklist.GetSchemeResponse(scheme=scheme),
        "GetStatistics": figures(month=XSS, name="applications_submitted", value=7),
    }
    shown = ["/public/catalog/x", "/public/schemes/x", "/public/statistics.svg"]
    for language in ("zh", "en"):
        for path in [*PAGES, *shown]:
            page = await browser.get(path, params={"lang": language}, headers=HTML)
            assert page.status_code == 200, path
            sound(page.text)


async def test_hostile_filters_and_codes_stay_text(house: House, browser: Browser) -> None:
    house.offices.answers["GetCatalogItem"] = Refused(
        Reason("ITEM_UNKNOWN", Kind.INVALID, Wording("No.", "No.", "test")), field="code"
    )
    for typed in HOSTILE:
        for path, params in (
            ("/public/catalog", {"text": typed, "level": typed[:50]}),
            (f"/public/catalog/{quote(typed, safe='')}", {}),
        ):
            page = await browser.get(path, params=params, headers=HTML)
            assert page.status_code in (200, 400, 404)
            sound(page.text)


async def test_a_withheld_figure_is_told_nowhere(house: House, browser: Browser) -> None:
    house.offices.answers["GetStatistics"] = figures(month="2026-03", name="applications_granted", fewer_than_five=True)
    assert "&lt;5" in (await browser.get("/public/statistics", headers=HTML)).text
    assert "2026-03,applications_granted,<5" in (await browser.get("/public/statistics.csv")).text
    plot = await browser.get("/public/statistics.svg")
    assert plot.headers["content-type"] == "image/svg+xml"
    assert "style" not in plot.text
    assert "<5" in "".join(ET.fromstring(plot.text).itertext())
    figure = (await browser.get("/api/v1/public/statistics")).json()["figures"][0]
    assert figure == {"month": "2026-03", "name": "applications_granted", "value": 0, "fewer_than_five": True}


CERTIFICATE = """信用信息终止共享证明
Certificate of withdrawal of public credit information
系统 / system: sample
记录 / record: 00000000-0000-4000-8000-000000000000
目录项目 / catalog item: A1
认定单位 / determining authority: 11439999000000002X
终止共享时间 / sharing ended: 2026-03-01T08:00:00+08:00
原因 / reason: 信用修复 / credit repaired
曾接收单位数 / receivers: 0
签发时间 / issued: 2026-03-01T08:00:01+08:00
"""
DECISION = f"列入决定书\n{XSS}\n"


class Signers:
    """Keys of a house, and a stranger's."""

    def __init__(self, house: House) -> None:
        self.keys = {name: Ed25519PrivateKey.generate() for name in ("catalog", "blacklist", "log", "stranger")}
        vkeys = {name: note.vkey(f"sample/{name}", key.public_key()) for name, key in self.keys.items()}
        house.counter.signers = {name: vkeys[name] for name in ("catalog", "blacklist")}
        house.offices.answers["GetCheckpoint"] = audit.GetCheckpointResponse(checkpoint="x", vkey=vkeys["log"])

    def sign(self, text: str, who: str) -> str:
        """The text, signed."""
        return note.sign(text, f"sample/{who}", self.keys[who])

    def receipt(self) -> str:
        """The receipt of one entry among seven in the log."""
        said = JOURNAL_ENTRY.encode()
        hashes = [leaf_hash(leaf) for leaf in [said, *(bytes([number]) for number in range(6))]]
        head = Checkpoint("sample/log", 7, root_from_leaf_hashes(hashes))
        return receipt.build(
            entry=said, index=0, proof=inclusion_proof(hashes, 0), checkpoint=sign_checkpoint(head, self.keys["log"])
        )


@pytest.fixture
def signers(house: House) -> Signers:
    return Signers(house)


async def judged(browser: Browser, text: str) -> tuple[str, str]:
    """Kind and outcome by REST; the page says the same, and shows nothing as markup."""
    answer = await browser.post("/api/v1/public/verify", json={"text": text})
    assert answer.status_code == 200, answer.text
    verdict: dict[str, Any] = answer.json()
    said = {"genuine": "Genuine", "not_genuine": "Not genuine", "cannot_tell": "This system cannot tell"}
    pasted, headers = text.replace("\n", "\r\n"), {**HTML, "Accept-Language": "en"}
    attempts: list[dict[str, Any]] = [
        {"data": {"text": pasted}},
        {"files": {"file": (f"{XSS}.txt", text.encode(), "text/html")}},
    ]
    for sent in attempts:
        page = await browser.post("/public/verify", headers=headers, **sent)
        assert page.status_code == 200
        assert f'banner__heading">{said[verdict["outcome"]]}<' in page.text
        sound(page.text)
    if verdict["outcome"] != "genuine":
        assert (verdict["text"], verdict["entry"]) == ("", {})
    return verdict["kind"], verdict["outcome"]


async def test_what_this_house_signed_is_genuine_until_a_letter_changes(browser: Browser, signers: Signers) -> None:
    certificate, decision = signers.sign(CERTIFICATE, "catalog"), signers.sign(DECISION, "blacklist")
    assert await judged(browser, certificate) == ("certificate", "genuine")
    assert await judged(browser, f"\n\n{certificate}\n  ") == ("certificate", "genuine")
    assert await judged(browser, decision) == ("decision", "genuine")
    assert await judged(browser, certificate.replace("2026-03-01", "2026-02-01")) == ("certificate", "not_genuine")
    assert await judged(browser, decision.replace("列入", "移出")) == ("decision", "not_genuine")


async def test_a_receipt_is_genuine_until_a_byte_changes(browser: Browser, signers: Signers) -> None:
    proof = signers.receipt()
    assert await judged(browser, proof) == ("receipt", "genuine")
    lines = proof.split("\n")
    for number, line in enumerate(lines):
        if line and not line.startswith(("c2sp.org/", "—")) and line != "sample/log":
            last = "0" if line[-1] != "0" else "1"
            other = line[:-1] + last if line[-1] != "=" else line[:4] + ("A" if line[4] != "A" else "B") + line[5:]
            changed = "\n".join([*lines[:number], other, *lines[number + 1 :]])
            assert await judged(browser, changed) == ("receipt", "not_genuine"), line


async def test_nobody_elses_signature_counts(browser: Browser, signers: Signers) -> None:
    assert await judged(browser, signers.sign(CERTIFICATE, "stranger")) == ("unknown", "cannot_tell")
    # The list office cannot issue a certificate, nor the catalog a decision.
    assert (await judged(browser, signers.sign(CERTIFICATE, "blacklist")))[0] != "certificate"
    assert await judged(browser, signers.sign(DECISION, "catalog")) == ("certificate", "not_genuine")
    assert await judged(browser, signers.sign(DECISION, "log")) == ("unknown", "cannot_tell")
    forged = signers.sign(CERTIFICATE, "catalog").split("\n\n")[1]
    assert await judged(browser, f"{DECISION}\n{forged}") == ("certificate", "not_genuine")


async def test_what_is_nothing_of_the_kind_is_not_judged(browser: Browser, signers: Signers) -> None:
    assert signers
    for text in [*HOSTILE, "c2sp.org/tlog-proof@v1\n\n", "c2sp.org/tlog-proof@v1\nindex 0\n\nx\n\n— a b\n"]:
        assert (await judged(browser, text))[1] == "cannot_tell"


async def test_too_little_and_too_much_is_said_at_the_field(browser: Browser) -> None:
    for text, file, status in (("", b"", 400), ("  ", b"", 400), ("", b"x" * 65537, 413), ("x" * 65537, b"", 400)):
        page = await browser.post("/public/verify", data={"text": text}, files={"file": ("f", file)}, headers=HTML)
        assert page.status_code == status
        assert 'id="text-error"' in page.text


async def test_a_file_of_megabytes_is_refused_unread(browser: Browser) -> None:
    page = await browser.post("/public/verify", files={"file": ("f", b"x" * 2_000_000)}, headers=HTML)
    assert page.status_code == 413

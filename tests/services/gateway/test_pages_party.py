"""The pages of a party, in detail: looks and receipts, the form for repair, evidence by a form, the file."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import httpx
import pytest

from chengxin.audit.v1 import audit_pb2 as audit
from chengxin.catalog.v1 import sharing_pb2 as sharing
from chengxin.repair.v1 import desk_pb2 as desk
from chengxin.repair.v1 import repair_pb2 as repair
from foundation.refusal import Kind, Reason, Refused, Wording
from tests.services.gateway.conftest import Browser, House
from tests.services.gateway.offices import NOW, RECEIPT
from tests.services.gateway.walking import Everything

OPEN = Reason("APPLICATION_ALREADY_OPEN", Kind.PRECONDITION, Wording("One is open.", "Follow it.", "test"))
TYPED = '2026年5月1日 "缴清" <罚款>\n第二行'
FORM = {"record": "rec-1", "correction": TYPED, "commitment": "yes", "key": "k" * 43}


def looks(number: int, **changed: Any) -> audit.ListAccessesToSubjectResponse:
    one = {"source": "catalog", "kind": "SharingService.CheckSubject", "at": NOW, "decision": "answered"}
    return audit.ListAccessesToSubjectResponse(
        accesses=[{**one, "entry_id": n, "log_index": n, **changed} for n in range(number, 0, -1)], receipt=RECEIPT
    )


def text_of(answer: httpx.Response) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", answer.text))


@pytest.fixture
def party(house: House, visitor: Browser) -> Browser:
    """Somebody signed in, at offices that know two records about him."""
    everything = Everything()
    everything.update(house.offices.answers)
    house.offices.answers = everything
    records = [{"record": {"record_id": f"rec-{n}", "item_title": f"样例{n}", "severity": 2}} for n in (1, 2)]
    for one in records:
        one["record"] |= {"determined_on": "2026-01-05", "item_code": "A1"}
    house.offices.answers["ListOwnRecords"] = sharing.ListOwnRecordsResponse(records=records, receipt=RECEIPT)
    house.offices.answers["CheckEligibility"] = repair.CheckEligibilityResponse(eligible=True, receipt=RECEIPT)
    visitor.headers.update({"Accept": "text/html", "Accept-Language": "en"})
    return visitor


async def post(party: Browser, path: str, **form: Any) -> httpx.Response:
    return await party.post(path, data={"csrf_token": party.csrf, **form})


async def test_looks_come_in_pages_of_25_newest_first(house: House, party: Browser) -> None:
    house.offices.answers["ListAccessesToSubject"] = looks(30)
    first, second = await party.get("/me/looks"), await party.get("/me/looks?page=2")
    numbers = [[int(n) for n in re.findall(r"/me/looks/catalog/(\d+)", page.text)] for page in (first, second)]
    assert numbers == [list(range(30, 5, -1)), list(range(5, 0, -1))]
    assert "page=2" in first.text
    assert (await party.get("/me/looks?page=41")).status_code == 400


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"purpose": "own"}, "You yourself"),
        ({"kind": "Sweeper.EndAgain"}, "This system by itself"),
        ({"authority": "11439999000000002X", "purpose": "licence.review"}, "Review of an application for a licence"),
    ],
)
async def test_whose_look_it_was_is_said_in_words(
    house: House, party: Browser, changed: dict[str, str], said: str
) -> None:
    house.offices.answers["ListAccessesToSubject"] = looks(1, **changed)
    assert said in text_of(await party.get("/me/looks"))
    by_another = "authority" in changed
    assert ("/me/looks/catalog/1/report" in (await party.get("/me/looks/catalog/1")).text) == by_another


async def test_a_look_that_is_not_in_the_log_yet_says_come_back(house: House, party: Browser) -> None:
    house.offices.answers["ListAccessesToSubject"] = looks(1, log_index=-1)
    page = await party.get("/me/looks/catalog/1")
    assert "not yet in the log" in text_of(page)
    assert "GetReceipt" not in [asked.method for asked in house.offices.asked]


async def test_a_receipt_is_a_file(party: Browser) -> None:
    file = await party.get("/me/looks/catalog/7/receipt.txt")
    assert file.text == "c2sp.org/tlog-proof@v1\n"
    assert file.headers["content-type"].startswith("text/plain")
    assert file.headers["content-disposition"] == 'attachment; filename="receipt-catalog-7.txt"'


async def test_a_report_without_words_is_asked_for_again(house: House, party: Browser) -> None:
    house.offices.answers["ListAccessesToSubject"] = looks(7)
    again = await post(party, "/me/looks/catalog/7/report", report="x" * 2001)
    assert (again.status_code, "x" * 2001 in again.text) == (400, True)
    done = await post(party, "/me/looks/catalog/7/report", report="何故")
    assert done.headers["location"].startswith("/me/reports/")
    assert house.offices.last("ReportMisuse").request.report == "何故"


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("record", "Choose at least one record."),
        ("correction", "Say how you corrected it"),
        ("commitment", "needs your public credit commitment"),
    ],
)
async def test_a_form_with_something_missing_keeps_the_rest(party: Browser, left_out: str, said: str) -> None:
    page = await post(party, "/me/repair", **{name: value for name, value in FORM.items() if name != left_out})
    assert page.status_code == 400
    assert page.text.count(said) == 2  # above the form, and at the field
    kept = re.search(r'<textarea[^>]*id="correction"[^>]*>(.*?)</textarea>', page.text, re.S)
    assert kept is not None
    assert unescape(kept[1]) == ("" if left_out == "correction" else TYPED)
    assert f'value="{FORM["key"]}"' in page.text


async def test_what_is_checked_is_what_is_sent_once_for_each_record(house: House, party: Browser) -> None:
    kept = await post(party, "/me/repair", **{**FORM, "record": ["rec-1", "rec-2", "rec-1"]})
    assert kept.headers["location"] == "/me/repair/check"
    assert "第二行" in (await party.get("/me/repair")).text  # going back loses nothing
    checked = await party.get("/me/repair/check")
    sent: dict[str, Any] = {}
    for name, value in re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]*)"', checked.text):
        sent.setdefault(name, []).append(unescape(value))
    keys: list[list[str]] = []
    for _ in range(2):
        house.offices.asked.clear()
        done = await party.post("/me/repair/submit", data=sent)
        assert done.headers["location"] == "/me/repair/submitted?new=2"
        requests = [asked.request for asked in house.offices.asked if asked.method == "SubmitApplication"]
        assert [(one.record_id, one.correction) for one in requests] == [("rec-1", TYPED), ("rec-2", TYPED)]
        keys.append([one.idempotency_key for one in requests])
    assert "第二行" not in (await party.get("/me/repair")).text
    assert keys[0] == keys[1]
    assert len(set(keys[0])) == 2


async def test_one_refused_application_hides_none_that_was_made(house: House, party: Browser) -> None:
    def answer(request: Any) -> repair.SubmitApplicationResponse:
        if request.record_id == "rec-2":
            raise Refused(OPEN)
        return repair.SubmitApplicationResponse(application={"application_id": "app-1"})

    house.offices.answers["SubmitApplication"] = answer
    page = await post(party, "/me/repair/submit", **{**FORM, "record": ["rec-1", "rec-2"]})
    assert page.status_code == 409
    assert "样例2" in text_of(page)
    assert "The others have been handed in" in text_of(page)
    assert "第二行" in page.text


async def test_evidence_comes_by_a_form_whose_token_comes_first(house: House, party: Browser) -> None:
    file = {"file": ("样例.txt", b"x" * 300_000, "text/plain")}
    path = "/me/applications/app-1/evidence"
    done = await party.post(path, data={"csrf_token": party.csrf, "description": "收据"}, files=file)
    assert (done.status_code, done.headers.get("location")) == (303, "/me/applications/app-1")
    parts = house.offices.last("UploadEvidence").request
    assert parts[0].header.evidence.description == "收据"
    assert sum(len(part.content) for part in parts[1:]) == 300_000
    house.offices.asked.clear()
    for token in ({}, {"csrf_token": "x"}, {"description": "收据", "csrf_token": party.csrf}):
        refused = await party.post(path, data=token, files=file)
        assert refused.status_code == 403
    assert house.offices.asked == []


async def test_a_refused_file_is_told_at_its_field(house: House, party: Browser) -> None:
    wrong = Reason("EVIDENCE_TYPE", Kind.INVALID, Wording("It is no such file.", "Send another.", "test"))
    house.offices.answers["UploadEvidence"] = Refused(wrong)
    house.offices.answers["ExamineApplication"] = desk.ExamineApplicationResponse(
        application={"application_id": "app-1", "state": repair.APPLICATION_STATE_SUBMITTED}
    )
    sent = {"csrf_token": party.csrf, "description": "收据说明"}
    page = await party.post(
        "/me/applications/app-1/evidence", data=sent, files={"file": ("f.pdf", b"x", "application/pdf")}
    )
    assert page.status_code == 400
    assert 'id="file-error"' in page.text
    assert 'value="收据说明"' in page.text


async def test_the_file_holds_everything_and_the_entries_of_its_making(house: House, party: Browser) -> None:
    house.offices.answers["ListAccessesToSubject"] = looks(3)
    page = await party.get("/me/file.json")
    by_rest = await party.get("/api/v1/me/file", headers={"Accept": "application/json"})
    made = json.loads(page.text)
    assert made == by_rest.json()
    assert [one["record"]["record_id"] for one in made["records"]["records"]] == ["rec-1", "rec-2"]
    assert [one["entry_id"] for one in made["looks"]["accesses"]] == [3, 2, 1]
    assert made["records"]["receipt"]["entry_id"] == RECEIPT["entry_id"]
    assert page.headers["content-disposition"].startswith("attachment")
    assert "样例1" in text_of(await party.get("/me/file"))

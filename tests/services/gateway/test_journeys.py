"""What a person comes for: what is held, who looked, repair; and what everybody may see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from google.protobuf import descriptor_pool
from google.protobuf.message import Message

from chengxin.catalog.v1 import record_pb2 as record
from chengxin.catalog.v1 import sharing_pb2 as sharing
from chengxin.common.v1 import common_pb2 as common
from chengxin.repair.v1 import repair_pb2 as repair
from foundation.reasons import NOT_FOUND
from foundation.refusal import Kind, Reason, Refused, Wording
from gateway.journeys.repair.evidence import LARGEST, PIECE
from gateway.messages import DESCRIBED, model
from tests.services.gateway.conftest import Browser, House

NEW = {"record_id": "rec-1", "correction": "已缴纳罚款", "commitment": True}


async def test_the_party_sees_what_is_held_about_it(visitor: Browser) -> None:
    held_record = (await visitor.get("/api/v1/me/records")).json()["records"][0]
    assert held_record["record"]["severity"] == "ordinary"
    assert held_record["record"]["end_reason"] == "unspecified"
    assert held_record["record"]["determined_on"] == "2026-01-05"
    assert held_record["record"]["ends_before"] is None
    assert held_record["record"]["ended_at"] is None
    assert held_record["fields"] == [{"name": "amount", "value": "5000.00"}]


async def test_the_party_sees_who_looked_and_gets_the_proof(house: House, visitor: Browser) -> None:
    access = (await visitor.get("/api/v1/me/accesses")).json()["accesses"][0]
    assert (access["source"], access["entry_id"], access["log_index"]) == ("catalog", 7, 41)
    proof = (await visitor.get("/api/v1/me/accesses/catalog/7/receipt")).json()
    assert proof == {"receipt": "c2sp.org/tlog-proof@v1\n", "entry": "oA=="}
    asked = house.offices.last("GetReceipt")
    assert (asked.request.source, asked.request.entry_id, asked.request.digest) == ("catalog", 7, b"")
    assert asked.person is not None


async def test_the_proof_of_another_s_look_is_answered_as_not_existing(house: House, visitor: Browser) -> None:
    house.offices.answers["GetReceipt"] = Refused(NOT_FOUND)
    others = await visitor.get("/api/v1/me/accesses/catalog/8/receipt")
    assert (others.status_code, others.json()["reason"]) == (404, "NOT_FOUND")


async def test_eligibility_comes_with_reasons_and_the_earliest_day(visitor: Browser) -> None:
    answer = (await visitor.get("/api/v1/me/records/rec-1/eligibility")).json()
    assert answer["eligible"] is False
    assert answer["earliest_on"] == "2026-04-05"
    assert answer["reasons"][0]["reason"] == "MINIMUM_PUBLICITY_OPEN"


async def test_an_application_carries_its_idempotency_key(house: House, visitor: Browser) -> None:
    headers = {"Idempotency-Key": "key-1"}
    made = await visitor.act("/api/v1/me/applications", json=NEW, headers=headers)
    assert made.status_code == 201
    assert made.json()["application"]["state"] == "submitted"
    asked = house.offices.last("SubmitApplication")
    assert asked.request == repair.SubmitApplicationRequest(**NEW, idempotency_key="key-1")
    assert asked.person is not None


async def test_an_application_without_a_key_is_refused_before_any_office_hears_of_it(
    house: House, visitor: Browser
) -> None:
    refused = await visitor.act("/api/v1/me/applications", json=NEW)
    problem = refused.json()
    assert (refused.status_code, problem["reason"]) == (400, "VALUE_REQUIRED")
    assert problem["field"].lower() == "idempotency-key"
    assert not house.offices.asked


async def test_the_party_follows_its_application_and_takes_it_back(house: House, visitor: Browser) -> None:
    listed = (await visitor.get("/api/v1/me/applications")).json()["applications"]
    assert listed[0]["due_on"] == "2026-05-08"
    shown = (await visitor.get("/api/v1/me/applications/app-1")).json()
    assert shown["application"]["application_id"] == "app-1"
    assert (await visitor.act("/api/v1/me/applications/app-1/withdraw")).status_code == 200
    assert house.offices.last("WithdrawApplication").request.application_id == "app-1"


async def test_the_certificate_comes_as_text_or_as_json(visitor: Browser) -> None:
    path = "/api/v1/me/records/rec-1/withdrawal-certificate"
    text = await visitor.get(path, headers={"Accept": "text/plain"})
    assert text.headers["content-type"].startswith("text/plain")
    assert text.text == "证明\n"
    assert (await visitor.get(path)).json()["receivers"][0]["acknowledged_at"] is None


async def test_evidence_is_streamed_in_pieces(house: House, visitor: Browser) -> None:
    content = bytes(range(256)) * 2500
    stored = await visitor.act(
        "/api/v1/me/applications/app-1/evidence",
        data={"description": "缴款凭证"},
        files={"file": ("收据.pdf", content, "application/pdf")},
    )
    assert (stored.status_code, stored.json()["size"]) == (201, len(content))
    header, *pieces = house.offices.last("UploadEvidence").request
    assert header.header.application_id == "app-1"
    assert header.header.evidence == common.EvidenceHeader(
        file_name="收据.pdf", media_type="application/pdf", description="缴款凭证"
    )
    assert b"".join(piece.content for piece in pieces) == content
    assert max(len(piece.content) for piece in pieces) == PIECE


async def test_evidence_is_on_its_way_before_all_of_it_has_arrived(house: House, visitor: Browser) -> None:
    passed: list[int] = []
    boundary = "b" * 20
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="description"\r\n\r\nx\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\n'
        "Content-Type: text/plain\r\n\r\n"
    )

    async def body() -> AsyncIterator[bytes]:
        yield head.encode()
        for number in range(40):
            passed.append(number)
            yield b"x" * (PIECE // 2)
        yield f"\r\n--{boundary}--\r\n".encode()

    house.offices.answers["UploadEvidence"] = Refused(
        Reason("EVIDENCE_KIND_UNKNOWN", Kind.INVALID, Wording("No.", "Send another.", "test")), field="file"
    )
    house.offices.stop_reading_after = 3
    refused = await visitor.act(
        "/api/v1/me/applications/app-1/evidence",
        content=body(),
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    assert (refused.status_code, refused.json()["reason"]) == (400, "EVIDENCE_KIND_UNKNOWN")
    assert len(passed) < 40


@pytest.mark.parametrize("chunk", [1, 7, 64])
async def test_evidence_arrives_whole_however_the_network_cuts_it(house: House, visitor: Browser, chunk: int) -> None:
    built = visitor.build_request(
        "POST", "/", data={"description": "x"}, files={"file": ("a\r\n.txt", b"\r\n--boundary" * 9, "text/plain")}
    )
    whole = built.read()

    async def cut() -> AsyncIterator[bytes]:
        for start in range(0, len(whole), chunk):
            yield whole[start : start + chunk]

    stored = await visitor.act(
        "/api/v1/me/applications/app-1/evidence", content=cut(), headers={"Content-Type": built.headers["content-type"]}
    )
    assert stored.status_code == 201
    _, *pieces = house.offices.last("UploadEvidence").request
    assert b"".join(piece.content for piece in pieces) == b"\r\n--boundary" * 9


async def test_evidence_larger_than_20_mib_is_broken_off(house: House, visitor: Browser) -> None:
    refused = await visitor.act(
        "/api/v1/me/applications/app-1/evidence",
        data={"description": "x"},
        files={"file": ("f.txt", b"x" * (LARGEST + 1), "text/plain")},
    )
    assert (refused.status_code, refused.json()["reason"]) == (413, "BODY_TOO_LARGE")
    assert not house.offices.asked or house.offices.asked[-1].method != "UploadEvidence"


B = "multipart/form-data; boundary=b"
PART = '--b\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\nx\r\n'
DESCRIPTION, FILE = PART.format("description", ""), PART.format("file", '; filename="f"')


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/json", "{}"),
        ("multipart/form-data", ""),
        (B, ""),
        (B, "rubbish"),
        (B, FILE + "--b--\r\n"),
        (B, FILE + DESCRIPTION + "--b--\r\n"),
        (B, DESCRIPTION + "--b--\r\n"),
        (B, DESCRIPTION + FILE),
        (B, DESCRIPTION + FILE + FILE + "--b--\r\n"),
        (B, DESCRIPTION + DESCRIPTION + FILE + "--b--\r\n"),
        (B, DESCRIPTION + PART.format("other", "") + FILE + "--b--\r\n"),
    ],
)
async def test_a_form_that_is_not_as_asked_for_stores_nothing(
    house: House, visitor: Browser, media_type: str, body: str
) -> None:
    refused = await visitor.act(
        "/api/v1/me/applications/app-1/evidence", content=body, headers={"Content-Type": media_type}
    )
    assert (refused.status_code, refused.json()["reason"]) == (400, "EVIDENCE_FORM_INVALID")
    assert not house.offices.answered


async def test_anothers_application_takes_no_evidence_and_looks_absent(house: House, visitor: Browser) -> None:
    house.offices.answers["UploadEvidence"] = Refused(Reason("X", Kind.DENIED, Wording("No.", "No.", "test")))
    refused = await visitor.act(
        "/api/v1/me/applications/x/evidence", data={"description": "x"}, files={"file": ("f.txt", b"x", "text/plain")}
    )
    assert (refused.status_code, refused.json()["reason"]) == (404, "NOT_FOUND")


PUBLIC = ["records", "catalog", "measures", "schemes", "checkpoint"]


@pytest.mark.parametrize("page", PUBLIC)
async def test_a_public_page_is_sent_again_only_when_it_has_changed(house: House, browser: Browser, page: str) -> None:
    first = await browser.get(f"/api/v1/public/{page}")
    assert first.status_code == 200
    again = await browser.get(f"/api/v1/public/{page}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    house.offices.answers["ListPublicRecords"] = sharing.ListPublicRecordsResponse()
    if page == "records":
        changed = await browser.get(f"/api/v1/public/{page}", headers={"If-None-Match": first.headers["etag"]})
        assert changed.status_code == 200


async def test_public_records_are_paged(house: House, browser: Browser) -> None:
    page = await browser.get(
        "/api/v1/public/records", params={"item_code": "A1", "page_size": 10, "page_token": "from"}
    )
    assert page.json()["next_page_token"] == "next"
    asked = house.offices.last("ListPublicRecords").request
    assert asked == sharing.ListPublicRecordsRequest(item_code="A1", page_size=10, page_token="from")
    assert (await browser.get("/api/v1/public/records", params={"page_size": 101})).status_code == 400


async def test_the_catalog_has_both_languages(browser: Browser) -> None:
    (item,) = (await browser.get("/api/v1/public/catalog")).json()["items"]
    assert (item["title"], item["title_en"]) == ("行政处罚", "Penalties")
    assert item["document_kinds"] == ["penalty_decision"]
    (measure,) = (await browser.get("/api/v1/public/measures")).json()["measures"]
    assert (measure["title_en"], measure["least_severity"]) == ("Restriction", "serious")


NOT_SHOWN = {
    # The provider's own number is given to the provider, the determining authority and the repair office.
    "chengxin.catalog.v1.RecordSummary": {"record_number"}
}
MESSAGES = [(message, said["fields"]) for said in DESCRIBED.values() for message in said["of"].split()]


@pytest.mark.parametrize(("message", "described"), MESSAGES, ids=[message for message, _ in MESSAGES])
def test_json_shows_what_the_contract_says_and_nothing_is_forgotten(message: str, described: dict[str, Any]) -> None:
    contract = descriptor_pool.Default().FindMessageTypeByName(message).fields_by_name
    assert set(contract) - set(described) == NOT_SHOWN.get(message, set())
    assert all("maybe" in described[field] for field in set(described) - set(contract))


ENUMS: list[tuple[Any, str, type[Message], str]] = [
    (common.Severity, "SEVERITY_", record.RecordSummary, "severity"),
    (record.EndReason, "END_REASON_", record.RecordSummary, "end_reason"),
    (repair.ApplicationState, "APPLICATION_STATE_", repair.Application, "state"),
]


@pytest.mark.parametrize(("enum", "prefix", "message", "field"), ENUMS)
def test_the_words_of_an_enum_are_those_of_the_contract(
    enum: Any, prefix: str, message: type[Message], field: str
) -> None:
    described = set(model(message).model_json_schema()["properties"][field]["enum"])
    contract = {name.removeprefix(prefix).lower() for name, _ in enum.items()}
    assert described | {"unspecified"} == contract

"""What every request goes through: headers, limits, problems, log lines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from foundation.identity import resident_check_digit
from gateway.every_request import BODY_LIMIT
from gateway.problems import Problem
from tests.services.gateway.conftest import PERSON, PERSON_NUMBER, Browser, House, OpenHouse

ADDRESSES = ["/api/v1/session", "/api/v1/me/records", "/api/v1/public/catalog", "/healthz", "/nowhere"]


@pytest.mark.parametrize("path", ADDRESSES)
async def test_every_answer_carries_the_security_headers(browser: Browser, path: str) -> None:
    headers = (await browser.get(path)).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; frame-ancestors 'none'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "no-store" in headers["cache-control"] or "private, no-cache" in headers["cache-control"]


async def test_what_is_about_a_person_is_never_stored(visitor: Browser) -> None:
    for path in ("/api/v1/session", "/api/v1/me/records", "/api/v1/me/accesses", "/api/v1/me/applications"):
        assert (await visitor.get(path)).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/nowhere", 404, "NOT_FOUND"),
        ("GET", "/api/v1/me/records/", 404, "NOT_FOUND"),
        ("DELETE", "/api/v1/me/records", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/api/v1/session/callback", 400, "VALUE_REQUIRED"),
        ("GET", "/api/v1/public/records?page_size=x", 400, "VALUE_INVALID"),
        ("GET", "/api/v1/public/catalog?on=yesterday", 400, "VALUE_INVALID"),
    ],
)
async def test_every_error_is_a_problem_document(
    browser: Browser, method: str, path: str, status: int, reason: str
) -> None:
    answer = await browser.request(method, path)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate(answer.json())
    assert (answer.status_code, problem.status, problem.reason) == (status, status, reason)
    assert problem.remedy


async def test_a_problem_does_not_repeat_what_was_sent(house: House, visitor: Browser) -> None:
    body = {"record_id": PERSON_NUMBER * 9, "correction": "", "commitment": PERSON_NUMBER}
    answer = await visitor.act("/api/v1/me/applications", json=body, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 400
    assert PERSON_NUMBER not in answer.text


@pytest.mark.parametrize("body", [b"{", b"null", b'{"record_id": NaN}', b"[" * 50000, b"\xff\xfe"])
async def test_a_body_that_is_no_json_of_ours_is_refused(visitor: Browser, body: bytes) -> None:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    answer = await visitor.act("/api/v1/me/applications", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["reason"] in ("VALUE_INVALID", "VALUE_REQUIRED")


async def test_an_unknown_field_is_refused_by_name(visitor: Browser) -> None:
    body = {"record_id": "rec-1", "correction": "done", "commitment": True, "fee": 100}
    answer = await visitor.act("/api/v1/me/applications", json=body, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["field"]) == (400, "fee")


async def test_a_body_is_bounded(visitor: Browser) -> None:
    body = json.dumps({"record_id": "rec-1", "correction": "x" * BODY_LIMIT, "commitment": True})
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    answer = await visitor.act("/api/v1/me/applications", content=body, headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (413, "BODY_TOO_LARGE")


async def test_the_log_holds_templates_and_nothing_personal(house: House, browser: Browser) -> None:
    with capture_logs() as lines:
        await browser.sign_in()
        await browser.get("/api/v1/me/records/rec-1/eligibility")
        await browser.get(f"/{PERSON_NUMBER}")
        house.offices.answers["ListOwnRecords"] = ValueError(PERSON_NUMBER)
        await browser.get("/api/v1/me/records")
    routes = [line["route"] for line in lines if line["event"] == "request"]
    assert "/api/v1/me/records/{record_id}/eligibility" in routes
    assert "unknown" in routes
    logged = json.dumps(lines, ensure_ascii=False, default=str)
    for personal in (PERSON["name"], PERSON_NUMBER, "rec-1", browser.csrf, browser.cookies["chengxin"]):
        assert personal not in logged


async def test_a_fault_of_the_gateway_tells_no_internals(house: House, browser: Browser) -> None:
    async def broken(*_: Any) -> Any:
        raise RuntimeError(PERSON_NUMBER)

    house.counter.offices.ask = broken  # type: ignore[method-assign]  a fault that no test can bring about otherwise
    with capture_logs() as lines:
        answer = await browser.get("/api/v1/public/catalog")
    assert (answer.status_code, answer.json()["reason"]) == (500, "GATEWAY_FAILED")
    assert answer.headers["content-security-policy"]
    assert PERSON_NUMBER not in answer.text
    assert [line["event"] for line in lines] == ["gateway_failed", "request"]


async def test_an_address_may_ask_only_so_often(open_house: OpenHouse) -> None:
    house = open_house(rate_address="5/minute")
    async with house.browser(address="192.0.2.1") as browser, house.browser(address="192.0.2.2") as other:
        for _ in range(5):
            assert (await browser.get("/api/v1/public/catalog")).status_code == 200
        limited = await browser.get("/api/v1/public/catalog")
        assert (limited.status_code, limited.json()["reason"]) == (429, "RATE_LIMITED")
        assert 1 <= int(limited.headers["retry-after"]) <= 60
        assert (await other.get("/api/v1/public/catalog")).status_code == 200


async def test_a_session_may_ask_only_so_often_from_wherever(open_house: OpenHouse) -> None:
    house = open_house(rate_session="6/minute")
    async with house.browser(address="192.0.2.3") as browser, house.browser(address="192.0.2.4") as elsewhere:
        await browser.sign_in()
        elsewhere.cookies = browser.cookies
        seen = [(await b.get("/api/v1/me/records")).status_code for b in (browser, elsewhere) * 4]
        assert seen[:3] == [200, 200, 200]
        assert seen[-1] == 429


async def test_sign_ins_are_begun_only_so_often(open_house: OpenHouse) -> None:
    house = open_house(rate_sign_in="3/minute")
    async with house.browser(address="192.0.2.5") as browser:
        seen = [(await browser.get("/api/v1/session/sign-in")).status_code for _ in range(4)]
    assert seen == [303, 303, 303, 429]


async def test_numbers_alike_are_signed_in_only_so_often(open_house: OpenHouse) -> None:
    """An identity provider that vouches for one number after the other gets no further than this."""
    house = open_house(rate_prefix="2/hour")
    first = [f"43999919800101{order:03d}" for order in (1, 2, 3)]
    numbers = [text + resident_check_digit(text) for text in first]
    seen: list[int] = []
    for number in numbers:
        async with house.browser(address=f"192.0.2.{20 + len(seen)}") as browser:
            done = await browser.get(await browser.choose(await browser.begin(), identifier=number))
            seen.append(done.status_code)
    assert seen == [303, 303, 429]
    assert done.json()["reason"] == "RATE_LIMITED"
    assert int(done.headers["retry-after"]) > 1
    async with house.browser(address="192.0.2.30") as browser:
        other = await browser.choose(await browser.begin(), identifier_kind="passport", identifier="E12345678")
        assert (await browser.get(other)).status_code == 303
    held = b" ".join(house.redis.scan_iter("chengxin:limit*"))
    assert b"prefix/" in held
    assert numbers[0][:14].encode() not in held


async def test_a_method_that_a_client_made_up_is_not_logged(browser: Browser) -> None:
    with capture_logs() as lines:
        await browser.request(PERSON_NUMBER, "/api/v1/session")
    assert [line["method"] for line in lines] == ["unknown"]


async def test_a_gateway_told_to_stop_is_not_ready_and_still_serves(house: House, browser: Browser) -> None:
    house.counter.draining = True
    assert (await browser.get("/readyz")).status_code == 503
    assert (await browser.get("/healthz")).status_code == 200
    assert (await browser.get("/api/v1/public/catalog")).status_code == 200


async def test_a_visitor_who_goes_away_in_the_middle_of_an_upload_stores_nothing(
    house: House, visitor: Browser
) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="description"\r\n\r\nx\r\n--b\r\n'
    messages = iter([{"type": "http.request", "body": head, "more_body": True}, {"type": "http.disconnect"}])
    headers = {
        "cookie": f"chengxin={visitor.cookies['chengxin']}",
        "x-csrf-token": visitor.csrf,
        "content-type": "multipart/form-data; boundary=b",
    }
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/api/v1/me/applications/app-1/evidence",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 40000),
    }

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        raise AssertionError("nobody is there to be answered")

    with capture_logs() as lines:
        await house.app(scope, receive, send)
    assert [line["event"] for line in lines] == ["request"]
    assert lines[0]["status"] == 499
    assert not house.offices.answered

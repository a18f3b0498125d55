"""A clerk at a desk acts for a party: who may, what it needs, who is named, how it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from chengxin.audit.v1 import audit_pb2
from foundation.refusal import Kind, Reason, Refused, Wording
from gateway.reasons import SESSIONS_UNAVAILABLE
from tests.services.gateway.conftest import PERSON_NUMBER, Browser, House, OpenHouse
from tests.services.gateway.test_staff import MARKET, on_duty
from tests.services.gateway.walking import Page

CLERK = {"name": "样例窗口人员", "sub": "样例-clerk-1", "roles": "counter_clerk"}
HERE: dict[str, Any] = {
    "identifier_kind": "resident_id",
    "identifier": PERSON_NUMBER,
    "name": "样例来人",
    "matter": "A-17",
    "declared": "yes",
}
HTML = {"Accept": "text/html"}


@pytest.fixture
async def clerk(browser: Browser) -> Browser:
    assert await on_duty(browser, **CLERK) == 303
    return browser


async def begin(clerk: Browser, **changed: str) -> httpx.Response:
    """Send the desk's form."""
    return await clerk.post("/staff/desk", data={"csrf_token": clerk.csrf, **HERE, **changed}, headers=HTML)


async def state(browser: Browser) -> dict[str, Any]:
    """Who is signed in; the browser remembers the token."""
    shown = (await browser.get("/api/v1/session")).json()
    browser.csrf = shown["csrf_token"] or ""
    return shown


async def test_a_clerk_acts_for_a_party_and_is_asserted_as_its_assistant(house: House, clerk: Browser) -> None:
    assert (await clerk.get("/staff", headers=HTML)).headers["location"] == "/staff/desk"
    before = clerk.cookies["chengxin"]
    done = await begin(clerk)
    assert (done.status_code, done.headers["location"]) == (303, "/me")
    assert clerk.cookies["chengxin"] != before
    assert await house.counter.sessions.find(before) is None
    shown = await state(clerk)
    assert (shown["name"], shown["assisted_by"], shown["authority"]) == (HERE["name"], CLERK["name"], MARKET)
    assert (await clerk.get("/api/v1/me/records")).status_code == 200
    person = house.offices.last("ListOwnRecords").person
    assert person is not None
    assert person.assistant is not None
    assert (person.identifier.value.reveal(), person.name.reveal(), person.matter.reveal()) == (
        PERSON_NUMBER,
        HERE["name"],
        HERE["matter"],
    )
    assert (person.assistant.subject.reveal(), person.assistant.authority) == (CLERK["sub"], MARKET)
    assert person.assistant.roles == {"counter_clerk"}


async def test_every_page_says_so_and_ends_it(clerk: Browser) -> None:
    await begin(clerk)
    for path in ("/me", "/me/looks", "/about", "/public/catalog"):
        page = (await clerk.get(path, headers=HTML)).text
        assert CLERK["name"] in page
        assert HERE["name"] in page
        assert MARKET in page
        assert 'action="/desk/end"' in page
        assert PERSON_NUMBER not in page
    await state(clerk)
    back = await clerk.post("/desk/end", data={"csrf_token": clerk.csrf})
    assert (back.status_code, back.headers["location"]) == (303, "/staff/desk")
    assert (await state(clerk))["roles"] == ["counter_clerk"]
    page = await clerk.get("/staff/desk", headers=HTML)
    assert page.status_code == 200
    assert "/desk/end" not in page.text
    assert (await clerk.get("/api/v1/me/records")).status_code == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/session/callback", 400),
        ("/staff/desk", 403),
        ("/nowhere", 404),
        ("/me/records/rec-9", 404),
        ("/desk/end", 405),
        ("/me/records/rec-1/certificate", 409),
        ("/me/applications", 500),
        ("/me/looks", 502),
    ],
)
async def test_every_refusal_says_so_too(
    house: House, clerk: Browser, monkeypatch: pytest.MonkeyPatch, path: str, status: int
) -> None:
    house.offices.answers["GetWithdrawalCertificate"] = Refused(
        Reason("X", Kind.PRECONDITION, Wording("Not yet.", "Wait.", "test"))
    )
    house.offices.answers["ListAccessesToSubject"] = ValueError()
    await begin(clerk)
    if status == 500:
        monkeypatch.delitem(house.counter.offices.channels, "repair")  # a fault that no test can bring about otherwise
    answer = await clerk.get(path, headers=HTML)
    assert answer.status_code == status
    await says_for_whom(clerk, answer)


async def test_who_is_asked_to_wait_sees_for_whom_too(open_house: OpenHouse) -> None:
    house = open_house(rate_session="6/minute")
    async with house.browser() as clerk:
        await on_duty(clerk, **CLERK)
        await begin(clerk)
        for _ in range(6):
            assert (await clerk.get("/about", headers=HTML)).status_code == 200
        answer = await clerk.get("/me", headers=HTML)
        assert answer.status_code == 429
        assert CLERK["name"] in answer.text
        assert HERE["name"] in answer.text


async def test_without_sessions_a_refusal_is_anybodys(house: House, clerk: Browser) -> None:
    await begin(clerk)

    async def gone(*_: object, **__: object) -> None:
        raise Refused(SESSIONS_UNAVAILABLE)

    house.counter.store.get = gone  # type: ignore[method-assign]  as when Valkey is gone
    answer = await clerk.get("/me", headers=HTML)
    assert answer.status_code == 503
    assert HERE["name"] not in answer.text


@pytest.mark.parametrize("path", ["/staff/desk", "/staff/nothing", "/nowhere"])
async def test_a_party_is_told_of_a_refusal_in_its_own_pages(visitor: Browser, path: str) -> None:
    page = (await visitor.get(path, headers=HTML)).text
    assert 'href="/me"' in page
    assert 'action="/sign-out"' in page
    assert "/staff/" not in page
    assert "/desk/end" not in page


async def says_for_whom(clerk: Browser, answer: httpx.Response) -> None:
    """The page names clerk, authority and party, and its form ends the session."""
    assert CLERK["name"] in answer.text
    assert HERE["name"] in answer.text
    assert MARKET in answer.text
    assert PERSON_NUMBER not in answer.text
    (token,) = {form.fields["csrf_token"] for form in Page(answer.text).forms}
    assert (await clerk.post("/desk/end", data={"csrf_token": token})).status_code == 303


async def test_programs_do_the_same(house: House, clerk: Browser) -> None:
    assert (await clerk.act("/api/v1/staff/desk/sessions", json={**HERE, "declared": True})).status_code == 204
    assert (await state(clerk))["assisted_by"] == CLERK["name"]
    ended = await clerk.delete("/api/v1/session/assistance", headers={"X-CSRF-Token": clerk.csrf})
    assert ended.status_code == 204
    assert (await state(clerk))["roles"] == ["counter_clerk"]
    refused = await clerk.act("/api/v1/staff/desk/sessions", json={**HERE, "declared": False})
    assert (refused.status_code, refused.json()["field"]) == (400, "declared")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("identifier", PERSON_NUMBER[:-1] + ("1" if PERSON_NUMBER[-1] != "1" else "2"), ""),
        ("identifier", "", "请按证件填写号码"),
        ("name", " ", "请按证件填写姓名"),
        ("matter", "x" * 101, "不超过100字"),
        ("identifier_kind", "fingerprint", "证件种类"),
        ("declared", "", "请确认当事人在场"),
    ],
)
async def test_what_is_wrong_is_said_in_the_form(clerk: Browser, field: str, value: str, said: str) -> None:
    answer = await begin(clerk, **{field: value})
    assert answer.status_code == 400
    assert f'id="{field}-error"' in answer.text
    assert f'href="#{field}"' in answer.text
    assert said in answer.text
    assert HERE["name"] in answer.text or field == "name"
    assert (await state(clerk))["roles"] == ["counter_clerk"]


@pytest.mark.parametrize("path", ["/staff/desk", "/staff", "/staff/audit", "/api/v1/staff/repair/applications"])
async def test_who_acts_for_a_party_reaches_no_page_of_officials(house: House, clerk: Browser, path: str) -> None:
    await begin(clerk)
    answer = await clerk.get(path)
    assert (answer.status_code, answer.json()["reason"]) == (403, "OFFICER_ROLE_REQUIRED")


async def test_who_acts_for_a_party_can_act_for_no_other_meanwhile(house: House, clerk: Browser) -> None:
    await begin(clerk)
    await state(clerk)
    again = await clerk.post("/staff/desk", data={"csrf_token": clerk.csrf, **HERE})
    assert (again.status_code, again.json()["reason"]) == (403, "OFFICER_ROLE_REQUIRED")
    by_rest = await clerk.act("/api/v1/staff/desk/sessions", json={**HERE, "declared": True})
    assert by_rest.json()["reason"] == "OFFICER_ROLE_REQUIRED"


async def test_a_party_opens_no_desk_and_ends_none(visitor: Browser) -> None:
    form = {"csrf_token": visitor.csrf, **HERE}
    for answer in (
        await visitor.get("/staff/desk"),
        await visitor.post("/staff/desk", data=form),
        await visitor.act("/api/v1/staff/desk/sessions", json={**HERE, "declared": True}),
        await visitor.post("/desk/end", data=form),
        await visitor.delete("/api/v1/session/assistance", headers={"X-CSRF-Token": visitor.csrf}),
    ):
        assert (answer.status_code, answer.json()["reason"]) == (403, "OFFICER_ROLE_REQUIRED")


@pytest.mark.parametrize("role", ["repair_officer", "auditor", "repair_head"])
async def test_other_officials_have_no_desk(browser: Browser, role: str) -> None:
    await on_duty(browser, roles=role)
    assert (await begin(browser)).status_code == 403
    assert (await browser.get("/staff/desk")).json()["reason"] == "OFFICER_ROLE_REQUIRED"


async def test_an_assistant_in_a_header_a_query_or_a_form_counts_for_nothing(house: House, visitor: Browser) -> None:
    said = '{"sub": "x", "authority": "' + MARKET + '", "matter": "x"}'
    headers = {"assistant": said, "X-Assistant": said, "X-Roles": "counter_clerk", "chengxin-assertion": "forged"}
    await visitor.get("/api/v1/me/records", params={"assistant": said}, headers=headers)
    person = house.offices.last("ListOwnRecords").person
    assert person is not None
    assert person.assistant is None


async def test_a_clerk_acts_for_so_many_an_hour_and_for_none_uncounted(open_house: OpenHouse) -> None:
    house = open_house(rate_desk="2/hour")
    async with house.browser() as clerk, house.browser() as colleague:
        await on_duty(clerk, **CLERK)
        assert (await begin(clerk, identifier="x")).status_code == 400  # counts as well
        assert (await begin(clerk)).status_code == 303
        await state(clerk)
        await clerk.post("/desk/end", data={"csrf_token": clerk.csrf})
        await state(clerk)
        assert (await begin(clerk)).status_code == 429
        await on_duty(colleague, **{**CLERK, "sub": "样例-clerk-2"})
        assert (await begin(colleague)).status_code == 303


async def test_it_ends_after_ten_idle_minutes(house: House, clerk: Browser) -> None:
    await begin(clerk)
    for key in house.redis.scan_iter("chengxin:session*"):
        house.redis.persist(key)
    house.clock.ahead = timedelta(minutes=11)
    assert (await clerk.get("/api/v1/session")).json()["signed_in"] is False


async def test_acting_for_parties_makes_no_session_longer(house: House, clerk: Browser) -> None:
    """Eight hours after signing in the clerk signs in again, however often the session changed."""
    for minutes in range(5, 480, 5):
        house.clock.ahead = timedelta(minutes=minutes)
        found = await house.counter.sessions.find(clerk.cookies["chengxin"])
        assert found is not None
        if minutes == 470:
            await state(clerk)
            assert (await begin(clerk)).status_code == 303
            await state(clerk)
            await clerk.post("/desk/end", data={"csrf_token": clerk.csrf})
    house.clock.ahead = timedelta(hours=8, seconds=1)
    assert await house.counter.sessions.find(clerk.cookies["chengxin"]) is None


async def test_a_look_at_a_desk_is_told_from_one_alone(house: House, visitor: Browser) -> None:
    looks = [
        audit_pb2.Access(source="catalog", entry_id=7, authority=MARKET, purpose="own", assisted=True, log_index=-1),
        audit_pb2.Access(source="catalog", entry_id=8, authority=MARKET, purpose="own", log_index=-1),
    ]
    house.offices.answers["ListAccessesToSubject"] = audit_pb2.ListAccessesToSubjectResponse(accesses=looks)
    page = (await visitor.get("/me/looks?lang=en", headers=HTML)).text
    assert page.count("You, at the service desk of") == 1
    assert page.count("You yourself") == 1
    for entry_id, said in ((7, "You, at the service desk of"), (8, "You yourself")):
        page = (await visitor.get(f"/me/looks/catalog/{entry_id}?lang=en", headers=HTML)).text
        assert said in page

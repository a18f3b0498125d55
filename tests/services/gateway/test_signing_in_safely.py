"""Signing in leads nowhere else, gives a new session each time, and no header makes anybody somebody.

What test_sign_in.py shows already is not repeated here: a replayed answer, an answer to another browser, a planted
session. A stolen assertion is refused by the office: test_offices.py here, tests/services/catalog/test_rpc_answers.py
with the real one.
"""

from __future__ import annotations

from urllib.parse import quote

import pytest

from foundation.rpc.interceptor import ASSERTION
from tests.services.gateway.conftest import Browser, House, OpenHouse
from tests.services.gateway.walking import MINE, PARTY, enter, full_house, ways

ELSEWHERE = [
    "//elsewhere.example",
    "//elsewhere.example/me",
    "///elsewhere.example",
    "/\\elsewhere.example",
    "\\\\elsewhere.example",
    "/me\\..\\..\\\\elsewhere.example",
    "https://elsewhere.example/me",
    "https:elsewhere.example",
    "HTTPS://portal.example@elsewhere.example/me",
    "javascript:alert(1)",
    "data:text/html,x",
    "/me//elsewhere.example",
    "/me/..//elsewhere.example",
    "/me/../../elsewhere",
    "/me/%2e%2e/%2felsewhere.example",
    "%2f%2felsewhere.example",
    "/%09/elsewhere.example",
    "/me\n",
    "/me\r\nLocation: https://elsewhere.example",
    "/me\r\nSet-Cookie: chengxin=planted",
    "/me\x00",
    "\t//elsewhere.example",
    " /me",
    "/me ",
    "/me?next=//elsewhere.example",
    "/me#//elsewhere.example",
    "/me;//elsewhere.example",
    "/me/..",
    "/ｍｅ",
    "/me/\u202e",
    "/me／／elsewhere.example",
    "/api/v1/session/sign-out",
    "",
]


@pytest.mark.parametrize("back_to", ELSEWHERE, ids=ascii)
async def test_no_address_given_to_sign_in_leads_elsewhere(house: House, browser: Browser, back_to: str) -> None:
    begun = await browser.get(f"/api/v1/session/sign-in?back_to={quote(back_to)}&back_to={quote(back_to)}")
    page = await browser.get(begun.headers["location"])
    done = await browser.get(await browser.choose(page))
    assert done.headers["location"] == house.settings.home
    assert [cookie for cookie in done.headers.get_list("set-cookie") if "planted" in cookie] == []


@pytest.mark.parametrize("back_to", ["/me", "/me/records", "/me/records/rec-1/certificate"])
async def test_one_comes_back_to_the_page_that_asked(browser: Browser, back_to: str) -> None:
    begun = await browser.get("/api/v1/session/sign-in", params={"back_to": back_to})
    done = await browser.get(await browser.choose(await browser.get(begun.headers["location"])))
    assert done.headers["location"] == back_to


async def test_every_sign_in_gives_a_new_session_and_ends_the_last(house: House, browser: Browser) -> None:
    tokens: list[str] = []
    for _ in range(3):
        await browser.sign_in()
        tokens.append(browser.cookies["chengxin"])
    assert len(set(tokens)) == 3
    seen: list[bool] = []
    for token in tokens:
        async with house.browser() as other:
            other.cookies.set("chengxin", token, domain="portal.example")
            seen.append((await other.get("/api/v1/session")).json()["signed_in"])
    assert seen == [False, False, True]


async def test_a_session_that_was_signed_out_stays_so_for_whoever_kept_its_cookie(house: House) -> None:
    async with house.browser() as browser, house.browser() as thief:
        await browser.sign_in()
        thief.cookies.set("chengxin", browser.cookies["chengxin"], domain="portal.example")
        assert (await thief.get("/api/v1/session")).json()["signed_in"] is True
        await browser.act("/api/v1/session/sign-out")
        assert (await thief.get("/api/v1/me/records")).json()["reason"] == "SIGN_IN_REQUIRED"


CLAIMED = {
    ASSERTION: "eyJhbGciOiJub25lIn0.e30.",
    "Authorization": "Bearer admin",
    "X-Role": "auditor",
    "X-Roles": "auditor,steward,case_officer,clerk",
    "X-User": "auditor-1",
    "X-Authority": "114399990000000010",
    "X-Officer": "114399990000000010-1",
    "X-Remote-User": "auditor",
    "Remote-User": "auditor",
    "X-Forwarded-User": "auditor",
    "X-Forwarded-Groups": "auditor",
    "X-Auth-Request-User": "auditor",
    "X-Client-Cert": "-----BEGIN CERTIFICATE-----",
    "X-SSL-Client-Verify": "SUCCESS",
    "X-Original-URL": "/api/v1/public/catalog",
    "X-Rewrite-URL": "/api/v1/public/catalog",
    "X-HTTP-Method-Override": "GET",
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Host": "elsewhere.example",
    "Forwarded": "for=127.0.0.1;host=elsewhere.example;proto=https",
}


async def test_no_header_signs_anybody_in(open_house: OpenHouse) -> None:
    house = full_house(open_house)
    async with house.browser() as browser:
        for way in ways(house.app):
            plain = await browser.request(way.method, way.address(MINE))
            calls = [asked.method for asked in house.offices.asked]
            house.offices.asked.clear()
            claiming = await browser.request(way.method, way.address(MINE), headers=CLAIMED)
            assert claiming.status_code == plain.status_code, way
            assert "elsewhere.example" not in str(claiming.headers) + claiming.text, way
            assert [asked.method for asked in house.offices.asked] == calls, way
            assert all(not asked.token for asked in house.offices.asked), way
            house.offices.asked.clear()


async def test_no_header_makes_a_party_somebody_else(open_house: OpenHouse) -> None:
    house = full_house(open_house)
    async with house.browser() as browser:
        for way in ways(house.app):
            if way.method != "GET" or way.path.startswith("/api/v1/session/"):
                continue
            # An official's page too: a party is no official for saying so.
            await enter(house, browser)
            plain = await browser.get(way.address(MINE))
            house.offices.asked.clear()
            claiming = await browser.get(way.address(MINE), headers=CLAIMED)
            assert claiming.status_code == plain.status_code, way
            for asked in house.offices.asked:
                assert asked.token != CLAIMED[ASSERTION], way
                assert asked.officer is None, way
                if asked.token:
                    assert asked.person is not None, way
                    assert asked.person.identifier.value.reveal() == PARTY, way

"""What every page is sent with, and what none of them holds: walked by reflection, filled to the brim."""

from __future__ import annotations

import itertools

import httpx
import pytest

from gateway.app import create_app
from gateway.pages import LANGUAGES
from tests.services.gateway.conftest import PERSON, OpenHouse
from tests.services.gateway.walking import MINE, NOBODYS, PARTY, Page, Way, enter, full_house, pages, ways

PAGES = pages(create_app())
HTML = {"Accept": "text/html"}
EXACTLY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}
SECOND = {name: value.replace("-1", "-2") for name, value in MINE.items()}
NOT_AUTHORITY = "chengxin-language"
"""The one cookie that says nothing about who somebody is."""


def exactly(way: Way, answer: httpx.Response) -> None:
    """What a page is sent with; where it needs no session its reader may keep it, and asks before each use."""
    if not answer.headers.get("content-type", "").startswith("text/html"):
        assert answer.headers["content-security-policy"].startswith("default-src 'none'"), way
        return
    expected = dict(EXACTLY)
    if way.for_all and answer.status_code == 200:
        assert answer.headers["cache-control"] in ("no-store", "private, no-cache")
        expected["cache-control"] = answer.headers["cache-control"]
    assert {name: answer.headers[name] for name in EXACTLY} == expected, way
    page = Page(answer.text)
    assert page.elements
    assert page.faults == [], way


@pytest.mark.parametrize("way", PAGES, ids=str)
async def test_a_page_full_of_everything_is_sent_as_every_page(open_house: OpenHouse, way: Way) -> None:
    house = full_house(open_house)
    async with house.browser() as browser:
        await enter(house, browser, way)
        for ids, language in itertools.product((MINE, SECOND), LANGUAGES):
            answer = await browser.get(way.address(ids), params={"lang": language}, headers=HTML)
            assert answer.status_code in (200, 303), answer.text
            exactly(way, answer)
            # What is in an address is in histories, in logs and in what is passed on.
            for personal in (PERSON["name"], PARTY, browser.csrf):
                assert not [link for link in Page(answer.text).links if personal in link]


@pytest.mark.parametrize("way", PAGES, ids=str)
async def test_a_page_of_nothing_is_sent_as_every_page(open_house: OpenHouse, way: Way) -> None:
    house = full_house(open_house)
    async with house.browser() as browser:
        exactly(way, await browser.get(way.address(NOBODYS), headers=HTML))
        await enter(house, browser, way)
        house.offices.answers = {}
        exactly(way, await browser.get(way.address(NOBODYS), headers=HTML))


@pytest.mark.parametrize("way", [way for way in PAGES if way.for_all], ids=str)
async def test_a_page_that_is_kept_keeps_its_policy(open_house: OpenHouse, way: Way) -> None:
    """What a browser keeps is shown by the headers of the 304: with another policy it has no style any more."""
    house = full_house(open_house)
    async with house.browser() as browser:
        first = await browser.get(way.address(MINE), headers=HTML)
        again = await browser.get(way.address(MINE), headers={**HTML, "If-None-Match": first.headers.get("etag", "")})
        assert again.status_code == (304 if "etag" in first.headers else 200), way
        for name in EXACTLY:
            assert again.headers[name] == first.headers[name], way
        assert again.headers.get("content-language") == first.headers.get("content-language")


@pytest.mark.parametrize("path", ["/nowhere", "/me/", "/<script>", "/api/v1/session/callback"])
async def test_a_refusal_is_sent_as_every_page(open_house: OpenHouse, path: str) -> None:
    async with open_house().browser() as browser:
        answer = await browser.get(path, headers=HTML)
        assert answer.status_code >= 400
        assert {name: answer.headers[name] for name in EXACTLY} == EXACTLY
        assert Page(answer.text).faults == []


async def test_what_is_no_page_may_show_and_load_nothing(open_house: OpenHouse) -> None:
    house = full_house(open_house)
    async with house.browser() as browser:
        for way in ways(house.app):
            await enter(house, browser, way)
            answer = await browser.request(way.method, way.address(MINE))
            if not answer.headers.get("content-type", "").startswith("text/html"):
                csp = answer.headers["content-security-policy"]
                assert csp.startswith("default-src 'none'"), way
                assert "script-src" not in csp, way
            assert answer.headers["x-content-type-options"] == "nosniff", way
            assert answer.headers["cache-control"] in ("no-store", "private, no-cache"), way
            assert "strict-transport-security" not in answer.headers, way


async def test_under_https_everything_stays_there_and_cookies_are_this_hosts(open_house: OpenHouse) -> None:
    house = full_house(open_house, public_url="https://portal.example")
    async with house.browser() as browser:
        browser.base_url = "https://portal.example"
        done = await browser.sign_in()
        cookies = done.headers.get_list("set-cookie")
        for way in ways(house.app):
            if str(way) in ("POST /sign-out", "POST /api/v1/session/sign-out"):
                continue
            answer = await browser.request(way.method, way.address(MINE), params={"lang": "en"}, headers=HTML)
            assert answer.headers["strict-transport-security"].startswith("max-age=31536000"), way
            cookies += answer.headers.get_list("set-cookie")
        cookies += (await browser.act("/api/v1/session/sign-out")).headers.get_list("set-cookie")
    names = {cookie.partition("=")[0] for cookie in cookies}
    assert names == {"__Host-chengxin", "__Host-chengxin-sign-in", NOT_AUTHORITY}
    for cookie in cookies:
        flags = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= flags, cookie
        assert not [flag for flag in flags if flag.startswith("domain")], cookie


def test_the_walk_finds_the_pages() -> None:
    assert {"GET /", "GET /me", "GET /me/records", "GET /me/records/{record_id}"} <= set(map(str, PAGES))


@pytest.mark.parametrize(
    "html",
    [
        "<p onclick=x>",
        "<style>a{}</style>",
        "<p style='color:red'>",
        "<script>x</script>",
        "<script src=//elsewhere.example/x.js></script>",
        "<a href=javascript:x>",
        "<a href='//elsewhere.example'>",
        "<form action=https://elsewhere.example>",
        "<base href=/x>",
        "<meta http-equiv=refresh>",
    ],
)
def test_the_reader_of_pages_sees_what_must_not_be_there(html: str) -> None:
    assert Page(html).faults

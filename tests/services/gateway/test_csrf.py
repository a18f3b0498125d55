"""No request that changes anything goes without the token of its own session: every route, walked by reflection."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.app import create_app
from tests.services.gateway.conftest import OpenHouse
from tests.services.gateway.walking import MINE, Way, changing, enter, full_house

OPEN_TO_ALL = {
    "POST /public/records": "a search, by a form so that no name stands in an address",
    "POST /public/verify": "a look at what was pasted; nothing is kept",
    "POST /api/v1/public/verify": "the same",
}
"""Routes that need no session and change nothing, with the reason."""
WAYS = [way for way in changing(create_app()) if str(way) not in OPEN_TO_ALL]


def forged(way: Way, token: str | None) -> list[dict[str, Any]]:
    """What a stranger's page could make a browser send to the route."""
    if token is None:
        return [{}, {"data": {"x": "1"}}, {"content": "csrf_token=", "headers": {"Content-Type": "text/plain"}}]
    if way.is_page:
        # The header is for scripts; a page's form carries its own.
        return [{"data": {"csrf_token": token}}, {"files": {"csrf_token": (None, token)}}]
    return [{"headers": {"X-CSRF-Token": token}}, {"headers": {"X-CSRF-Token": token}, "json": {}}]


@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_a_request_without_its_sessions_token_changes_nothing(open_house: OpenHouse, way: Way) -> None:
    house = full_house(open_house)
    async with house.browser() as victim, house.browser() as attacker:
        await enter(house, victim, way)
        await enter(house, attacker, way, other=True)
        for token in (None, "", "x", attacker.csrf, victim.csrf[:-1], victim.csrf + " ", "é" * 43):
            for sent in forged(way, token):
                for name, value in (sent.get("headers") or {}).items():
                    sent["headers"][name] = value.encode()
                house.offices.asked.clear()
                answer = await victim.request(way.method, way.address(MINE), **sent)
                problem = answer.json()
                assert (answer.status_code, problem["reason"]) == (403, "CSRF_TOKEN_WRONG"), (sent, problem)
                assert house.offices.asked == []
        assert (await victim.get("/api/v1/session")).json()["csrf_token"] == victim.csrf


@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_the_token_in_the_address_counts_for_nothing(open_house: OpenHouse, way: Way) -> None:
    house = full_house(open_house)
    async with house.browser() as victim:
        await enter(house, victim, way)
        address = f"{way.address(MINE)}?csrf_token={victim.csrf}&x_csrf_token={victim.csrf}"
        victim.cookies.set("csrf_token", victim.csrf)
        answer = await victim.request(way.method, address)
        assert (answer.status_code, answer.json()["reason"]) == (403, "CSRF_TOKEN_WRONG")
        assert house.offices.asked == []


@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_nobody_changes_anything_without_a_session(open_house: OpenHouse, way: Way) -> None:
    house = full_house(open_house)
    async with house.browser() as nobody:
        answer = await nobody.request(way.method, way.address(MINE), headers={"X-CSRF-Token": "x"})
        assert (answer.status_code, answer.json()["reason"]) == (401, "SIGN_IN_REQUIRED")
        assert house.offices.asked == []


def test_what_is_open_to_all_asks_nobody_to_sign_in() -> None:
    assert {str(way) for way in changing(create_app()) if way.for_all} == set(OPEN_TO_ALL)


def test_the_walk_finds_forms_and_calls() -> None:
    assert {"POST /sign-out", "POST /api/v1/session/sign-out", "POST /api/v1/me/applications"} <= set(map(str, WAYS))

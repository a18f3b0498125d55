"""Another's thing looks like none: every route that takes an id, walked by reflection, answers both alike.

The offices here know what belongs to whom and say it openly ("not yours"), as an office may; what reaches the browser
must not tell the two apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from google.protobuf.message import Message

from foundation.reasons import NOT_FOUND
from foundation.refusal import Kind, Reason, Refused, Wording
from gateway.app import create_app
from gateway.pages import sent_form
from tests.services.gateway.conftest import Browser, House, OpenHouse
from tests.services.gateway.walking import (
    MINE,
    NOBODYS,
    PARTY,
    STAFF,
    Everything,
    Way,
    enter,
    filled,
    full_house,
    ids_in,
    ways,
)

NOT_YOURS = Reason("NOT_YOURS", Kind.DENIED, Wording("It is another's.", "None.", "test"))
KNOWN = {*MINE.values(), *(value.replace("-1", "-2") for value in MINE.values())}


@dataclass(frozen=True)
class Case:
    """What to send besides the path; `{record_id}` and the like stand for ids. `status`: where it has no 404."""

    send: dict[str, Any] = field(default_factory=dict)
    status: int = 404


EVIDENCE = {"data": {"description": "x"}, "files": {"file": ("f.txt", b"x", "text/plain")}}
REPORT = {"report": "x"}
FORM = {"record": "{record_id}", "correction": "x", "commitment": "yes", "key": "k"}
REASONS = {"reasons": "x", "verification": "x"}
CASES = {
    "GET /me/records/{record_id}": Case(),
    "GET /me/records/{record_id}/certificate": Case(),
    "GET /api/v1/me/records/{record_id}/withdrawal-certificate": Case(),
    "GET /api/v1/me/accesses/{source}/{entry_id}/receipt": Case(),
    "GET /api/v1/me/records/{record_id}/eligibility": Case(),
    "POST /api/v1/me/applications": Case(
        {
            "json": {"record_id": "{record_id}", "correction": "x", "commitment": True},
            "headers": {"Idempotency-Key": "k"},
        }
    ),
    "GET /api/v1/me/applications/{application_id}": Case(),
    "POST /api/v1/me/applications/{application_id}/evidence": Case(EVIDENCE),
    "POST /api/v1/me/applications/{application_id}/withdraw": Case(),
    "GET /me/looks/{source}/{entry_id}": Case(),
    "GET /me/looks/{source}/{entry_id}/receipt.txt": Case(),
    "POST /me/looks/{source}/{entry_id}/report": Case({"data": REPORT}),
    "POST /api/v1/me/accesses/{source}/{entry_id}/report": Case({"json": REPORT}),
    "GET /me/reports/{matter_id}": Case(),
    "GET /api/v1/me/reports/{matter_id}": Case(),
    "POST /me/repair": Case({"data": FORM}),
    "POST /me/repair/submit": Case({"data": FORM}),
    "GET /me/applications/{application_id}": Case(),
    "POST /me/applications/{application_id}/evidence": Case(
        {**EVIDENCE, "data": {"csrf_token": "", **EVIDENCE["data"]}}  # the form brings it first
    ),
    "GET /me/applications/{application_id}/withdraw": Case(),
    "POST /me/applications/{application_id}/withdraw": Case(),
    "GET /staff/repair/{application_id}": Case(),
    "POST /staff/repair/{application_id}/acceptance": Case({"data": {"outcome": "accept"}}),
    "POST /staff/repair/{application_id}/decision": Case({"data": {"outcome": "grant", **REASONS}}),
    "GET /api/v1/staff/repair/applications/{application_id}": Case(),
    "GET /api/v1/staff/repair/applications/{application_id}/evidence/{evidence_id}": Case(),
    "POST /api/v1/staff/repair/applications/{application_id}/acceptance": Case({"json": {"missing": []}}),
    "POST /api/v1/staff/repair/applications/{application_id}/decision": Case({"json": {"grant": True, **REASONS}}),
    "POST /staff/repair/{application_id}/extension": Case({"data": {"outcome": "extend", "extension": "x"}}),
    "POST /api/v1/staff/repair/applications/{application_id}/extension": Case({"json": {"reasons": "x"}}),
    "POST /api/v1/staff/audit/matters/{matter_id}/taking-up": Case({"json": {"text": "x"}}),
    "POST /api/v1/staff/audit/matters/{matter_id}/decision": Case({"json": {"text": "x", "upheld": True}}),
    "POST /api/v1/staff/audit/matters/{matter_id}/answer": Case({"json": {"text": "x"}}),
    "GET /staff/audit/matters/{matter_id}": Case(),
    "GET /api/v1/staff/audit/matters/{matter_id}": Case(),
    "POST /staff/audit/matters/{matter_id}": Case({"data": {"state": "0"}}),
}
"""Every route that takes an id. One that is missing here fails by its name."""
QUESTION = "a question that the office answers or refuses, and journals"
NO_IDS = {
    "POST /staff/desk": "who stands at the desk: any party, counted and named in every entry",
    "POST /api/v1/staff/desk/sessions": "the same",
    "POST /desk/end": "its own session",
    "POST /sign-out": "its own session",
    "GET /me/looks": "how many to show",
    "GET /api/v1/me/accesses": "from where on to show its own",
    "GET /me/repair": "a record to choose beforehand, of those that it lists",
    "GET /me/repair/submitted": "how many of its own to show",
    "GET /staff/audit/report/{source}/{entry_id}": "an empty form, which asks no office",
    "POST /staff/audit/report/{source}/{entry_id}": "any entry: to an auditor none is another's",
    "POST /api/v1/staff/audit/accesses/{source}/{entry_id}/report": "the same",
    "POST /staff/audit": QUESTION,
    "POST /staff/audit/export": QUESTION,
    "POST /api/v1/staff/audit/accesses/export": QUESTION,
    "POST /api/v1/staff/audit/accesses/search": QUESTION,
    **{str(way): QUESTION for way in ways(create_app()) if "/staff/audit/questions/" in way.path},
}
"""Routes that take something which is nobody's id, and what it is."""


def takes_something(way: Way) -> bool:
    """Whether what somebody who is signed in gets varies with what is sent."""
    dependant = way.route.dependant
    return not way.for_all and bool(
        way.parameters or dependant.query_params or dependant.body_params or sent_form in way.asks
    )


WAYS = {str(way): way for way in ways(create_app())}


@pytest.mark.parametrize("way", [way for way in WAYS.values() if takes_something(way)], ids=str)
def test_every_route_that_takes_an_id_has_a_case(way: Way) -> None:
    assert (str(way) in CASES) != (str(way) in NO_IDS), f"{way} needs a case in {__name__}"


def test_every_case_is_a_routes() -> None:
    assert {*CASES, *NO_IDS} <= set(WAYS)


class Owning(Everything):
    """Offices in which everything belongs to one party: the others' lists are empty, and ids are told as they are."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self._house = house

    def __missing__(self, method: str) -> Any:
        whole = super().__missing__(method)

        def answer(request: Any) -> Message:
            asked = self._house.offices.asked[-1]
            who = asked.officer.authority if asked.officer else asked.person and asked.person.identifier.value.reveal()
            ids = set(ids_in(request))
            if who in (None, PARTY, STAFF):
                if ids - KNOWN:
                    raise Refused(NOT_FOUND)
                return whole
            if ids:
                raise Refused(NOT_YOURS if ids & KNOWN else NOT_FOUND)
            return filled(type(whole), "", depth=0)

        return answer


async def ask(browser: Browser, way: Way, case: Case, ids: dict[str, str], media_type: str) -> httpx.Response:
    """Ask for the thing of those ids, with the token of the browser's own session."""
    sent = _with_ids(case.send, ids)
    sent["headers"] = {"X-CSRF-Token": browser.csrf, "Accept": media_type, **sent.get("headers", {})}
    if way.is_page and way.method == "POST":
        sent["data"] = {**sent.get("data", {}), "csrf_token": browser.csrf}
    return await browser.request(way.method, way.address(ids), **sent)


def _with_ids(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _with_ids(inner, ids) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_ids(inner, ids) for inner in value]
    return re.sub(r"{(\w+_id)}", lambda found: ids[found[1]], value) if isinstance(value, str) else value


def seen(answer: httpx.Response, ids: dict[str, str]) -> tuple[Any, ...]:
    """Everything of an answer but what names this occurrence, and the address that was asked for."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", answer.text)
    headers = {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "date")}
    assert not [value for value in ids.values() if len(value) > 1 and value in text]
    return answer.status_code, text, headers


@pytest.mark.parametrize("name", CASES)
async def test_another_s_thing_looks_like_none(open_house: OpenHouse, name: str) -> None:
    way, case = WAYS[name], CASES[name]
    house = full_house(open_house)
    house.offices.answers = Owning(house)
    async with house.browser() as owner, house.browser() as stranger, house.browser() as nobody:
        await enter(house, owner, way)
        await enter(house, stranger, way, other=True)
        for media_type in ("application/json", "text/html", "text/plain"):
            own = await ask(owner, way, case, MINE, media_type)
            assert own.status_code < 400, f"{way} does not reach the owner's own: {own.text}"
            others = seen(await ask(stranger, way, case, MINE, media_type), MINE)
            nothing = seen(await ask(stranger, way, case, NOBODYS, media_type), NOBODYS)
            assert others == nothing
            assert others[0] == case.status
        house.offices.asked.clear()
        for ids in (MINE, NOBODYS):
            unknown = await ask(nobody, way, case, ids, "application/json")
            assert (unknown.status_code, unknown.json()["reason"]) == (401, "SIGN_IN_REQUIRED")
        assert house.offices.asked == []


ODD = ["%2e%2e", "rec-1%2f..%2frec-1", "rec-1%00", "rec-1 ", "REC-1", "rec-1;x", "%ff", "x" * 65, "\u202e1-cer"]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "_id}" in name])
async def test_an_odd_id_is_no_way_round(open_house: OpenHouse, name: str) -> None:
    way, case = WAYS[name], CASES[name]
    house = full_house(open_house)
    house.offices.answers = Owning(house)
    async with house.browser() as owner:
        await enter(house, owner, way)
        for odd in ODD:
            answer = await ask(owner, way, case, dict.fromkeys(MINE, odd), "application/json")
            assert answer.status_code in (400, 404, 405), (odd, answer.text)

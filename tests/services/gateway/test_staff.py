"""Officials sign in as officials: what they assert, whose doors stay shut, what must sign nobody in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from chengxin.repair.v1 import desk_pb2
from foundation.access import issue_assertion
from foundation.refusal import Refused
from gateway.wiring import read_key
from tests.services.gateway.conftest import Browser, House, OpenHouse

MARKET = "11439999000000002L"
QUEUE = "/api/v1/staff/repair/applications"
OFFICIAL = {"name": "样例经办", "sub": "样例-repair-1", "authority": MARKET, "roles": "repair_officer"}


async def on_duty(browser: Browser, **typed: str) -> int:
    """Sign in as an official; gives the status of the provider's answer."""
    sent = await browser.get("/api/v1/session/sign-in", params={"back_to": "/staff"})
    done = await browser.get(await browser.choose(await browser.get(sent.headers["location"]), **{**OFFICIAL, **typed}))
    if done.status_code == 303:
        browser.csrf = (await browser.get("/api/v1/session")).json()["csrf_token"]
    return done.status_code


async def test_an_official_is_asserted_with_authority_and_role(house: House, browser: Browser) -> None:
    assert await on_duty(browser) == 303
    shown = (await browser.get("/api/v1/session")).json()
    assert (shown["authority"], shown["roles"], shown["identifier_kind"]) == (MARKET, ["repair_officer"], None)
    assert (await browser.get(QUEUE)).status_code == 200
    officer = house.offices.last("ListApplications").officer
    assert officer is not None
    assert (officer.subject.reveal(), officer.authority, officer.roles) == (
        OFFICIAL["sub"],
        MARKET,
        frozenset({"repair_officer"}),
    )


async def test_a_role_in_a_header_a_query_or_a_cookie_counts_for_nothing(house: House, browser: Browser) -> None:
    await on_duty(browser)
    browser.cookies.set("roles", "auditor", domain="portal.example")
    headers = {"X-Roles": "auditor", "X-Authority": "114399990000000079", "chengxin-assertion": "forged"}
    answer = await browser.get("/api/v1/staff/audit/matters", params={"roles": "auditor"}, headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (403, "OFFICER_ROLE_REQUIRED")
    await browser.get(QUEUE, headers=headers)
    officer = house.offices.last("ListApplications").officer
    assert officer is not None
    assert (officer.authority, officer.roles) == (MARKET, frozenset({"repair_officer"}))


@pytest.mark.parametrize("path", [QUEUE, "/staff/repair", "/staff/audit", "/staff", "/api/v1/staff/audit/matters"])
async def test_a_party_has_no_way_to_the_pages_of_officials(visitor: Browser, house: House, path: str) -> None:
    before = len(house.offices.asked)
    answer = await visitor.get(path)
    assert (answer.status_code, answer.json()["reason"]) == (403, "OFFICER_ROLE_REQUIRED")
    assert len(house.offices.asked) == before


@pytest.mark.parametrize("path", ["/me", "/me/records", "/api/v1/me/records", "/api/v1/me/accesses"])
async def test_an_official_has_no_way_to_the_pages_of_parties(browser: Browser, house: House, path: str) -> None:
    await on_duty(browser)
    assert (await browser.get(path)).json()["reason"] == "PARTY_SESSION_REQUIRED"
    assert house.offices.asked == []


async def test_nobody_is_a_party_and_an_official_at_once(house: House, visitor: Browser) -> None:
    party = visitor.cookies["chengxin"]
    await on_duty(visitor)
    assert visitor.cookies["chengxin"] != party
    assert await house.counter.sessions.find(party) is None
    assert (await visitor.get("/api/v1/me/records")).status_code == 401


async def test_a_session_planted_before_an_official_signs_in_is_worth_nothing_after(house: House) -> None:
    async with house.browser() as attacker, house.browser() as victim:
        await attacker.sign_in()
        planted = attacker.cookies["chengxin"]
        victim.cookies.set("chengxin", planted, domain="portal.example")
        await on_duty(victim)
        assert victim.cookies["chengxin"] != planted
        assert (await attacker.get("/api/v1/session")).json()["signed_in"] is False
        assert (await attacker.get(QUEUE)).status_code == 401


async def test_a_partys_answer_signs_no_official_in(house: House, browser: Browser) -> None:
    """The code of a party's sign-in, brought to a sign-in of officials."""
    page = await browser.begin()
    party = await browser.choose(page)
    sent = await browser.get("/api/v1/session/sign-in", params={"back_to": "/staff"})
    state = dict(part.split("=", 1) for part in sent.headers["location"].split("?", 1)[1].split("&"))["state"]
    code = dict(part.split("=", 1) for part in party.split("?", 1)[1].split("&"))["code"]
    refused = await browser.get("/api/v1/session/callback", params={"code": code, "state": state})
    assert refused.json()["reason"] == "SIGN_IN_FAILED"
    assert (await browser.get(QUEUE)).status_code == 401


async def test_the_second_factor_is_demanded(house: House, browser: Browser) -> None:
    assert house.counter.staff is not None
    house.counter.staff.accepted_acr = frozenset({"urn:acr:two-factors"})
    assert await on_duty(browser) == 403
    assert (await browser.get("/api/v1/session")).json()["signed_in"] is False


@pytest.mark.parametrize(
    ("typed", "status"),
    [({"roles": "cook steward"}, 403), ({"authority": "114399990000000099"}, 403), ({"sub": "x" * 64}, 303)],
)
async def test_who_the_directory_does_not_know_well_is_no_official(
    browser: Browser, typed: dict[str, str], status: int
) -> None:
    assert await on_duty(browser, **typed) == status


async def test_a_changing_request_of_an_official_needs_its_token(house: House, browser: Browser) -> None:
    await on_duty(browser)
    body = {"grant": True, "reasons": "样例", "verification": "样例"}
    refused = await browser.post(f"{QUEUE}/app-1/decision", json=body)
    assert refused.json()["reason"] == "CSRF_TOKEN_WRONG"
    assert (await browser.act(f"{QUEUE}/app-1/decision", json=body)).status_code == 200
    assert house.offices.last("DecideApplication").request.grant is True


async def test_evidence_is_a_download_and_never_a_page(house: House, browser: Browser) -> None:
    await on_duty(browser)
    name = '样例"; filename="x.html\r\nX: y/../<b>.txt'
    file = desk_pb2.EvidenceFile(evidence_id="ev-1", header={"file_name": name, "media_type": "text/html"}, size=8)
    house.offices.answers["ReadEvidence"] = [
        desk_pb2.ReadEvidenceResponse(file=file),
        desk_pb2.ReadEvidenceResponse(content=b"<script>"),
    ]
    answer = await browser.get(f"{QUEUE}/app-1/evidence/ev-1")
    assert answer.content == b"<script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith('attachment; filename="evidence"; filename*=')
    assert answer.headers["content-disposition"].count('"') == 2
    assert "x" not in answer.headers


async def test_the_session_of_an_official_ends_as_any(house: House, browser: Browser) -> None:
    await on_duty(browser)
    house.clock.ahead = timedelta(minutes=31)
    assert (await browser.get(QUEUE)).status_code == 401


def test_an_assertion_of_another_certificate_or_an_old_one_is_refused(house: House) -> None:
    issuers, key = house.offices.issuers, read_key(Path(str(house.settings.staff_issuer_key)))
    now = datetime.now(UTC)
    made = {"kid": "development-staff-1", "issuer": "development-staff", "kind": "officer", "now": now}
    claims = {"sub": "样例", "authority": MARKET, "roles": ["auditor"]}
    token = issue_assertion(key, claims=claims, bound_to=b"\1" * 32, **made)  # type: ignore[arg-type]
    assert issuers.officer(token, bound_to=b"\1" * 32, now=now).authority == MARKET
    for bound_to, at in ((b"\2" * 32, now), (b"\1" * 32, now + timedelta(minutes=3))):
        with pytest.raises(Refused):
            issuers.officer(token, bound_to=bound_to, now=at)


async def test_a_house_without_a_provider_of_officials_has_no_pages_of_theirs(
    open_house: OpenHouse, tmp_path: Path
) -> None:
    secret = tmp_path / "oidc-secret"
    secret.write_text("secret")
    real = {"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": "g", "oidc_client_secret": secret, "oidc_acr": "a"}
    house = open_house(dev_idp=False, **real)
    async with house.browser() as browser:
        assert (await browser.get("/api/v1/session/sign-in", params={"back_to": "/staff"})).status_code == 404
    with pytest.raises(ValidationError, match="CHENGXIN_STAFF_OIDC_ACR"):
        open_house(
            dev_idp=False, **real, staff_oidc_issuer="x", staff_oidc_client_id="y", staff_oidc_client_secret=secret
        )

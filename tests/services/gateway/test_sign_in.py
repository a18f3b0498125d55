"""Signing in by OpenID Connect with PKCE, and what must not sign anybody in."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from foundation.refusal import Refused
from tests.services.gateway.conftest import PERSON, PERSON_NUMBER, Browser, House, OpenHouse, query_of


async def test_a_person_signs_in_and_out(house: House, browser: Browser) -> None:
    assert (await browser.get("/api/v1/session")).json()["signed_in"] is False
    done = await browser.sign_in()
    assert done.headers["location"] == house.settings.home
    shown = (await browser.get("/api/v1/session")).json()
    assert shown["signed_in"] is True
    assert shown["name"] == PERSON["name"]
    assert PERSON_NUMBER not in str(shown)
    left = await browser.act("/api/v1/session/sign-out")
    assert left.status_code == 204
    assert (await browser.get("/api/v1/me/records")).json()["reason"] == "SIGN_IN_REQUIRED"


async def test_the_code_is_bound_to_its_verifier_by_s256(house: House, browser: Browser) -> None:
    sent = query_of((await browser.get("/api/v1/session/sign-in")).headers["location"])
    assert sent["code_challenge_method"] == "S256"
    page = await browser.get("/dev-idp/authorize", params=sent)
    code = query_of(await browser.choose(page))["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": sent["redirect_uri"],
        "code_verifier": "guessed" * 7,
    }
    secret = house.counter.identity.client_secret
    refused = await browser.post("/dev-idp/token", data=form, auth=("chengxin-gateway", secret))
    assert refused.json() == {"error": "invalid_grant"}


async def test_the_token_endpoint_wants_the_clients_secret(browser: Browser) -> None:
    location = await browser.choose(await browser.begin())
    form = {
        "grant_type": "authorization_code",
        "code": query_of(location)["code"],
        "redirect_uri": location.partition("?")[0],
        "code_verifier": "x" * 43,
    }
    refused = await browser.post("/dev-idp/token", data=form, auth=("chengxin-gateway", "guess"))
    assert refused.status_code == 401


async def test_an_answer_serves_only_the_browser_that_began(house: House, browser: Browser) -> None:
    location = await browser.choose(await browser.begin())
    async with house.browser() as other:
        refused = await other.get(location)
        assert refused.json()["reason"] == "SIGN_IN_FAILED"
        await other.begin()
        refused = await other.get(location)
        assert refused.json()["reason"] == "SIGN_IN_FAILED"
        assert (await other.get("/api/v1/session")).json()["signed_in"] is False


async def test_an_answer_serves_once(browser: Browser) -> None:
    location = await browser.choose(await browser.begin())
    ticket = browser.cookies["chengxin-sign-in"]
    assert (await browser.get(location)).status_code == 303
    browser.cookies.set("chengxin-sign-in", ticket, domain="portal.example")
    assert (await browser.get(location)).json()["reason"] == "SIGN_IN_FAILED"


@pytest.mark.parametrize("changed", [{"state": "x" * 43}, {"code": "x" * 43}, {"iss": "https://elsewhere.example"}])
async def test_a_changed_answer_signs_nobody_in(browser: Browser, changed: dict[str, str]) -> None:
    location = await browser.choose(await browser.begin())
    answer = {**query_of(location), **changed}
    refused = await browser.get("/api/v1/session/callback", params=answer)
    assert (refused.status_code, refused.json()["reason"]) == (403, "SIGN_IN_FAILED")


async def test_a_sign_in_expires_after_ten_minutes(house: House, browser: Browser) -> None:
    location = await browser.choose(await browser.begin())
    house.clock.ahead = timedelta(minutes=11)
    assert (await browser.get(location)).json()["reason"] == "SIGN_IN_FAILED"


async def test_a_session_planted_before_sign_in_is_worth_nothing_after(house: House) -> None:
    async with house.browser() as attacker, house.browser() as victim:
        await attacker.sign_in()
        planted = attacker.cookies["chengxin"]
        victim.cookies.set("chengxin", planted, domain="portal.example")
        await victim.sign_in(name="样例另一人", identifier_kind="passport", identifier="E12345678")
        assert victim.cookies["chengxin"] != planted
        assert (await attacker.get("/api/v1/session")).json()["signed_in"] is False


async def test_a_made_up_session_id_is_never_adopted(browser: Browser) -> None:
    made_up = "A" * 43
    browser.cookies.set("chengxin", made_up, domain="portal.example")
    await browser.sign_in()
    assert browser.cookies["chengxin"] != made_up


@pytest.mark.parametrize(
    "typed", [{"identifier": "439999198001010010"}, {"identifier_kind": "uscc"}, {"identifier": "４３９９９９"}]
)
async def test_a_number_that_is_not_right_signs_nobody_in(browser: Browser, typed: dict[str, str]) -> None:
    refused = await browser.sign_in(**typed)
    assert refused.json()["reason"] == "IDENTITY_NOT_VERIFIED"


async def test_an_assurance_that_is_not_accepted_signs_nobody_in(house: House, browser: Browser) -> None:
    house.counter.identity.accepted_acr = frozenset({"urn:other:acr"})
    assert (await browser.sign_in()).json()["reason"] == "IDENTITY_NOT_VERIFIED"


async def test_an_absent_provider_is_told(open_house: OpenHouse, tmp_path: Path) -> None:
    secret = tmp_path / "oidc-secret"
    secret.write_text("secret")
    house = open_house(
        dev_idp=False,
        oidc_issuer="http://127.0.0.1:9",
        oidc_client_id="gateway",
        oidc_client_secret=secret,
        oidc_acr="urn:acr:verified",
    )
    async with house.browser() as browser:
        refused = await browser.get("/api/v1/session/sign-in")
    assert (refused.status_code, refused.json()["reason"]) == (503, "SIGN_IN_UNAVAILABLE")


async def test_the_sign_in_page_says_that_it_is_for_development_only(browser: Browser) -> None:
    page = await browser.begin()
    assert "仅供开发" in page.text
    assert "DEVELOPMENT ONLY" in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]


async def test_the_sign_in_page_repeats_nothing_unescaped(browser: Browser) -> None:
    sent = query_of((await browser.get("/api/v1/session/sign-in")).headers["location"])
    page = await browser.get("/dev-idp/authorize", params={**sent, "state": '"><script>'})
    assert "<script>" not in page.text


async def test_the_provider_sends_nobody_elsewhere(browser: Browser) -> None:
    sent = query_of((await browser.get("/api/v1/session/sign-in")).headers["location"])
    elsewhere = {**sent, "redirect_uri": "https://elsewhere.example/"}
    assert (await browser.get("/dev-idp/authorize", params=elsewhere)).status_code == 400


async def test_the_provider_tells_the_claims_to_nobody_without_a_token(browser: Browser) -> None:
    refused = await browser.get("/dev-idp/userinfo", headers={"Authorization": "Bearer guess"})
    assert (refused.status_code, refused.json()) == (401, {"error": "invalid_token"})


async def test_the_provider_can_be_found_by_discovery(browser: Browser) -> None:
    found = (await browser.get("/dev-idp/.well-known/openid-configuration")).json()
    assert found["issuer"] == "http://portal.example/dev-idp"
    keys = (await browser.get(found["jwks_uri"])).json()["keys"]
    assert all("d" not in key for key in keys)


async def test_an_officer_is_asserted_to_one_certificate(house: House, browser: Browser) -> None:
    bound_to = b"\x07" * 32
    asked = {
        "sub": "officer-1",
        "authority": "114399990000000010",
        "roles": ["case_officer"],
        "fingerprint": bound_to.hex(),
    }
    token = (await browser.post("/dev-idp/officer-assertion", json=asked)).json()["assertion"]
    officer = house.offices.issuers.officer(token, bound_to=bound_to, now=house.clock())
    assert (officer.subject.reveal(), officer.authority) == (asked["sub"], asked["authority"])
    assert officer.roles == {"case_officer"}
    with pytest.raises(Refused, match="ASSERTION_INVALID"):
        house.offices.issuers.officer(token, bound_to=b"\x08" * 32, now=house.clock())


async def test_a_house_with_another_provider_has_no_development_provider(open_house: OpenHouse, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    house = open_house(
        dev_idp=False,
        oidc_issuer="https://idp.example",
        oidc_client_id="gateway",
        oidc_client_secret=tmp_path / "secret",
        oidc_acr="urn:acr:verified",
    )
    async with house.browser() as browser:
        for path in ("authorize", ".well-known/openid-configuration", "jwks", "userinfo"):
            assert (await browser.get(f"/dev-idp/{path}")).status_code == 404
        assert (await browser.post("/dev-idp/officer-assertion", json={})).status_code == 404

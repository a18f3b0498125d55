"""Sessions: whatever happens to Redis signs people out, never in."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import redis

from standalone.valkey import Valkey
from tests.services.gateway.conftest import PERSON, PERSON_NUMBER, Browser, House, OpenHouse
from tests.support.eventually import eventually

SESSIONS = "chengxin:session:*"


def only_session(house: House) -> bytes:
    """The Redis key of the one session that there is."""
    (key,) = house.redis.scan_iter(SESSIONS)
    return key


async def is_signed_in(browser: Browser) -> bool:
    """Whether the gateway takes the browser for somebody's."""
    return (await browser.get("/api/v1/session")).json()["signed_in"]


async def test_an_emptied_redis_signs_out(house: House, visitor: Browser) -> None:
    house.redis.delete(only_session(house))
    assert not await is_signed_in(visitor)
    assert (await visitor.get("/api/v1/me/records")).status_code == 401


@pytest.mark.parametrize(
    "damage",
    [
        lambda sealed: b"",
        lambda sealed: b"rubbish",
        lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]),
        lambda sealed: bytes([sealed[0] ^ 1]) + sealed[1:],
        lambda sealed: sealed[: len(sealed) // 2],
        lambda sealed: b'{"until": 9999999999, "value": {"kind": "resident_id"}}',
    ],
    ids=["empty", "rubbish", "last bit", "nonce", "half", "forged in clear"],
)
async def test_a_damaged_or_forged_entry_signs_out(
    house: House, visitor: Browser, damage: Callable[[bytes], bytes]
) -> None:
    key = only_session(house)
    sealed = house.redis.get(key)
    assert isinstance(sealed, bytes)
    house.redis.set(key, damage(sealed))
    assert not await is_signed_in(visitor)


async def test_an_entry_of_another_type_is_an_error_and_signs_nobody_in(house: House, visitor: Browser) -> None:
    key = only_session(house)
    house.redis.delete(key)
    house.redis.rpush(key, "rubbish")
    answer = await visitor.get("/api/v1/me/records")
    assert (answer.status_code, answer.json()["reason"]) == (503, "SESSIONS_UNAVAILABLE")


async def test_an_entry_moved_to_another_session_does_not_open(house: House, visitor: Browser) -> None:
    mine = only_session(house)
    async with house.browser() as other:
        await other.sign_in(identifier_kind="passport", identifier="E12345678", name="样例另一人")
        (theirs,) = set(house.redis.scan_iter(SESSIONS)) - {mine}
        sealed = house.redis.get(mine)
        assert isinstance(sealed, bytes)
        house.redis.set(theirs, sealed)
        assert not await is_signed_in(other)
    assert await is_signed_in(visitor)


async def test_an_entry_kept_too_long_by_redis_has_ended_all_the_same(house: House, visitor: Browser) -> None:
    house.redis.persist(only_session(house))
    house.clock.ahead = timedelta(minutes=31)
    assert not await is_signed_in(visitor)


async def test_a_session_ends_after_thirty_idle_minutes_and_not_before(house: House, visitor: Browser) -> None:
    house.redis.persist(only_session(house))
    for minutes in (29, 58, 87):
        house.clock.ahead = timedelta(minutes=minutes)
        assert await is_signed_in(visitor)
        house.redis.persist(only_session(house))
    house.clock.ahead = timedelta(minutes=118)
    assert not await is_signed_in(visitor)


async def test_a_session_in_use_ends_after_eight_hours(house: House, visitor: Browser) -> None:
    for minutes in range(20, 480, 20):
        house.redis.persist(only_session(house))
        house.clock.ahead = timedelta(minutes=minutes)
        assert await is_signed_in(visitor)
    house.redis.persist(only_session(house))
    house.clock.ahead = timedelta(hours=8, seconds=1)
    assert not await is_signed_in(visitor)


async def test_a_request_under_way_does_not_bring_a_closed_session_back(house: House, visitor: Browser) -> None:
    token = visitor.cookies["chengxin"]
    kept = await house.counter.store.get("session", token)
    assert kept is not None
    await house.counter.sessions.close(token)
    await house.counter.store.put("session", token, kept, life=timedelta(minutes=30), only_existing=True)
    assert not await is_signed_in(visitor)


async def test_redis_holds_nothing_personal_in_clear(house: House, visitor: Browser) -> None:
    await visitor.begin()
    held = b""
    for key in house.redis.scan_iter("*"):
        held += key
        if house.redis.type(key) == b"string":
            value = house.redis.get(key)
            assert isinstance(value, bytes)
            held += value
    assert only_session(house) in held
    for personal in (PERSON["name"], PERSON_NUMBER, visitor.cookies["chengxin"], visitor.csrf, "127.0.0.1"):
        assert personal.encode() not in held


async def test_a_changing_request_needs_the_sessions_own_token(house: House, visitor: Browser) -> None:
    async with house.browser() as other:
        await other.sign_in(identifier_kind="passport", identifier="E12345678")
        for token in ("", "x", other.csrf, visitor.csrf + "x"):
            answer = await visitor.post("/api/v1/session/sign-out", headers={"X-CSRF-Token": token})
            assert (answer.status_code, answer.json()["reason"]) == (403, "CSRF_TOKEN_WRONG")
    assert await is_signed_in(visitor)
    assert (await visitor.act("/api/v1/session/sign-out")).status_code == 204


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/me/applications",
        "/api/v1/me/applications/app-1/evidence",
        "/api/v1/me/applications/app-1/withdraw",
        "/api/v1/session/sign-out",
    ],
)
async def test_no_changing_route_goes_without_the_token(house: House, visitor: Browser, path: str) -> None:
    body = {"record_id": "rec-1", "correction": "done", "commitment": True}
    answer = await visitor.post(path, json=body, headers={"Idempotency-Key": "k"})
    assert answer.json()["reason"] == "CSRF_TOKEN_WRONG"
    assert not house.offices.asked


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(house: House, browser: Browser) -> None:
    done = await browser.sign_in()
    cookie = next(c for c in done.headers.get_list("set-cookie") if c.startswith("chengxin="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


async def test_under_https_the_cookie_is_secure_and_bound_to_the_host(open_house: OpenHouse) -> None:
    house = open_house(public_url="https://portal.example")
    async with house.browser() as browser:
        browser.base_url = "https://portal.example"
        done = await browser.sign_in()
    cookie = next(c for c in done.headers.get_list("set-cookie") if c.startswith("__Host-chengxin="))
    assert "Secure" in cookie
    assert done.headers["strict-transport-security"]


@pytest.fixture
def own_valkey(tmp_path: Path) -> Valkey:
    server = Valkey(tmp_path / "valkey", log=tmp_path / "valkey.log")
    server.start()
    return server


async def test_a_dead_or_hanging_redis_closes_the_counter_within_seconds(
    open_house: OpenHouse, own_valkey: Valkey
) -> None:
    house = open_house(redis_url=own_valkey.url)
    try:
        async with house.browser() as browser:
            await browser.sign_in()
            assert (await browser.get("/readyz")).status_code == 200
            (process,) = _processes_of(own_valkey)
            process.send_signal(signal.SIGSTOP)
            for path, reason in (
                ("/api/v1/me/records", "LIMITS_UNAVAILABLE"),
                ("/api/v1/public/records", "LIMITS_UNAVAILABLE"),
                ("/readyz", "SESSIONS_UNAVAILABLE"),
            ):
                answer = await browser.get(path)
                assert (answer.status_code, answer.json()["reason"]) == (503, reason)
                assert answer.headers["retry-after"]
            process.send_signal(signal.SIGCONT)
            assert await eventually(lambda: _ready(browser))
            process.kill()
            process.wait()
            assert (await browser.get("/api/v1/me/records")).status_code == 503
            assert (await browser.get("/healthz")).status_code == 200
    finally:
        own_valkey.stop()


async def _ready(browser: Browser) -> bool:
    return (await browser.get("/readyz")).status_code == 200


def _processes_of(server: Valkey) -> list[psutil.Process]:
    with redis.Redis.from_url(server.url) as client:
        return [psutil.Process(int(client.info("server")["process_id"]))]

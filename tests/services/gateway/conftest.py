"""A gateway in front of in-test offices, with real mutual TLS and a real Valkey."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import redis
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from fastapi import FastAPI
from starlette.datastructures import State

from foundation.identity import resident_check_digit
from gateway.app import create_app
from gateway.counter import Counter
from gateway.settings import GatewaySettings
from gateway.wiring import open_counter
from standalone.ca import DevelopmentCa, System, new_key, write_public
from tests.services.gateway import offices as in_test
from tests.services.gateway.offices import InTestOffices

PUBLIC_URL = "http://portal.example"
OPERATOR = "114399990000000010"
PERSON = {"name": "样例人员", "identifier_kind": "resident_id"}
_FIRST17 = "43999919800101001"
PERSON_NUMBER = _FIRST17 + resident_check_digit(_FIRST17)


class Clock:
    """Real time, which a test can move."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True)
class Identities:
    """Certificates and keys of one small house."""

    folder: Path

    def path(self, name: str) -> Path:
        """A file of it."""
        return self.folder / name


@pytest.fixture(scope="session")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Identities:
    folder = tmp_path_factory.mktemp("identities")
    ca = DevelopmentCa(folder, trust_domain="chengxin.example")
    now = datetime.now(UTC)
    ca.establish(now=now)
    for name in ("gateway", "office", "stranger"):
        public_key = new_key(folder / f"{name}.key")
        system = System(authority=OPERATOR, name=name, serves=True)
        certificate = ca.issue(system, public_key, days=1, now=now)
        write_public(folder / f"{name}.pem", certificate.public_bytes(Encoding.PEM))
    for issuer in ("person", "staff"):
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{issuer}-issuer.pem").write_bytes(pem)
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        (folder / f"{issuer}-issuer.pub").write_text(base64.b64encode(raw).decode())
    (folder / "cookie").write_bytes(b"c" * 32)
    return Identities(folder)


@pytest.fixture
async def offices(identities: Identities) -> AsyncIterator[tuple[InTestOffices, str]]:
    def public(name: str) -> str:
        return identities.path(f"{name}-issuer.pub").read_text()

    person = {"kid": "chengxin-gateway-1", "kind": "person", "issuer": "chengxin-gateway"}
    staff = {"kid": "development-staff-1", "kind": "officer", "issuer": "development-staff"}
    issuers = in_test.write_issuers(
        identities.path("issuers.json"),
        [{**person, "public_key": public("person")}, {**staff, "public_key": public("staff")}],
    )
    answering = InTestOffices(issuers, in_test.usual_answers())
    tls = in_test.credentials(
        cert=identities.path("office.pem"), key=identities.path("office.key"), ca=identities.path("ca.pem")
    )
    server, address = await in_test.start(answering, tls)
    yield answering, address
    await server.stop(grace=None)


def environment(identities: Identities, address: str, redis_url: str) -> dict[str, Any]:
    """The settings of a sample house's gateway, by field name."""
    return {
        "public_url": PUBLIC_URL,
        "cert": identities.path("gateway.pem"),
        "key": identities.path("gateway.key"),
        "ca": identities.path("ca.pem"),
        "catalog_address": address,
        "blacklist_address": address,
        "repair_address": address,
        "audit_address": address,
        "redis_url": redis_url,
        "cookie_secret": identities.path("cookie"),
        "person_issuer_key": identities.path("person-issuer.pem"),
        "dev_idp": True,
        "staff_issuer_key": identities.path("staff-issuer.pem"),
    }


class Browser(httpx.AsyncClient):
    """Keeps cookies, follows no redirect by itself."""

    csrf: str = ""

    async def begin(self) -> httpx.Response:
        """Go to the sign-in page of the development provider."""
        sent = await self.get("/api/v1/session/sign-in")
        assert sent.status_code == 303, sent.text
        page = await self.get(sent.headers["location"])
        assert page.status_code == 200, page.text
        return page

    async def choose(self, page: httpx.Response, **typed: str) -> str:
        """Post the sign-in page as somebody; return where the provider sends the browser."""
        form = {
            unescape(name): unescape(value)
            for name, value in re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
        }
        action = str(page.url.join("authorize").copy_with(query=None))
        chosen = {"choice": "typed", **PERSON, "identifier": PERSON_NUMBER, **typed}
        answer = await self.post(action, data={**form, **chosen})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def sign_in(self, **typed: str) -> httpx.Response:
        """Sign in and fetch the CSRF token."""
        done = await self.get(await self.choose(await self.begin(), **typed))
        if done.status_code == 303:
            self.csrf = (await self.get("/api/v1/session")).json()["csrf_token"]
        return done

    async def act(self, path: str, **options: Any) -> httpx.Response:
        """A changing request with the session's token."""
        headers = {"X-CSRF-Token": self.csrf, **options.pop("headers", {})}
        return await self.post(path, headers=headers, **options)


def query_of(url: str) -> dict[str, str]:
    """The query parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@dataclass
class House:
    """The gateway under test with what stands behind it."""

    app: FastAPI
    counter: Counter
    settings: GatewaySettings
    offices: InTestOffices
    clock: Clock
    redis: redis.Redis

    def browser(self, *, address: str = "127.0.0.1") -> Browser:
        """A fresh browser."""
        transport = httpx.ASGITransport(app=self.app, client=(address, 40000))
        return Browser(transport=transport, base_url=PUBLIC_URL)


OpenHouse = Callable[..., House]


class Apps:
    """Applications that one test after another serves from, each as it was built.

    FastAPI works its routes out at an application's first request, which takes longer than most tests.
    """

    def __init__(self) -> None:
        self._free: dict[bool, list[FastAPI]] = {False: [], True: []}

    @contextmanager
    def one(self, *, secure: bool) -> Generator[FastAPI]:
        """An application that no other house has meanwhile."""
        app = self._free[secure].pop() if self._free[secure] else create_app(secure=secure)
        built = list(app.router.routes)
        yield app
        app.router.routes[:] = built  # without its house's development provider
        app.state = State()
        self._free[secure].append(app)


@pytest.fixture(scope="session")
def apps() -> Apps:
    return Apps()


@pytest.fixture
async def open_house(
    identities: Identities, offices: tuple[InTestOffices, str], valkey: str, apps: Apps
) -> AsyncIterator[OpenHouse]:
    opened: list[House] = []
    answering, address = offices
    with redis.Redis.from_url(valkey) as client:
        for key in client.scan_iter("chengxin:*"):
            client.delete(key)

    def make(**changed: Any) -> House:
        settings = GatewaySettings(**{**environment(identities, address, valkey), **changed})
        app = lent.enter_context(apps.one(secure=settings.secure))
        clock = Clock()
        counter = open_counter(app, settings, clock=clock)
        house = House(app, counter, settings, answering, clock, redis.Redis.from_url(settings.redis_url))
        opened.append(house)
        return house

    with ExitStack() as lent:
        yield make
    for house in opened:
        await house.counter.offices.close()
        house.redis.close()


@pytest.fixture
def house(open_house: OpenHouse) -> House:
    return open_house()


@pytest.fixture
async def browser(house: House) -> AsyncIterator[Browser]:
    async with house.browser() as browser:
        yield browser


@pytest.fixture
async def visitor(browser: Browser) -> Browser:
    done = await browser.sign_in()
    assert done.status_code == 303, done.text
    return browser

"""Who plays: departments' systems with certificates, their officials, and a party at the gateway."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import grpc
import httpx

from chengxin import Client
from chengxin.blacklist.v1 import blacklist_pb2
from chengxin.catalog.v1 import access_pb2
from chengxin.client import connection
from chengxin.client.errors import RefusedError, error_from
from chengxin.client.identity import Identity
from chengxin.client.requests import how_to_ask
from chengxin.repair.v1 import repair_pb2
from standalone.ca import System
from standalone.enrol import Register, write_identity
from standalone.house import House
from standalone.sample import SampleAuthority, SampleParty
from standalone.story.browsing import Browser

A = TypeVar("A")
ASSERTION = "chengxin-assertion"
CALL_S = 10.0
STORY = "story"
"""Folder of the story's own files in its house's data directory; a house that has it may be made anew."""
_CONTRACT: dict[str, Any] = {"catalog": access_pb2, "blacklist": blacklist_pb2, "repair": repair_pb2}
"""The messages by which officials of the story act at each office."""


class Department:
    """One authority's enrolled system: the SDK client, the offices' services, and officials who act through it."""

    def __init__(self, house: House, authority: SampleAuthority, *roles: str) -> None:
        self.authority = authority
        self.folder = story_file(house, authority.code)
        system, ca = System(authority=authority.code, name="story-desk"), house.data.development_ca()
        now, doors = datetime.now(UTC), house.data.doors()
        enrolment = write_identity(self.folder, system, ca=ca, roles=roles, days=30, now=now, doors=doors)
        Register(house.engines.admin_dsn).enter([enrolment])
        self._fingerprint = enrolment.fingerprint.hex()
        self._gateway = doors["gateway"]
        self._identity = Identity.open(self.folder)
        self._channels: dict[str, grpc.Channel] = {}
        self.client = Client(self._identity)

    def stub(self, office: str, make: Callable[[grpc.Channel], A]) -> A:
        """A raw stub of an office's service."""
        return make(self._channel(office))

    def _channel(self, office: str) -> grpc.Channel:
        if office not in self._channels:
            credentials = connection.credentials(self._identity)
            self._channels[office] = grpc.secure_channel(self._identity.address(office), credentials)
        return self._channels[office]

    def ask(self, method: Callable[..., A], request: Any, *, officer: str = "", roles: Sequence[str] = ()) -> A:
        """Call a method, with an official's assertion where one is named. Raises RefusedError."""
        metadata = [(ASSERTION, self._assertion(officer, roles))] if officer else []
        try:
            return method(request, timeout=CALL_S, metadata=metadata)
        except grpc.RpcError as error:
            raise error_from(error) from None

    def act(self, office: str, step: str, *, officer: str, role: str, **fields: Any) -> Any:
        """Take a step by its name in the office's contract, as an official; `fields` are those of its request."""
        request = getattr(_CONTRACT[office], f"{step}Request")(**fields)
        _, path, answer = how_to_ask(type(request))
        method: Any = self._channel(office).unary_unary(path, type(request).SerializeToString, answer.FromString)
        return self.ask(method, request, officer=officer, roles=[role])

    def _assertion(self, officer: str, roles: Sequence[str]) -> str:
        """An official's assertion from the development staff identity provider, bound to this certificate."""
        who = {"sub": officer, "authority": self.authority.code, "roles": list(roles)}
        body = who | {"fingerprint": self._fingerprint}
        answer = httpx.post(f"{self._gateway}/dev-idp/officer-assertion", json=body, timeout=CALL_S)
        answer.raise_for_status()
        return answer.json()["assertion"]

    def close(self) -> None:
        """Hang up."""
        self.client.close()
        for channel in self._channels.values():
            channel.close()


class Visitor:
    """A party at the gateway, on its pages and at what they stand on; signed in by the development identity provider."""

    def __init__(self, gateway: str, party: SampleParty, *, address: str = "127.0.0.1") -> None:
        self.party = party
        transport = httpx.HTTPTransport(local_address=address)
        self._browser = httpx.Client(base_url=gateway, timeout=CALL_S, transport=transport)
        self.pages = Browser(self._browser)
        self._csrf = ""

    @property
    def cookies(self) -> httpx.Cookies:
        """What the gateway gave this browser to keep."""
        return self._browser.cookies

    def sign_in(self) -> None:
        """Sign in as one does: from the page that asks for it to the provider's, and back to the first of one's own."""
        asked = self.pages.follow(self.pages.open("/me"), "/api/v1/session/sign-in")
        self.home = self.pages.send(asked, "authorize", {"choice": "typed", **asdict(self.party)})
        self._csrf = self.get("/session")["csrf_token"]

    def get(self, path: str, **options: Any) -> Any:
        """Read what `/api/v1` gives for `path`."""
        return _read(self._browser.get(f"/api/v1{path}", **options))

    def post(self, path: str, *, headers: dict[str, str] | None = None, **options: Any) -> Any:
        """Act, with the session's CSRF token."""
        sent = {"X-CSRF-Token": self._csrf, **(headers or {})}
        return _read(self._browser.post(f"/api/v1{path}", headers=sent, **options))

    def text(self, path: str) -> str:
        """Read a plain text."""
        answer = self._browser.get(f"/api/v1{path}", headers={"Accept": "text/plain"})
        answer.raise_for_status()
        return answer.text

    def close(self) -> None:
        """Leave."""
        self._browser.close()


def refused_for(attempt: Callable[[], Any]) -> str:
    """The reason for which an attempt is refused; "" when it was not refused."""
    try:
        attempt()
    except RefusedError as refused:
        return refused.reason
    return ""


def story_file(house: House, name: str) -> Path:
    """A file of the story in the house's data directory."""
    folder = house.data.folder / STORY
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / name


def _read(answer: httpx.Response) -> Any:
    if answer.status_code >= 400:
        raise RuntimeError(f"the gateway answered {answer.status_code}: {answer.text[:500]}")
    return answer.json() if answer.content else None

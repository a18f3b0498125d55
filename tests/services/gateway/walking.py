"""Walks the whole counter: every route by reflection, offices that fill in every field, a reader of pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute, iter_route_contexts
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from chengxin.repair.v1 import desk_pb2
from foundation.access import Officer, Person
from foundation.identity import IdentifierKind, canonicalise
from gateway.counter import anybody, on_duty, signed_in
from gateway.messages import DESCRIBED
from tests.services.gateway import offices as in_test
from tests.services.gateway.conftest import PERSON, Browser, House, OpenHouse

MINE = {"record_id": "rec-1", "application_id": "app-1", "evidence_id": "ev-1", "entry_id": "7", "matter_id": "mat-1"}
"""Ids of what belongs to the party of the walk; offices that fill in every field use them."""
NOBODYS = {
    "record_id": "rec-9",
    "application_id": "app-9",
    "evidence_id": "ev-9",
    "entry_id": "9",
    "matter_id": "mat-9",
}
"""Ids of nothing."""
OTHER_VALUES = {"source": "catalog", "code": "样例"}
"""Path parameters that are no ids."""
PROVIDER = "/dev-idp"
"""The development identity provider is no part of the counter, and in no house but a sample."""
PLENTY = dict.fromkeys(("rate_address", "rate_session", "rate_sign_in", "rate_prefix", "rate_desk"), "1000000/minute")


@dataclass(frozen=True)
class Way:
    """One method of one route."""

    method: str
    path: str
    route: APIRoute

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_page(self) -> bool:
        """Whether it answers with a page, or to a page's form."""
        return self.route.response_class is HTMLResponse

    @property
    def asks(self) -> set[Any]:
        """What must hold before it is served: the functions that it depends on."""
        return set(_calls(self.route.dependant))

    @property
    def for_staff(self) -> bool:
        """Whether it is for officials."""
        return on_duty in self.asks

    @property
    def for_all(self) -> bool:
        """Whether nobody needs to be signed in."""
        return not self.asks & {on_duty, signed_in, anybody}

    @property
    def parameters(self) -> list[str]:
        """The names of what varies in its path."""
        return re.findall(r"{([a-z_]+)", self.path)

    def address(self, ids: dict[str, str]) -> str:
        """Its path with ids filled in; a parameter that nobody told this walk of fails by the route's name."""
        known = {**OTHER_VALUES, **ids}
        unknown = set(self.parameters) - set(known)
        assert not unknown, f"{self} has a parameter without a case in walking.py: {unknown}"
        return re.sub(r"{([a-z_]+)[^}]*}", lambda found: known[found[1]], self.path)


def _calls(dependant: Any) -> Iterator[Any]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)


def ways(app: FastAPI) -> list[Way]:
    """Every method of every route of the counter."""
    found: list[Way] = []
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and not str(context.path).startswith(PROVIDER):
            found += [Way(method, str(context.path), route) for method in sorted(route.methods)]
    return found


def pages(app: FastAPI) -> list[Way]:
    """Every page."""
    return [way for way in ways(app) if way.is_page and way.method == "GET"]


def changing(app: FastAPI) -> list[Way]:
    """Every route that may change something."""
    return [way for way in ways(app) if way.method not in ("GET", "HEAD", "OPTIONS")]


MAYBE = {name for said in DESCRIBED.values() for name, says in said["fields"].items() if "maybe" in says}
"""Fields that are empty while a thing has not ended."""
DAYS = re.compile(r"(^|_)(on|before|day|from|until|since)$")


def filled(kind: type[Message], text: str = "样例", *, sparse: bool = False, depth: int = 4) -> Any:
    """A message with something in every field: `text` in texts, two of each repeated one, the second sparse.

    A sparse one is as things are before their end: no instants, enums at their first value.
    """
    message: Any = kind()
    for described in kind.DESCRIPTOR.fields:
        if described.message_type is not None and (depth == 0 or described.message_type.GetOptions().map_entry):
            continue
        of = described.message_type and message_factory.GetMessageClass(described.message_type)
        for second in (False, True) if described.is_repeated else (sparse,):
            if of is None:
                value = _value(described, text, second)
            elif of.DESCRIPTOR.full_name == "google.protobuf.Timestamp":
                value = None if second and described.name in MAYBE else of(seconds=1775001600)
            else:
                value = filled(of, text, sparse=second, depth=depth - 1)
            if value is None:
                continue
            if described.is_repeated:
                getattr(message, described.name).append(value)
            elif of is not None:
                getattr(message, described.name).CopyFrom(value)
            else:
                setattr(message, described.name, value)
    return message


def _value(described: FieldDescriptor, text: str, second: bool) -> Any:
    name, kind = described.name, described.cpp_type
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        assert described.enum_type is not None
        values = described.enum_type.values
        return values[0 if second and name == "end_reason" else 1 if second else -1].number
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return not second
    if kind != FieldDescriptor.CPPTYPE_STRING:
        return int(MINE["entry_id"])
    if described.type == FieldDescriptor.TYPE_BYTES:
        return b"\x01" * 32
    if name in OTHER_VALUES:
        return OTHER_VALUES[name]
    if name in MINE:
        return MINE[name].replace("-1", "-2") if second else MINE[name]
    if DAYS.search(name):
        return "" if second and name == "ends_before" else "2026-01-05"
    return text


class Everything(dict[str, Any]):
    """The answers of offices that fill in every field with `text`; what is set stays as it was set."""

    def __init__(self, text: str = "样例") -> None:
        super().__init__()
        self._text = text
        self._filled: dict[str, Message] = {}

    def __missing__(self, method: str) -> Any:
        if method == "ReadEvidence":  # what it is, then what is in it
            file = filled(desk_pb2.EvidenceFile, self._text)
            file.size = 1
            return [desk_pb2.ReadEvidenceResponse(file=file), desk_pb2.ReadEvidenceResponse(content=b"x")]
        if method not in self._filled:
            self._filled[method] = filled(answer_of(method), self._text)
        return self._filled[method]


def answer_of(method: str) -> type[Message]:
    """The type of a method's answer, from the contract."""
    found = {
        one.output_type.full_name: one.output_type
        for name in dir(in_test)
        if name.endswith("ServiceServicer")
        for one in _service(getattr(in_test, name)).methods
        if one.name == method
    }
    (described,) = found.values()
    return message_factory.GetMessageClass(described)


def _service(servicer: type) -> Any:
    package = servicer.__module__.rpartition(".")[0]
    return descriptor_pool.Default().FindServiceByName(f"{package}.{servicer.__name__.removesuffix('Servicer')}")


def ids_in(request: Any) -> Iterator[str]:
    """Every id in a request to an office; a stream's are in its messages."""
    for message in request if isinstance(request, list) else [request]:
        for described, value in message.ListFields():
            each = value if described.is_repeated else [value]
            if described.message_type is not None:
                for one in each:
                    yield from ids_in(one)
            elif described.name.endswith(("_id", "_ids")):
                yield from map(str, each)


@dataclass
class Element:
    """A start tag as a browser reads it."""

    tag: str
    attributes: dict[str, str]


@dataclass
class Form:
    """A form of a page, with what its fields hold."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes it the same form when it is met again."""
        return re.sub(r"[0-9a-f-]{8,}", "*", self.action), self.method, *sorted(self.fields), *sorted(self.files)


class Page(HTMLParser):
    """A page as a browser takes it apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.forms: list[Form] = []
        self._select = ""
        self._textarea = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element, and what it is in a form."""
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append(Element(tag, attributes))
        if tag == "form":
            self.forms.append(Form(attributes.get("action", ""), attributes.get("method", "get").lower()))
        form, name = (self.forms or [Form("", "")])[-1], attributes.get("name", "")
        if tag == "select":
            self._select = name
        if tag == "textarea" and name:
            self._textarea = name
            form.fields[name] = ""
        if tag == "option" and self._select:
            form.fields.setdefault(self._select, attributes.get("value", ""))
        if tag in ("input", "button") and name:
            if attributes.get("type") == "file":
                form.files.add(name)
            else:
                form.fields.setdefault(name, attributes.get("value", ""))

    def handle_data(self, data: str) -> None:
        """Note what a text area holds."""
        if self._textarea:
            self.forms[-1].fields[self._textarea] += data

    def handle_endtag(self, tag: str) -> None:
        """A select or text area ends."""
        if tag == "select":
            self._select = ""
        if tag == "textarea":
            self._textarea = ""

    @property
    def links(self) -> list[str]:
        """Every address that the page leads to or loads."""
        return [
            value
            for element in self.elements
            for name, value in element.attributes.items()
            if name in ("href", "src", "action", "formaction", "srcset", "data", "poster", "xlink:href")
        ]

    @property
    def faults(self) -> list[str]:
        """What no page of ours has: scripts and styles of its own, handlers, anything from elsewhere."""
        found: list[str] = []
        for element in self.elements:
            if element.tag in ("style", "base", "object", "embed", "iframe", "frame", "applet", "template"):
                found.append(f"<{element.tag}>")
            if element.tag == "script" and not element.attributes.get("src", "").startswith("/assets/"):
                found.append(f"<script> with {element.attributes}")
            if element.tag == "meta" and "http-equiv" in element.attributes:
                found.append("<meta http-equiv>")
            found += [f"{name}= at <{element.tag}>" for name in element.attributes if name.startswith("on")]
            found += [f"{name}= at <{element.tag}>" for name in element.attributes if name in ("style", "srcdoc")]
        for link in self.links:
            read = re.sub(r"[\t\r\n]", "", link)  # as browsers do
            if not read.startswith(("/", "?", "#")) or read.startswith(("//", "/\\")):
                found.append(f"leads to {link[:60]!r}")
        return found


PARTY, OTHER_PARTY = "E12345678", "E87654321"
STAFF, OTHER_STAFF = "114399990000000010", "11439999000000002X"
"""Who owns everything and who owns nothing: passports of parties, codes of officials' authorities."""


def full_house(open_house: OpenHouse, text: str = "样例", **changed: Any) -> House:
    """A house whose offices fill in every field, and which may be asked as often as a test needs."""
    house = open_house(**{**PLENTY, **changed})
    house.offices.answers = Everything(text)
    return house


async def enter(house: House, browser: Browser, way: Way | None = None, *, other: bool = False, name: str = "") -> None:
    """Be signed in as who may go that way: a party, or an official of every role; `other`: one who owns nothing."""
    sessions = house.counter.sessions
    if way is not None and way.for_staff:
        authority = OTHER_STAFF if other else STAFF
        officer = Officer(
            subject="officer-1", authority=authority, roles=frozenset({"repair_officer", "auditor", "counter_clerk"})
        )
        token = await sessions.open_staff(officer, name or PERSON["name"], instead_of="")
    else:
        number = OTHER_PARTY if other else PARTY
        passport = canonicalise(IdentifierKind.PASSPORT, number, today=house.clock().date())
        token = await sessions.open(Person(identifier=passport, name=name or PERSON["name"]), instead_of="")
    browser.cookies.set(house.counter.cookie("chengxin"), token, domain="portal.example")
    browser.csrf = (await browser.get("/api/v1/session")).json()["csrf_token"]

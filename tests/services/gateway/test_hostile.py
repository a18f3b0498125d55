"""A table of hostile inputs, put into every field of every page's forms and into every text of the REST API.

Nothing that people send makes the gateway fail, and nothing comes back as markup; nor does what offices answer.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest

from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from gateway.app import create_app
from tests.services.gateway.conftest import Browser, House, OpenHouse
from tests.services.gateway.walking import MINE, Everything, Form, Page, Way, enter, full_house, pages, ways

HOSTILE = {
    "a script": "<script>alert(7)</script>",
    "an image": '"><img src=x onerror=alert(7)>',
    "a handler": "' onfocus=alert(7) autofocus x='",
    "a handler, unquoted": "x onfocus=alert(7)",
    "an end of a text area": "</textarea></title></option><script>alert(7)</script>",
    "a comment": "--><svg/onload=alert(7)>",
    "an address": "javascript:alert(7)",
    "an address elsewhere": "//elsewhere.example/x",
    "a template": "{{ 7777*7 }}{% raw %}${7777*7}<%= 7777*7 %>",
    "a format": "%s%n%(num)s{0.__class__}",
    "a formula": '=HYPERLINK("//elsewhere.example")',
    "a formula by plus": "+1+1",
    "a formula by minus": "-1+1",
    "a formula by at": "@SUM(1)",
    "a formula after a tab": "\t=1+1",
    "a path": "../../../../etc/passwd",
    "a path with a backslash": "..\\..\\windows",
    "a header": "x\r\nSet-Cookie: planted=1\r\n\r\n<script>alert(7)</script>",
    "NUL": "x\x00y",
    "controls": "\x01\x08\x0b\x1b[31m\x7f\x85",
    "right to left": "\u202etxt.exe\u2066",
    "a byte order mark": "\ufeff\u200b\u2060",
    "full width": "４３９９９９１９８００１０１００１０",
    "Cyrillic": "Сорроrаtіоn",
    "not normal": "e\u0301\u1100\u1161\ufb01",
    "beyond the basic plane": "𠮷𝕏👩‍👩‍👧",
    "overlong": "长" * 5_000,
    "very overlong": "x" * 60_000,
    "SQL": "'; DROP TABLE records; --",
    "no number": "NaN",
    "a huge number": "1" * 400,
    "a negative": "-1",
    "nothing": "",
    "a blank": " \u3000\u00a0",
}
LONE = "\ud800x\udfff"
"""Halves of surrogate pairs: no text at all, which only JSON can carry, and bytes that pretend."""
HTML = {"Accept": "text/html"}


def sound(answer: httpx.Response, where: str) -> None:
    """What every answer is, whatever was sent."""
    assert answer.status_code < 500, f"{where}: {answer.status_code} {answer.text[:500]}"
    assert "planted" not in answer.headers.get("set-cookie", ""), where
    assert not answer.headers.get("location", "/").startswith(("//", "http", "java", "/\\")), where
    kind = answer.headers.get("content-type", "")
    if kind.startswith("text/html"):
        assert Page(answer.text).faults == [], where
        assert "54439" not in answer.text, f"{where}: a template was run"
    elif kind.startswith("text/csv"):
        _csv(answer.text, where)
    elif answer.headers.get("content-disposition", "").startswith("attachment"):
        assert answer.headers["x-content-type-options"] == "nosniff", where
    elif answer.content:
        assert "json" in kind or kind.startswith(("text/plain", "application/pdf", "image/")), f"{where}: {kind}"
        assert answer.headers["x-content-type-options"] == "nosniff", where


def _csv(text: str, where: str) -> None:
    for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))):
        for cell in row:
            numeric = cell.removeprefix("-").replace(".", "", 1).isdigit()
            assert numeric or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), f"{where}: a formula {cell[:40]!r}"


TOGETHER = " ".join(value for value in HOSTILE.values() if len(value) < 100)
SAID = {"all together": TOGETHER, **{name: value for name, value in HOSTILE.items() if "formula" in name}}
"""What offices say: names, titles and fields of records come from other systems and from people."""


@pytest.mark.parametrize("said", SAID)
async def test_what_offices_say_is_shown_as_text(open_house: OpenHouse, said: str) -> None:
    house = full_house(open_house, SAID[said])
    async with house.browser() as browser:
        for way in ways(house.app):
            if way.method == "GET" and not way.path.startswith("/api/v1/session/"):
                await enter(house, browser, way, name=SAID[said])
                sound(await browser.get(way.address(MINE), headers=HTML if way.is_page else {}), f"{way}: {said}")


async def forms(browser: Browser, house: House, *, staff: bool) -> list[Form]:
    """Every form of every page, and of the pages that come after sending them as they are."""
    found: dict[Any, Form] = {}
    waiting: list[tuple[str, str]] = []
    for way in pages(house.app):
        if staff != way.for_staff:
            continue
        await enter(house, browser, way)
        address = way.address(MINE)
        waiting.append((address, (await browser.get(address, headers=HTML)).text))
    while waiting:
        address, html = waiting.pop()
        for form in Page(html).forms:
            form.action = form.action or address
            if form.key in found or form.action == "/sign-out":
                continue
            found[form.key] = form
            answer = await send(browser, form, {})
            if answer.headers.get("content-type", "").startswith("text/html"):
                waiting.append((form.action, answer.text))
    return list(found.values())


async def send(browser: Browser, form: Form, changed: dict[str, str], file: str = "x.txt") -> httpx.Response:
    """Send a form as its fields stand, but for what was changed."""
    values = {name: value or "样例" for name, value in form.fields.items()} | changed
    body = "&".join(f"{quote_plus(name)}={quote_plus(value, errors='surrogatepass')}" for name, value in values.items())
    if form.method == "get":
        path, _, query = form.action.partition("?")
        return await browser.get(f"{path}?{query}&{body}", headers=HTML)
    if form.files:
        files: Any = {name: (None, value.encode("utf-8", "surrogatepass")) for name, value in values.items()}
        files |= {name: (file, b"%PDF-<script>alert(7)</script>", "text/html") for name in form.files}
        return await browser.post(form.action, files=files, headers=HTML)
    media_type = {"Content-Type": "application/x-www-form-urlencoded"}
    return await browser.post(form.action, content=body, headers={**HTML, **media_type})


@pytest.mark.parametrize("refusing", [False, True], ids=["offices take it", "offices refuse it"])
@pytest.mark.parametrize("staff", [False, True], ids=["party", "staff"])
async def test_whatever_is_typed_into_a_form_is_text(open_house: OpenHouse, *, staff: bool, refusing: bool) -> None:
    house = full_house(open_house)
    async with house.browser() as browser:
        found = await forms(browser, house, staff=staff)
        if refusing:
            house.offices.answers = Refusing()
        for form in found:
            for name in {*form.fields} - {"csrf_token"}:
                for hostile, value in {**HOSTILE, "surrogates": LONE}.items():
                    if form.method == "get" and len(value) > 5_000:
                        continue  # no server takes such an address
                    sound(await send(browser, form, {name: value}), f"{form.action} {name}: {hostile}")
            for hostile, value in HOSTILE.items() if form.files else ():
                sound(await send(browser, form, {}, file=value[:5_000]), f"{form.action} file name: {hostile}")
        assert (await browser.get("/api/v1/session")).json()["signed_in"] is True


class Refusing(Everything):
    """Offices that fill in every field, and refuse what changes something."""

    def __missing__(self, method: str) -> Any:
        return super().__missing__(method) if method.startswith(("Get", "List", "Check")) else Refused(VALUE_INVALID)


DOCUMENT: dict[str, Any] = create_app().openapi()
REST = [way for way in ways(create_app()) if way.path in DOCUMENT["paths"]]


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema, followed to where it stands."""
    reference = schema.get("$ref", "")
    return DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]] if reference else schema


def example(schema: dict[str, Any]) -> Any:
    """A value that fits a schema."""
    schema = resolved(schema)
    schema = resolved(next(iter(schema.get("anyOf", [schema]))))
    kind = schema.get("type")
    if kind == "object":
        return {name: example(inner) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema["items"])]
    return {"boolean": True, "integer": 1, "number": 1}.get(str(kind), schema.get("enum", ["x"])[0])


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a body a value stands."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places(inner, (*path, key))


def put(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The body with a value put in its place."""
    changed = json.loads(json.dumps(body))
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


ODD = [None, True, 0, -1, 1e308, 2**64, 10**400, [], {}, [[]], {"": ""}, {"__proto__": {}}, LONE, *HOSTILE.values()]


@pytest.mark.parametrize("way", REST, ids=str)
async def test_whatever_a_program_sends_is_answered(open_house: OpenHouse, way: Way) -> None:
    operation = DOCUMENT["paths"][way.path][way.method.lower()]
    house = full_house(open_house)
    async with house.browser() as browser:
        await enter(house, browser, way)
        before = dict(browser.cookies)
        base: dict[str, Any] = {"Idempotency-Key": "k", "X-CSRF-Token": browser.csrf}

        async def ask(**sent: Any) -> None:
            for name, value in before.items():
                browser.cookies.set(name, value, domain="portal.example")
            headers = {**base, **sent.pop("headers", {})}
            address = sent.pop("address", way.address(MINE))
            answer = await browser.request(way.method, address, headers=headers, **sent)
            if way.path != "/api/v1/session/sign-in":  # which leads to the provider, and nowhere else
                sound(answer, f"{way} {ascii(sent)[:200]}")

        for parameter in operation.get("parameters", []):
            for value in [*HOSTILE.values(), LONE]:
                raw = value.encode("utf-8", "surrogatepass")[:8_000]
                if parameter["in"] == "query":
                    await ask(address=f"{way.address(MINE)}?{parameter['name']}={quote_plus(raw)}")
                if parameter["in"] == "header":
                    await ask(headers={parameter["name"]: bytes(byte for byte in raw if byte >= 32 and byte != 127)})
                if parameter["in"] == "path" and raw and b"/" not in raw:
                    await ask(address=way.address({**MINE, parameter["name"]: quote_plus(raw)}))
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body is not None:
            fitting = example(body["schema"])
            for path in places(fitting):
                for value in ODD:
                    text = json.dumps(put(fitting, path, value))
                    await ask(content=text, headers={"Content-Type": "application/json"})
            for text in EDGES:
                await ask(content=text, headers={"Content-Type": "application/json"})
        if "multipart/form-data" in operation.get("requestBody", {}).get("content", {}):
            for value in HOSTILE.values():
                await ask(data={"description": value}, files={"file": ("f.txt", b"x", "text/plain")})
                await ask(data={"description": "x"}, files={"file": (value[:5_000], b"<script>", "text/html")})


EDGES = [
    b"",
    b"null",
    b"[]",
    b'""',
    b"0",
    b"{",
    b"{}{}",
    b"[" * 20_000,
    b'{"a":' * 10_000,
    b'{"record_id": "a", "record_id": "b"}',
    b'{"record_id": NaN}',
    b'{"record_id": Infinity}',
    b'{"record_id": 1e999}',
    b'{"record_id": ' + b"9" * 50_000 + b"}",
    b'{"record_id": "\xff"}',
    b'{"record_id": "\\ud800"}',
    b'{"\\ud800": 1}',
    b'\xef\xbb\xbf{"record_id": "a"}',
    '{"record_id": "a"}'.encode("utf-16"),
    '{"record_id": "a"}'.encode("utf-32"),
    b"{'record_id': 'a'}",
    b'{"record_id": "a",}',
    b'{"record_id": "a\nb"}',
]
"""Bodies that are not the JSON that is asked for."""

"""What a browser, or whoever plays one, can put into a request to the gateway."""

from __future__ import annotations

import json

import pytest

from tests.services.gateway.conftest import (  # noqa: F401 - fixtures of the gateway's tests
    Browser,
    House,
    apps,
    browser,
    house,
    identities,
    offices,
    open_house,
    visitor,
)

APPLICATIONS = "/api/v1/me/applications"
LAWFUL = {"record_id": "rec-1", "correction": "done", "commitment": True}


async def applied(visitor: Browser, body: bytes, **headers: str) -> tuple[int, str, str]:  # noqa: F811
    """Send a body as an application: status, reason, the whole answer."""
    given = {"Idempotency-Key": "k", "Content-Type": "application/json", **headers}
    answer = await visitor.act(APPLICATIONS, content=body, headers=given)
    return answer.status_code, answer.json().get("reason", ""), answer.text


async def test_a_lawful_body_is_taken(visitor: Browser) -> None:  # noqa: F811
    assert (await applied(visitor, json.dumps(LAWFUL).encode()))[0] == 201


TWICE = json.dumps(LAWFUL)[:-1]


@pytest.mark.parametrize(
    "body",
    [
        TWICE + ', "record_id": "rec-2"}',
        TWICE + ', "commitment": true}',
        TWICE + ', "commitment": false, "commitment": true}',
        TWICE + ', "record\\u005fid": "rec-2"}',
        TWICE + ', "x": {"a": 1, "a": 2}}',
        TWICE + ', "x": NaN}',
        TWICE.replace("true", "NaN") + "}",
        TWICE.replace('"done"', "Infinity") + "}",
        TWICE.replace("true", "-Infinity") + "}",
        TWICE.replace("true", "1e999") + "}",
        TWICE.replace("true", "9" * 5000) + "}",
        TWICE.replace('"rec-1"', "[" * 30_000) + "}",
        TWICE.replace('"rec-1"', '{"a":' * 9_000) + "}",
        TWICE + "} {}",
        "[" + TWICE + "}]",
        "\ufeff" + TWICE + "}",
        TWICE.replace("done", "\\ud800") + "}",
        TWICE.replace("rec-1", "\\ud800") + "}",
    ],
)
async def test_a_body_that_two_readers_could_read_differently_is_refused_and_reaches_no_office(
    visitor: Browser,  # noqa: F811
    house: House,  # noqa: F811
    body: str,
) -> None:
    house.offices.asked.clear()
    status, reason, text = await applied(visitor, body.encode("utf-8", "surrogatepass"))
    assert (status, reason) in ((400, "VALUE_INVALID"), (400, "VALUE_REQUIRED"))
    assert "rec-2" not in text
    assert "SubmitApplication" not in {asked.method for asked in house.offices.asked}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
async def test_a_body_in_another_encoding_is_refused(visitor: Browser, encoding: str) -> None:  # noqa: F811
    assert (await applied(visitor, json.dumps(LAWFUL).encode(encoding)))[0] == 400


async def test_a_body_of_another_type_or_compressed_is_refused(visitor: Browser) -> None:  # noqa: F811
    body = json.dumps(LAWFUL).encode()
    for headers in (
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Encoding": "gzip"},
    ):
        status, _, _ = await applied(visitor, body if "Content-Type" in headers else b"\x1f\x8b" + body, **headers)
        assert status in (400, 415)


HOSTILE = ("line\r\nX-Injected: 1", 'a"b\nlevel="error"', "\x1b[2J\x1b[31m", "=cmd|' /C calc'!A0", "<script>")


@pytest.mark.parametrize("text", HOSTILE)
async def test_what_is_written_into_a_request_makes_no_line_or_header_of_its_own(
    visitor: Browser,  # noqa: F811
    text: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    body = json.dumps(LAWFUL | {"record_id": text[:60]}).encode()
    answer = await visitor.act(
        APPLICATIONS, content=body, headers={"Idempotency-Key": "k", "Content-Type": "application/json"}
    )
    assert "x-injected" not in answer.headers
    assert answer.headers["content-type"].startswith(("application/json", "application/problem+json"))
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert text not in capsys.readouterr().err

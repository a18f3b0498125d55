"""The API does what its document says: schemathesis asks every operation, with what fits it and what does not."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.app import create_app
from tests.services.gateway.conftest import Browser, House, OpenHouse
from tests.services.gateway.walking import enter, full_house, ways

EXAMPLES = 15
"""Requests made of each operation and mode."""
DOCUMENT = schemathesis.openapi.from_dict(create_app().openapi())
WAYS = {str(way): way for way in ways(create_app())}
OPERATIONS = {f"{one.ok().method.upper()} {one.ok().path}": one.ok() for one in DOCUMENT.get_all_operations()}


def not_a_server_error(ctx: Any, response: Any, case: Any) -> None:
    """An office or the store may fail, as the document says; what people send never makes the gateway fail."""
    assert response.status_code < 500, f"{case.as_curl_command()} made the gateway fail: {response.text}"


BOUNDED = hypothesis.settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CHECKS: list[Any] = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture
async def asking(open_house: OpenHouse) -> tuple[House, Browser, asyncio.AbstractEventLoop]:
    """A house, somebody's browser, and the loop that both live in."""
    house = full_house(open_house)
    return house, house.browser(), asyncio.get_running_loop()


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_does_what_the_document_says(
    asking: tuple[House, Browser, asyncio.AbstractEventLoop], name: str
) -> None:
    house, browser, loop = asking
    loop.run_until_complete(enter(house, browser, WAYS[name]))
    cookies = dict(browser.cookies)
    asked: list[GenerationMode] = []

    def ask(case: Any, mode: GenerationMode) -> None:
        sent = case.as_transport_kwargs(base_url=str(browser.base_url))
        sent.pop("cookies", None)  # the session's own go along, whatever was signed out meanwhile
        for cookie, value in cookies.items():
            browser.cookies.set(cookie, value, domain="portal.example")
        made: Any = requests.Request(**sent).prepare()
        headers = {name: value for name, value in made.headers.items() if name.lower() != "content-length"}
        headers["X-CSRF-Token"] = browser.csrf
        request = browser.build_request(made.method, made.url, content=made.body, headers=headers)
        case.validate_response(loop.run_until_complete(browser.send(request)), checks=CHECKS)
        asked.append(mode)

    load_all_checks()
    for mode in GenerationMode:
        cases = OPERATIONS[name].as_strategy(generation_mode=mode)
        drawn = hypothesis.given(cases, hypothesis.strategies.just(mode))
        with contextlib.suppress(hypothesis.errors.Unsatisfiable):  # there may be nothing to send that could be wrong
            BOUNDED(drawn(ask))()
    assert GenerationMode.POSITIVE in asked

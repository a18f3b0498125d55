"""The API document is complete, and the committed copy is the one that is served."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.routing import APIRoute

from gateway.app import create_app
from gateway.journeys import held, looks, public, repair, session
from gateway.openapi import COPY, text
from tests.services.gateway.conftest import Browser

DOCUMENT: dict[str, Any] = json.loads(COPY.read_text(encoding="utf-8"))
DESCRIBED = {(path, method.upper()) for path, operations in DOCUMENT["paths"].items() for method in operations}


def test_the_committed_copy_is_fresh() -> None:
    assert COPY.read_text(encoding="utf-8") == text(create_app()), "run: python -m gateway.openapi"


async def test_the_document_served_is_the_committed_one(browser: Browser) -> None:
    served = await browser.get("/api/v1/openapi.json")
    assert served.json() == DOCUMENT
    assert DOCUMENT["openapi"].startswith("3.1.")


@pytest.mark.parametrize("journey", [held, looks, public, repair, session])
def test_every_route_of_a_journey_is_described(journey: Any) -> None:
    routes = {(r.path, m) for r in journey.router.routes if isinstance(r, APIRoute) for m in r.methods}
    assert routes
    assert routes <= DESCRIBED


async def test_every_described_route_exists(browser: Browser) -> None:
    for path, method in DESCRIBED:
        answer = await browser.request(method, path.replace("{", "").replace("}", ""))
        assert answer.status_code not in (404, 405), (path, method)


OPERATIONS = {
    operation["operationId"]: operation
    for operations in DOCUMENT["paths"].values()
    for operation in operations.values()
}


@pytest.mark.parametrize(("name", "operation"), OPERATIONS.items())
def test_every_operation_describes_itself_and_its_problems(name: str, operation: dict[str, Any]) -> None:
    assert operation["description"]
    assert "422" not in operation["responses"]
    problem = DOCUMENT["components"]["responses"]["Problem-default"]
    assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem-default"}
    assert problem["content"]["application/problem+json"]["schema"]["$ref"].endswith("/Problem")
    for parameter in operation.get("parameters", []):
        assert parameter["description"], (name, parameter["name"])


def test_every_field_is_described() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        assert schema["description"], name
        for field, described in schema["properties"].items():
            assert described.get("description"), (name, field)


def test_no_fee_and_no_score_appears_anywhere() -> None:
    names = {name for schema in DOCUMENT["components"]["schemas"].values() for name in schema["properties"]}
    assert not {name for name in names if "fee" in name or "score" in name or "payment" in name}

"""The API document. `python -m gateway.openapi` writes the committed copy gateway/openapi.json anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from gateway.problems import MEDIA_TYPE, Problem

COPY = Path(__file__).with_name("openapi.json")
_SIGNED_IN = ("/api/v1/me/", "/api/v1/staff/", "/api/v1/session/sign-out")


def install(app: FastAPI) -> None:
    """Complete the document that `app` gives: problems once for all, and which routes need a session."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(
                get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            )
        return app.openapi_schema

    app.openapi = document


def text(app: FastAPI) -> str:
    """The document as it is committed: OpenAPI 3.1, UTF-8, two spaces."""
    return json.dumps(app.openapi(), ensure_ascii=False, indent=2) + "\n"


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    components = document["components"]
    components["schemas"]["Problem"] = Problem.model_json_schema()
    components["responses"] = {}
    components["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": "chengxin", "description": "Set at sign-in"}
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path.startswith(_SIGNED_IN):
                operation["security"] = [{"session": []}]
            for status, answer in operation["responses"].items():
                if MEDIA_TYPE in answer.get("content", {}):
                    components["responses"][f"Problem-{status}"] = answer
                    operation["responses"][status] = {"$ref": f"#/components/responses/Problem-{status}"}
    return document


if __name__ == "__main__":
    from gateway.app import create_app

    COPY.write_text(text(create_app()), encoding="utf-8")

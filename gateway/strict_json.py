"""JSON bodies that mean one thing to everybody who reads them. Source: RFC 8259 section 4, RFC 7493 (I-JSON)."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict


class Sent(BaseModel):
    """What a request brings: a member that it has no field for is refused."""

    model_config = ConfigDict(extra="forbid")


class StrictRequest(Request):
    """A request whose JSON body is UTF-8, names no member twice, and holds no number that JSON does not have."""

    async def json(self) -> Any:
        """Read the body. Raises JSONDecodeError, which the application renders as VALUE_INVALID."""
        return json.loads((await self.body()).decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse)


class StrictRoute(APIRoute):
    """A route that reads its body so: for routers that take JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, given such a request."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strict


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise json.JSONDecodeError("a name occurs twice", "", 0)
    return members


def _refuse(_: str) -> NoReturn:
    raise json.JSONDecodeError("not a number of JSON", "", 0)

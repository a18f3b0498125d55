"""The routers of the journeys: pages for people, operations for programs. An address may ask them only so often."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from gateway.counter import limited
from gateway.strict_json import StrictRoute


def page_router(prefix: str = "", *needed: Any) -> APIRouter:
    """For pages under a path; `needed` are dependencies of all of them, such as a role."""
    dependencies = [Depends(limited), *needed]
    return APIRouter(
        prefix=prefix, include_in_schema=False, default_response_class=HTMLResponse, dependencies=dependencies
    )


def rest_router(prefix: str, tag: str, *needed: Any) -> APIRouter:
    """For operations under a path of /api/v1; `needed` as for pages."""
    dependencies = [Depends(limited), *needed]
    return APIRouter(prefix=f"/api/v1{prefix}", tags=[tag], dependencies=dependencies, route_class=StrictRoute)

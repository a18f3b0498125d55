"""Builds the web application: the journeys, problem details, what surrounds every request."""

from __future__ import annotations

from fastapi import FastAPI

from foundation.telemetry import Telemetry
from gateway import health, openapi, problems
from gateway.every_request import EveryRequest
from gateway.journeys import audit, desk, duty, file, held, looks, messages, public, repair, session
from gateway.pages import ASSETS, HERE, Assets

TITLE = "Chengxin 诚信"
DESCRIPTION = """The counter for people: what is held about me, who looked at me, credit repair, publicity.

Sign in at `/api/v1/session/sign-in`. A request that changes something carries `X-CSRF-Token`.
Every refusal is a problem document (RFC 9457) with a stable `reason` and a `remedy`."""


def create_app(*, secure: bool = False) -> FastAPI:
    """Build the application. Before it serves, `app.state.counter` must get its Counter.

    `secure` is whether browsers come by https.
    """
    app = FastAPI(
        title=TITLE,
        description=DESCRIPTION,
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    for journey in (session, held, looks, repair, file, messages, public, duty, audit, desk):
        app.include_router(journey.router)
    for journey in (public, session, held, looks, repair, file, messages, duty, audit, desk):
        app.include_router(journey.pages)
    app.mount(f"{ASSETS}/{Assets.version()}", Assets(directory=HERE / "assets"), name="assets")
    app.include_router(health.router)
    problems.install(app)
    openapi.install(app)
    app.add_middleware(EveryRequest, secure=secure, telemetry=Telemetry.from_environment("gateway"))
    return app

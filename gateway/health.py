"""Whether the gateway lives, and whether it should be sent visitors. For the orchestrator."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from foundation.reasons import UNAVAILABLE
from foundation.refusal import Refused
from gateway.counter import TheCounter
from gateway.problems import answers

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The state of the process."""

    status: str = Field(default="ok", description="Always ok; a gateway that is not answers with a problem")


@router.get("/healthz", responses=answers())
async def alive() -> Health:
    """Say that the process lives."""
    return Health(status="ok")


@router.get("/readyz", responses=answers(503))
async def ready(counter: TheCounter) -> Health:
    """Say whether visitors may be sent: the session store answers and the gateway is not stopping.

    One office that is down does not close the counter for the others.
    """
    if counter.draining:
        raise Refused(UNAVAILABLE)
    await counter.store.ping()
    return Health(status="ok")

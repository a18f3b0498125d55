"""Assertions of sample officials, for the story and the tests. DEVELOPMENT ONLY.

A real house has a staff identity provider that signs these after an official has signed in.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import APIRouter
from pydantic import BaseModel, Field

from foundation.access import issue_assertion
from gateway.devidp.provider import PATH

Role = Literal[
    "case_officer", "decider", "repair_officer", "repair_head", "steward", "auditor", "key_custodian", "counter_clerk"
]


class OfficerAssertionRequest(BaseModel):
    """Which official, and the certificate of the system that will present the assertion."""

    sub: str = Field(min_length=1, max_length=64, description="The official; two officials are two of these")
    authority: str = Field(pattern="^[0-9A-Z]{18}$", description="USCC of the official's authority")
    roles: list[Role] = Field(min_length=1, description="What the official may do")
    fingerprint: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the certificate, hex")


class OfficerAssertion(BaseModel):
    """The signed assertion, good for two minutes."""

    assertion: str = Field(description="JWT for the metadata key chengxin-assertion")


def officers(*, key: Ed25519PrivateKey, kid: str, issuer: str, clock: Callable[[], datetime]) -> APIRouter:
    """The route that asserts officials by the staff issuer's key."""
    router = APIRouter(prefix=PATH, include_in_schema=False)

    @router.post("/officer-assertion")
    # The decorator is what uses it.
    async def officer_assertion(asked: OfficerAssertionRequest) -> OfficerAssertion:  # pyright: ignore[reportUnusedFunction]
        """Assert a sample official to one certificate."""
        token = issue_assertion(
            key,
            kid=kid,
            issuer=issuer,
            kind="officer",
            claims={"sub": asked.sub, "authority": asked.authority, "roles": asked.roles},
            bound_to=bytes.fromhex(asked.fingerprint),
            now=clock(),
        )
        return OfficerAssertion(assertion=token)

    return router

"""How often an address, a session or numbers alike may ask. Counted in Redis; without it nothing is let through."""

from __future__ import annotations

import hmac

from limits import parse

from foundation.access import Officer
from foundation.identity import Identifier, prefix_of
from foundation.limits import Count, Limits
from foundation.refusal import Refused, Throttled
from gateway.reasons import LIMITS_UNAVAILABLE, RATE_LIMITED
from gateway.seal import REDIS_TIMEOUT_S, derive
from gateway.settings import GatewaySettings

KINDS = ("address", "session", "sign_in", "prefix", "desk")
"""What is limited, each by the setting of its name."""


class RateLimits:
    """The limits of the settings. Keys are keyed hashes: Redis learns no address and no part of a number."""

    def __init__(self, settings: GatewaySettings, secret: bytes) -> None:
        self._limits = Limits(settings.redis_url, timeout_s=REDIS_TIMEOUT_S)
        self._key = derive(secret, "rate limits")
        self._rates = {kind: parse(getattr(settings, f"rate_{kind}")) for kind in KINDS}

    async def address(self, address: str) -> None:
        """Count a request from an address. Raises Throttled(RATE_LIMITED) or Refused(LIMITS_UNAVAILABLE)."""
        await self._count("address", address)

    async def session(self, token: str) -> None:
        """Count a request of a session. Raises as `address` does."""
        await self._count("session", token)

    async def sign_in(self, address: str) -> None:
        """Count a sign-in begun from an address. Raises as `address` does."""
        await self._count("sign_in", address)

    async def signed_in(self, party: Identifier) -> None:
        """Count a sign-in of a natural person, by what its number shares with its neighbours. Raises as `address` does.

        An identity provider that vouches for one number after the other is noticed by it.
        """
        prefix = prefix_of(party)
        if prefix is not None:
            await self._count("prefix", f"{party.kind.value} {prefix}")

    async def at_desk(self, clerk: Officer) -> None:
        """Count a party for whom a clerk acts, so that nobody walks through numbers. Raises as `address` does."""
        await self._count("desk", f"{clerk.authority} {clerk.subject.reveal()}")

    async def _count(self, kind: str, who: str) -> None:
        name = hmac.digest(self._key, f"{kind} {who}".encode(), "sha256").hex()[:32]
        try:
            (wait,) = await self._limits.take([[Count(self._rates[kind], f"{kind}/{name}")]])
        except Exception:
            # Whatever a broken Redis makes the client raise: what cannot be counted is not let through.
            raise Refused(LIMITS_UNAVAILABLE) from None
        if wait:
            raise Throttled(RATE_LIMITED, wait)

"""How often an address or a session may ask. Counted in Redis; without it nothing is let through."""

from __future__ import annotations

import hmac
import math
import time

from limits import RateLimitItem, parse
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from foundation.refusal import Refused
from gateway.problems import Throttled
from gateway.reasons import SESSIONS_UNAVAILABLE
from gateway.seal import derive, redis_options
from gateway.settings import GatewaySettings


class RateLimits:
    """The limits of the settings. Keys are keyed hashes: Redis learns no address."""

    def __init__(self, settings: GatewaySettings, secret: bytes) -> None:
        uri = settings.redis_url
        uri = f"redis+{uri}" if uri.startswith("unix:") else uri
        storage = RedisStorage(f"async+{uri}", implementation="redispy", key_prefix="chengxin:limit", **redis_options())
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._key = derive(secret, "rate limits")
        self._address = parse(settings.rate_address)
        self._session = parse(settings.rate_session)
        self._sign_in = parse(settings.rate_sign_in)

    async def address(self, address: str) -> None:
        """Count a request from an address. Raises Throttled or Refused(SESSIONS_UNAVAILABLE)."""
        await self._count(self._address, "address", address)

    async def session(self, token: str) -> None:
        """Count a request of a session. Raises as `address` does."""
        await self._count(self._session, "session", token)

    async def sign_in(self, address: str) -> None:
        """Count a sign-in begun from an address. Raises as `address` does."""
        await self._count(self._sign_in, "sign-in", address)

    async def _count(self, limit: RateLimitItem, kind: str, who: str) -> None:
        name = hmac.digest(self._key, who.encode(), "sha256").hex()[:32]
        try:
            within = await self._limiter.hit(limit, kind, name)
            until = 0.0 if within else (await self._limiter.get_window_stats(limit, kind, name)).reset_time
        except Exception:
            # Whatever a broken Redis makes the client raise: what cannot be counted is not let through.
            raise Refused(SESSIONS_UNAVAILABLE) from None
        if not within:
            raise Throttled(max(1, math.ceil(until - time.time())))

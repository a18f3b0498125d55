"""Values that Redis keeps but can neither read, forge, move nor prolong.

Each value has a key of its own, derived by HKDF-SHA-256 from the cookie secret and the token that only the
browser holds; Redis sees the token's hash. The end of its life is sealed in. So an emptied, corrupted or
lying Redis loses values and never makes one; at worst it shows an older state of one that has not ended.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from foundation.crypto import Kek, OpenFailed, open_blob, seal_blob
from foundation.refusal import Refused
from gateway.reasons import SESSIONS_UNAVAILABLE

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
REDIS_TIMEOUT_S = 1.0
"""A Redis that does not answer within this time counts as gone."""


def read_secret(file: Path) -> bytes:
    """Read the cookie secret. Raises ValueError for one shorter than 32 bytes."""
    secret = file.read_bytes()
    if len(secret) < 32:
        raise ValueError("CHENGXIN_COOKIE_SECRET must hold at least 32 random bytes")
    return secret


def derive(secret: bytes, use: str, *, context: bytes = b"", length: int = 32) -> bytes:
    """Derive a key for one use from the cookie secret; no key has two uses."""
    info = b"chengxin gateway\0" + use.encode() + b"\0" + context
    return HKDF(SHA256(), length=length, salt=None, info=info).derive(secret)


def connect(url: str) -> Redis:
    """Open a client for a Redis URL; it connects when first used. One quick second try, then Redis counts as gone."""
    once: Any = Retry(NoBackoff(), 1)
    return Redis.from_url(url, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S, retry=once)


def new_token() -> str:
    """A fresh unguessable token, 256 bits."""
    return secrets.token_urlsafe(32)


class SealedStore:
    """Sealed values by purpose and token. Raises Refused(SESSIONS_UNAVAILABLE) when Redis is gone."""

    def __init__(self, redis: Redis, secret: bytes, clock: Callable[[], datetime]) -> None:
        self._redis = redis
        self._secret = secret
        self._clock = clock

    async def put(
        self, purpose: str, token: str, value: dict[str, Any], *, life: timedelta, only_existing: bool = False
    ) -> None:
        """Keep a value for `life`. `only_existing` replaces a value and never brings a deleted one back."""
        until = (self._clock() + life).timestamp()
        sealed = self._seal(purpose, token, json.dumps({"until": until, "value": value}).encode())
        ttl = max(1, int(life.total_seconds()))
        await _asked(self._redis.set(_name(purpose, token), sealed, ex=ttl, xx=only_existing))

    async def get(self, purpose: str, token: str) -> dict[str, Any] | None:
        """Return the value; None for one that is absent, ended, forged or damaged."""
        if not _TOKEN.fullmatch(token):
            return None
        return self._opened(purpose, token, await _asked(self._redis.get(_name(purpose, token))))

    async def take(self, purpose: str, token: str) -> dict[str, Any] | None:
        """Return the value as `get` does and delete it, so that it serves once."""
        if not _TOKEN.fullmatch(token):
            return None
        return self._opened(purpose, token, await _asked(self._redis.getdel(_name(purpose, token))))

    async def drop(self, purpose: str, token: str) -> None:
        """Delete the value."""
        if _TOKEN.fullmatch(token):
            await _asked(self._redis.delete(_name(purpose, token)))

    async def ping(self) -> None:
        """Raise Refused(SESSIONS_UNAVAILABLE) unless Redis answers."""
        await _asked(cast("Awaitable[Any]", self._redis.ping()))

    def _seal(self, purpose: str, token: str, text: bytes) -> bytes:
        return seal_blob(self._key(purpose, token), text, purpose.encode())

    def _opened(self, purpose: str, token: str, sealed: object) -> dict[str, Any] | None:
        if not isinstance(sealed, bytes):
            return None
        try:
            text = open_blob(self._key(purpose, token), sealed, purpose.encode())
        except OpenFailed:
            return None
        kept = json.loads(text)
        return kept["value"] if self._clock().timestamp() < kept["until"] else None

    def _key(self, purpose: str, token: str) -> Kek:
        return Kek("redis", derive(self._secret, f"sealed {purpose}", context=token.encode()))


def _name(purpose: str, token: str) -> str:
    return f"chengxin:{purpose}:{hashlib.sha256(token.encode()).hexdigest()}"


async def _asked(answer: Awaitable[Any]) -> Any:
    try:
        return await answer
    except Exception:
        # A Redis that talks rubbish makes the client raise anything; no failure of it may let a request pass.
        raise Refused(SESSIONS_UNAVAILABLE) from None

"""Assertions: short-lived signed statements who acts, bound to the certificate of the system that sends them.

A JWT (RFC 7519) signed with Ed25519 (RFC 8037), bound by `cnf.x5t#S256` (RFC 8705).
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from foundation.access.callers import CLERK, Officer, Person
from foundation.identity import IdentifierKind, canonicalise
from foundation.reasons import ASSERTION_INVALID
from foundation.refusal import Refused

AUDIENCE = "chengxin"
LONGEST_S = 120
"""Longest life of an assertion, seconds."""
_SKEW_S = 5


def issue_assertion(
    key: Ed25519PrivateKey,
    *,
    kid: str,
    issuer: str,
    kind: Literal["person", "officer"],
    claims: dict[str, Any],
    bound_to: bytes,
    now: datetime,
    ttl_s: int = LONGEST_S,
) -> str:
    """Sign an assertion. `bound_to` is the SHA-256 of the certificate that will present it.

    Claims of a person: identifier_kind, identifier, name, and where a clerk at a desk acts for it assistant, an object of
    sub, authority, matter. Of an officer: sub, authority, roles.
    `now` is real time: assertions live by the wall clock, not by the house's.
    """
    issued = int(now.timestamp())
    payload = {
        **claims,
        "kind": kind,
        "iss": issuer,
        "aud": AUDIENCE,
        "iat": issued,
        "exp": issued + ttl_s,
        "jti": str(uuid4()),
        "cnf": {"x5t#S256": _b64(bound_to)},
    }
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    header = {"alg": "Ed25519", "kid": kid, "typ": "JWT"}
    return jwt.encode(header, payload, OKPKey.import_key(pem), algorithms=["Ed25519"])


class Issuers:
    """The issuers that this house trusts, each for one kind of assertion."""

    def __init__(self, keys: dict[str, tuple[str, str, OKPKey]]) -> None:
        self._keys = keys

    @classmethod
    def load(cls, file: Path) -> Issuers:
        """Read `[{"kid", "kind", "issuer", "public_key"}]`, the key as base64 of the 32 raw bytes."""
        keys: dict[str, tuple[str, str, OKPKey]] = {}
        for entry in json.loads(file.read_text(encoding="utf-8")):
            raw = base64.b64decode(entry["public_key"])
            jwk = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": _b64(raw)})
            keys[entry["kid"]] = (entry["kind"], entry["issuer"], jwk)
        return cls(keys)

    def officer(self, token: str, *, bound_to: bytes, now: datetime) -> Officer:
        """Verify an officer's assertion. Raises Refused(ASSERTION_INVALID)."""
        claims = self._verified(token, "officer", bound_to=bound_to, now=now)
        try:
            return Officer(
                subject=str(claims["sub"]),
                authority=str(claims["authority"]),
                roles=frozenset(str(role) for role in claims["roles"]),
            )
        except (KeyError, TypeError) as error:
            raise Refused(ASSERTION_INVALID) from error

    def person(self, token: str, *, bound_to: bytes, now: datetime, today: date) -> Person:
        """Verify a person's assertion. Raises Refused(ASSERTION_INVALID) or a refusal of the identifier."""
        claims = self._verified(token, "person", bound_to=bound_to, now=now)
        try:
            kind = IdentifierKind(claims["identifier_kind"])
            identifier = canonicalise(kind, str(claims["identifier"]), today=today)
            return Person(identifier=identifier, name=str(claims.get("name", "")), **_assistance(claims))
        except (KeyError, ValueError, TypeError) as error:
            raise Refused(ASSERTION_INVALID) from error

    def kind(self, token: str) -> str:
        """Which kind of assertion the token claims to be, judged by its key id; "" for an unknown key."""
        return self._keys.get(_key_id(token), ("", "", None))[0]

    def _verified(self, token: str, kind: str, *, bound_to: bytes, now: datetime) -> dict[str, Any]:
        entry = self._keys.get(_key_id(token))
        if entry is None or entry[0] != kind:
            raise Refused(ASSERTION_INVALID)
        try:
            claims = jwt.decode(token, entry[2], algorithms=["Ed25519"]).claims
        except (JoseError, ValueError, RecursionError) as error:
            raise Refused(ASSERTION_INVALID) from error
        at = now.astimezone(UTC).timestamp()
        issued, ends = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int) or not isinstance(ends, int):
            raise Refused(ASSERTION_INVALID)
        confirmation = claims.get("cnf")
        bound = confirmation.get("x5t#S256") if isinstance(confirmation, dict) else None
        good = (
            claims.get("kind") == kind
            and claims.get("iss") == entry[1]
            and claims.get("aud") == AUDIENCE
            and issued - _SKEW_S <= at < ends
            and ends - issued <= LONGEST_S
            and bound == _b64(bound_to)
        )
        if not good:
            raise Refused(ASSERTION_INVALID)
        return claims


def _assistance(claims: dict[str, Any]) -> dict[str, Any]:
    """Who acts for the person at a desk; an assertion that says it in part is none."""
    if "assistant" not in claims:
        return {}
    said = claims["assistant"]
    clerk, authority, matter = (said[name] for name in ("sub", "authority", "matter"))
    if not all(isinstance(value, str) and value for value in (clerk, authority, matter)):
        raise TypeError("texts are expected")
    return {"assistant": Officer(subject=clerk, authority=authority, roles=frozenset({CLERK})), "matter": matter}


def _key_id(token: str) -> str:
    try:
        head = token.split(".", 1)[0]
        kid = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))).get("kid", "")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return kid if isinstance(kid, str) else ""


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

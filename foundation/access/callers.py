"""The parties to a call: the system that the certificate names, and the natural person who acts."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from foundation.db import Transaction
from foundation.identity import Identifier
from foundation.personal import NOTHING, Personal
from foundation.reasons import NOT_ENROLLED, OFFICER_ROLE_REQUIRED, ROLE_REQUIRED
from foundation.refusal import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A system of an authority, as its enrolled certificate says. Never taken from a request.

    Roles: provider, consumer, list_authority, repair_authority, steward, auditor, operator, gateway, office,
    service_desk. `officer` and `matter`: the clerk at a desk who acts for a party here, and the desk's own number; every
    entry of the call has them.
    """

    authority: str
    system: str
    fingerprint: bytes
    roles: frozenset[str] = frozenset()
    officer: Personal = NOTHING
    matter: Personal = NOTHING

    @property
    def desk(self) -> str | None:
        """The authority whose desk acts for a party here; None for a party by itself."""
        return self.authority if self.officer else None

    def require_role(self, *roles: str) -> None:
        """Raise Refused(ROLE_REQUIRED) unless the system has one of `roles`."""
        if self.roles.isdisjoint(roles):
            raise Refused(ROLE_REQUIRED, detail=f"Role needed: {' or '.join(roles)}.")


@dataclass(frozen=True, slots=True, init=False)
class Officer:
    """An official, as the staff identity provider asserts. Two officials are two subjects.

    Roles: case_officer, decider, repair_officer, repair_head, steward, auditor, key_custodian,
    counter_clerk.
    """

    subject: Personal
    authority: str
    roles: frozenset[str]

    def __init__(self, *, subject: str, authority: str, roles: frozenset[str]) -> None:
        object.__setattr__(self, "subject", Personal(subject))
        object.__setattr__(self, "authority", authority)
        object.__setattr__(self, "roles", roles)

    def require_role(self, role: str) -> None:
        """Raise Refused(OFFICER_ROLE_REQUIRED) unless the official has the role."""
        if role not in self.roles:
            raise Refused(OFFICER_ROLE_REQUIRED, detail=f"Role needed: {role}.")


@dataclass(frozen=True, slots=True, init=False)
class Person:
    """The party that acts for itself, as the gateway asserts after sign-in.

    `assistant`: the clerk at a desk through whom it acts, if it does, under `matter`, a number of the desk's own.
    """

    identifier: Identifier
    name: Personal
    assistant: Officer | None
    matter: Personal

    def __init__(
        self, *, identifier: Identifier, name: str, assistant: Officer | None = None, matter: str = ""
    ) -> None:
        object.__setattr__(self, "identifier", identifier)
        object.__setattr__(self, "name", Personal(name))
        object.__setattr__(self, "assistant", assistant)
        object.__setattr__(self, "matter", Personal(matter))


@lru_cache(maxsize=4096)
def fingerprint_of(pem: bytes) -> bytes:
    """SHA-256 of a certificate in PEM, 32 bytes."""
    return x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256())


def own_caller(certificate: Path) -> Caller:
    """The office itself as its own certificate (PEM) names it, for what it does without a caller."""
    return replace(named_in(certificate.read_bytes()), roles=frozenset({"office"}))


@lru_cache(maxsize=4096)
def named_in(pem: bytes) -> Caller:
    """Authority and system as a certificate (PEM) names them, without a role; both empty where it names none.

    What it may do, its enrolment says and not this.
    """
    authority = system = ""
    with suppress(x509.ExtensionNotFound, IndexError, ValueError):
        names = x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(x509.SubjectAlternativeName)
        uri = names.value.get_values_for_type(x509.UniformResourceIdentifier)[0]
        _, _, authority, _, system = uri.removeprefix("spiffe://").split("/")
    return Caller(authority=authority, system=system, fingerprint=fingerprint_of(pem))


def spiffe_id(trust_domain: str, authority: str, system: str) -> str:
    """The URI that a system's certificate carries as subject alternative name."""
    return f"spiffe://{trust_domain}/authority/{authority}/system/{system}"


async def enrolled(tx: Transaction, fingerprint: bytes) -> Caller:
    """Return who a certificate is enrolled for; raise Refused(NOT_ENROLLED) for an unknown, ended or revoked one."""
    row = await tx.maybe(
        "SELECT authority, system, roles FROM enrolment"
        " WHERE fingerprint = :fingerprint AND revoked_at IS NULL AND not_after > clock_timestamp()",
        fingerprint=fingerprint,
    )
    if row is None:
        raise Refused(NOT_ENROLLED)
    return Caller(authority=row.authority, system=row.system, fingerprint=fingerprint, roles=frozenset(row.roles))


CLERK = "counter_clerk"
"""The role of an official who acts for parties at a desk."""
BY_GATEWAY = {
    "repair_officer": "repair_authority",
    "repair_head": "repair_authority",
    "auditor": "auditor",
    CLERK: "service_desk",
}
"""Officials whom the gateway may carry, and the role that a system of their authority must be enrolled with."""


async def carried(tx: Transaction, gateway: Caller, officer: Officer) -> Caller:
    """Return the caller that the gateway is while it carries an official: his authority, and what that may do.

    The authority is what the assertion's signature covers; its roles are those with which a system of that
    authority is enrolled today. The gateway's own roles do not come along.
    Raises Refused(OFFICER_ROLE_REQUIRED).
    """
    rows = await tx.all(
        "SELECT DISTINCT unnest(roles) AS role FROM enrolment"
        " WHERE authority = :authority AND revoked_at IS NULL AND not_after > clock_timestamp()",
        authority=officer.authority,
    )
    roles = frozenset(BY_GATEWAY[role] for role in officer.roles & BY_GATEWAY.keys()) & {row.role for row in rows}
    if not roles:
        raise Refused(OFFICER_ROLE_REQUIRED)
    return replace(gateway, authority=officer.authority, roles=roles)


async def assisted(tx: Transaction, gateway: Caller, person: Person) -> Caller:
    """Return the caller that the gateway is for a party: itself, or the desk whose clerk acts for that party.

    A desk has the party's rights, for which the gateway stands, and no others. Raises as `carried`.
    """
    if person.assistant is None:
        return gateway
    desk = await carried(tx, gateway, person.assistant)
    return replace(desk, roles=frozenset({"gateway"}), officer=person.assistant.subject, matter=person.matter)

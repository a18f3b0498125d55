"""Enrolment: which certificate is which authority's system, told to every office in one transaction."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

import psycopg
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from psycopg import sql
from psycopg.rows import class_row

from foundation.identity import IdentifierKind, canonicalise
from foundation.refusal import Refused
from standalone.ca import DevelopmentCa, System, new_key, write_json, write_public
from standalone.ports import OFFICES
from standalone.trouble import Trouble, explained

ROLES = (
    "provider",
    "consumer",
    "list_authority",
    "repair_authority",
    "steward",
    "auditor",
    "gateway",
    "office",
    "operator",
    "service_desk",
)
"""What a system may be enrolled as; what each may call stands in the offices."""

LONGEST_DAYS = 397
"""Longest life of a system's certificate."""

_SYSTEM = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
_SPIFFE_ID = re.compile(r"spiffe://(?P<trust_domain>[^/]+)/authority/(?P<authority>[^/]+)/system/(?P<system>[^/]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """One certificate and whom it stands for."""

    fingerprint: bytes = field(repr=False)
    """SHA-256 of the certificate, 32 bytes."""
    spiffe_id: str
    authority: str
    system: str
    roles: tuple[str, ...]
    not_after: datetime
    revoked_at: datetime | None = None

    @classmethod
    def of(cls, certificate: Path, roles: tuple[str, ...], *, trust_domain: str) -> Enrolment:
        """The enrolment of the system that a certificate (PEM file) names by its SPIFFE id.

        Raises Trouble when that is no system of the trust domain.
        """
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
        names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        (uri,) = names.get_values_for_type(x509.UniformResourceIdentifier)
        named = _SPIFFE_ID.fullmatch(uri)
        if named is None or named["trust_domain"] != trust_domain:
            raise Trouble.of("CERTIFICATE_OF_OTHER_HOUSE", certificate=certificate, trust_domain=trust_domain)
        return cls(
            fingerprint=loaded.fingerprint(hashes.SHA256()),
            spiffe_id=uri,
            authority=named["authority"],
            system=named["system"],
            roles=roles,
            not_after=loaded.not_valid_after_utc,
        )


class Register:
    """The enrolments of a house, the same in every office's schema."""

    def __init__(self, admin_dsn: str, schemas: Iterable[str] = OFFICES) -> None:
        self._admin_dsn = admin_dsn
        self._schemas = tuple(schemas)

    def enter(self, enrolments: Iterable[Enrolment]) -> None:
        """Enrol certificates with all offices, or with none."""
        rows = [(e.fingerprint, e.spiffe_id, e.authority, e.system, list(e.roles), e.not_after) for e in enrolments]
        with psycopg.connect(self._admin_dsn) as connection:
            for schema in self._schemas:
                as_owner(connection, schema)
                with connection.cursor() as cursor:
                    cursor.executemany(
                        "INSERT INTO enrolment (fingerprint, spiffe_id, authority, system, roles, not_after)"
                        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (fingerprint) DO NOTHING",
                        rows,
                    )

    def revoke(self, fingerprint: bytes) -> bool:
        """Revoke a certificate with all offices at once. False when no such certificate is enrolled."""
        touched = 0
        with psycopg.connect(self._admin_dsn) as connection:
            for schema in self._schemas:
                as_owner(connection, schema)
                touched += connection.execute(
                    "UPDATE enrolment SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE fingerprint = %s",
                    (fingerprint,),
                ).rowcount
        return touched > 0

    def all(self) -> list[Enrolment]:
        """Every enrolment, the newest last, revoked and ended ones too."""
        with psycopg.connect(self._admin_dsn) as connection:
            as_owner(connection, self._schemas[0])
            with connection.cursor(row_factory=class_row(Enrolment)) as cursor:
                cursor.execute(
                    "SELECT fingerprint, spiffe_id, authority, system, roles, not_after, revoked_at"
                    " FROM enrolment ORDER BY not_after, fingerprint"
                )
                return [replace(found, roles=tuple(found.roles)) for found in cursor]

    def roles_of(self, system: System) -> tuple[str, ...]:
        """The roles of the system's newest enrolment that is not revoked; none when it has none."""
        mine = (system.authority, system.name)
        good = [e for e in self.all() if (e.authority, e.system) == mine and e.revoked_at is None]
        return good[-1].roles if good else ()


def checked_system(authority: str, name: str, *, serves: bool = False, today: date) -> System:
    """The system `name` of the authority with that USCC. Raises Trouble for a malformed one."""
    try:
        code = canonicalise(IdentifierKind.USCC, authority, today=today, field="authority").value.reveal()
    except Refused as refused:
        raise Trouble.of("AUTHORITY_INVALID", why=refused.message, remedy=refused.reason.remedy) from refused
    if _SYSTEM.fullmatch(name) is None:
        raise Trouble.of("SYSTEM_INVALID")
    return System(authority=code, name=name, serves=serves)


def checked_roles(roles: Iterable[str]) -> tuple[str, ...]:
    """The roles, each once. Raises Trouble for none or an unknown one."""
    asked = tuple(dict.fromkeys(roles))
    if not asked or not set(asked) <= set(ROLES):
        raise Trouble.of("ROLES_INVALID", roles=", ".join(ROLES))
    return asked


def write_identity(
    folder: Path,
    system: System,
    *,
    ca: DevelopmentCa,
    roles: tuple[str, ...],
    days: int,
    now: datetime,
    doors: Mapping[str, str] | None = None,
    public_key: CertificatePublicKeyTypes | None = None,
) -> Enrolment:
    """Write an identity to `folder`: cert.pem, ca.pem, key.pem, and house.json with the house's `doors`.

    A system that keeps its key itself gives `public_key` instead, and gets no key.pem.

    The certificate counts for nothing before `Register.enter` got the enrolment that this returns.
    """
    if not 1 <= days <= LONGEST_DAYS:
        raise Trouble.of("DAYS_INVALID", days=days, most=LONGEST_DAYS)
    with explained(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = public_key if public_key is not None else new_key(folder / "key.pem")
        certificate = ca.issue(system, key, days=days, now=now)
        write_public(folder / "cert.pem", certificate.public_bytes(Encoding.PEM))
        write_public(folder / "ca.pem", ca.certificate_file.read_bytes())
        if doors is not None:
            write_json(folder / "house.json", dict(doors))
    return Enrolment.of(folder / "cert.pem", roles, trust_domain=ca.trust_domain)


def as_owner(connection: psycopg.Connection, schema: str) -> None:
    """Act as the schema's owner, in it, until the transaction ends or the next call."""
    connection.execute("RESET ROLE")
    connection.execute(
        sql.SQL("SET LOCAL ROLE {}; SET LOCAL search_path = {}").format(
            sql.Identifier(f"{schema}_owner"), sql.Identifier(schema)
        )
    )

"""Everybody's real certificates in a test: an authority that signs them, enrolment, assertions of natural persons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import grpc
import grpc.aio
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from foundation.access import issue_assertion
from foundation.identity import Identifier
from standalone.ca import DevelopmentCa, System
from standalone.enrol import Enrolment, Register, write_identity
from standalone.secret_files import AssertionIssuer, signing_key, write_issuers
from tests.support.databases import SchemaDatabase

Systems = Mapping[str, tuple[str, tuple[str, ...]]]
"""Name of each system -> its authority's code and its roles."""


class RefusedByOffice(Exception):
    """An office refused: status, text, and where it gave them its reason, remedy and the field concerned."""

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        self.code = error.code()
        self.text = error.details() or ""
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        status = rpc_status.from_call(error)  # type: ignore[arg-type]
        for detail in status.details if status else ():
            detail.Unpack(info)
            detail.Unpack(bad)
        self.details = list(status.details) if status else []
        self.reason, self.remedy, self.domain = info.reason, info.metadata["remedy"], info.domain
        self.violations = list(bad.field_violations)
        self.field = self.violations[0].field if self.violations else ""
        super().__init__(self.reason or self.text)


@dataclass
class Identities:
    """The systems of one house under one certification authority: `folder/<system>` holds each one's identity."""

    folder: Path
    trust_domain: str
    ca: DevelopmentCa
    register: Register
    enrolments: dict[str, Enrolment] = field(default_factory=dict)

    @classmethod
    def make(
        cls, folder: Path, database: SchemaDatabase, schemas: Iterable[str], *, trust_domain: str, systems: Systems
    ) -> Identities:
        """Found the authority, enrol all systems, write `folder/issuers.json` for both kinds of assertion."""
        ca = DevelopmentCa(folder / "ca", trust_domain=trust_domain)
        ca.establish(now=datetime.now(UTC))
        made = cls(folder, trust_domain, ca, Register(database.admin_dsn, schemas))
        for name, (authority, roles) in systems.items():
            made.issue(name, authority, roles)
        made.register.enter(made.enrolments.values())
        issuers = [
            AssertionIssuer(kid=kind, kind=kind, issuer="test", key=signing_key(folder / f"{kind}.pem"))
            for kind in ("person", "officer")
        ]
        write_issuers(folder / "issuers.json", issuers)
        return made

    def issue(self, name: str, authority: str, roles: tuple[str, ...]) -> Enrolment:
        """Give a system a certificate; it is not enrolled by that."""
        self.enrolments[name] = write_identity(
            self.folder / name,
            System(authority=authority, name=name, serves=True),
            ca=self.ca,
            roles=roles,
            days=2,
            now=datetime.now(UTC),
        )
        return self.enrolments[name]

    def channel(self, name: str, address: str) -> grpc.aio.Channel:
        """A connection of a system's own to an office."""
        own = self.folder / name
        credentials = grpc.ssl_channel_credentials(
            (own / "ca.pem").read_bytes(), (own / "key.pem").read_bytes(), (own / "cert.pem").read_bytes()
        )
        return grpc.aio.secure_channel(address, credentials)

    def assertion(
        self, kind: Literal["person", "officer"], claims: dict[str, Any], *, by: str, now: datetime | None = None
    ) -> str:
        """An assertion that system `by` may send."""
        key: Any = load_pem_private_key((self.folder / f"{kind}.pem").read_bytes(), None)
        return issue_assertion(
            key,
            kid=kind,
            issuer="test",
            kind=kind,
            claims=claims,
            bound_to=self.enrolments[by].fingerprint,
            now=now or datetime.now(UTC),
        )

    def person(self, identifier: Identifier, *, by: str = "gateway", assistant: dict[str, str] | None = None) -> str:
        """The assertion of a party signed in at the gateway, or at a desk, where it has an assistant."""
        number = identifier.value.reveal()
        claims: dict[str, Any] = {"identifier_kind": identifier.kind.value, "identifier": number, "name": "样例"}
        if assistant is not None:
            claims["assistant"] = assistant
        return self.assertion("person", claims, by=by)

    def officer(self, subject: str, *roles: str, by: str, authority: str = "") -> str:
        """The assertion of an official, of the system's own authority unless another is said."""
        authority = authority or self.enrolments[by].authority
        return self.assertion("officer", {"sub": subject, "authority": authority, "roles": list(roles)}, by=by)

"""Certificates as attackers bring them, and connections made with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from foundation.access import spiffe_id
from tests.services.catalog.office import CatalogOffice

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Identity:
    """A key and its certificate, PEM."""

    key: bytes
    certificate: bytes

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the certificate."""
        return x509.load_pem_x509_certificate(self.certificate).fingerprint(hashes.SHA256())

    def channel(self, office: CatalogOffice) -> grpc.aio.Channel:
        """A connection with this identity; the office itself is trusted."""
        ca = (office.identities.folder / "consumer" / "ca.pem").read_bytes()
        credentials = grpc.ssl_channel_credentials(ca, self.key, self.certificate)
        return grpc.aio.secure_channel(office.process.address, credentials)


@dataclass(frozen=True, slots=True)
class Authority:
    """Whoever signs certificates: the house's own, or one that an attacker made."""

    key: Any
    certificate: x509.Certificate

    @classmethod
    def of_the_house(cls, office: CatalogOffice) -> Authority:
        """The house's own certification authority."""
        folder: Path = office.identities.folder / "ca"
        key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
        return cls(key, x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes()))

    @classmethod
    def forged(cls, office: CatalogOffice) -> Authority:
        """Another one of the same name, with a key of its own."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = cls.of_the_house(office).certificate.subject
        now = datetime.now(UTC)
        built = _builder(name, name, key, now - timedelta(days=1), now + timedelta(days=1)).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        return cls(key, built.sign(key, hashes.SHA256()))

    def certify(
        self,
        *uris: str,
        name: str = "consumer",
        begins: timedelta = timedelta(days=-1),
        ends: timedelta = timedelta(days=1),
    ) -> Identity:
        """A key and a certificate for these URIs (none: no alternative name at all)."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        built = _builder(subject, self.certificate.subject, key, now + begins, now + ends)
        built = built.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        if uris:
            names = [x509.UniformResourceIdentifier(uri) for uri in uris]
            built = built.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return _identity(key, built.sign(self.key, hashes.SHA256()))


def self_signed(uri: str) -> Identity:
    """A certificate that nobody but its holder signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "consumer")])
    now = datetime.now(UTC)
    built = _builder(name, name, key, now - timedelta(days=1), now + timedelta(days=1)).add_extension(
        x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), critical=False
    )
    return _identity(key, built.sign(key, hashes.SHA256()))


def uri_of(office: CatalogOffice, system: str, *, trust_domain: str = "") -> str:
    """The SPIFFE id of a system of the house, or the same in another trust domain."""
    authority = office.identities.enrolments[system].authority
    return spiffe_id(trust_domain or office.identities.trust_domain, authority, system)


def enrol(office: CatalogOffice, identity: Identity, *, ends: str = "1 day") -> None:
    """Enrol a certificate as one of the consumer's, whatever it says, as an operator might by mistake."""
    consumer = office.identities.enrolments["consumer"]
    office.sql(
        "INSERT INTO enrolment VALUES (%s, %s, %s, 'consumer', '{consumer}', now() + cast(%s AS interval))",
        identity.fingerprint,
        consumer.spiffe_id,
        consumer.authority,
        ends,
    )


def _identity(key: Key, certificate: x509.Certificate) -> Identity:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Identity(pem, certificate.public_bytes(Encoding.PEM))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )

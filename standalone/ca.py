"""The development CA: makes the certificates with which the systems of one house know each other.

ECDSA on P-256, the curve that every TLS library of gRPC takes. Production houses bring a CA of their own.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from foundation.access import spiffe_id
from standalone.ports import LOOPBACK
from standalone.trouble import Trouble

CA_DAYS = 3650
BACKDATED = timedelta(minutes=5)
"""Certificates count from a little before they are made: clocks of two machines differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A system of an authority, as its certificate names it."""

    authority: str
    """USCC."""
    name: str
    serves: bool = False
    """True for what others connect to: the certificate then names the loopback host as well."""

    def uri(self, trust_domain: str) -> str:
        """Its SPIFFE id."""
        return spiffe_id(trust_domain, self.authority, self.name)


class DevelopmentCa:
    """Signs certificates of one trust domain with the key in its folder."""

    def __init__(self, folder: Path, *, trust_domain: str) -> None:
        self.certificate_file = folder / "ca.pem"
        self.trust_domain = trust_domain
        self._key_file = folder / "ca.key"
        self._name = f"{trust_domain} development CA"

    def establish(self, *, now: datetime) -> None:
        """Make the CA's key and certificate where they are missing."""
        if self.certificate_file.exists():
            return
        self.certificate_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        public_key = new_key(self._key_file)
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        certificate = self._certify(self._name, public_key, [constraints], days=CA_DAYS, now=now)
        write_public(self.certificate_file, certificate.public_bytes(Encoding.PEM))

    def issue(
        self, system: System, public_key: CertificatePublicKeyTypes, *, days: int, now: datetime
    ) -> x509.Certificate:
        """Certify that `public_key` is `system`'s, for `days` days."""
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(system.uri(self.trust_domain))]
        purposes = [ExtendedKeyUsageOID.CLIENT_AUTH]
        if system.serves:
            names += [x509.DNSName("localhost"), x509.IPAddress(IPv4Address(LOOPBACK))]
            purposes.append(ExtendedKeyUsageOID.SERVER_AUTH)
        extensions: list[x509.ExtensionType] = [
            x509.BasicConstraints(ca=False, path_length=None),
            x509.SubjectAlternativeName(names),
            x509.ExtendedKeyUsage(purposes),
        ]
        return self._certify(system.name, public_key, extensions, days=days, now=now)

    def _certify(
        self,
        name: str,
        public_key: CertificatePublicKeyTypes,
        extensions: list[x509.ExtensionType],
        *,
        days: int,
        now: datetime,
    ) -> x509.Certificate:
        key = load_pem_private_key(self._key_file.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self._name)]))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(now + timedelta(days=days))
            .add_extension(_usage(signs_certificates=name == self._name), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(key, hashes.SHA256())


def key_in_request(file: Path) -> CertificatePublicKeyTypes:
    """The public key of a certificate signing request (PEM), proven to be the requester's.

    Names in the request are ignored: who a system is, the operator says. Raises Trouble.
    """
    try:
        request = x509.load_pem_x509_csr(file.read_bytes())
        proven = request.is_signature_valid
        key = request.public_key()
    except (OSError, ValueError, InvalidSignature) as error:
        raise Trouble.of("NO_SIGNING_REQUEST", file=file) from error
    if not proven:
        raise Trouble.of("REQUEST_NOT_SIGNED", file=file)
    if not (isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)):
        raise Trouble.of("OTHER_KIND_OF_KEY", file=file)
    return key


def new_key(file: Path) -> CertificatePublicKeyTypes:
    """Make a private key in `file` (0600) and return its public half."""
    key = ec.generate_private_key(ec.SECP256R1())
    write_private(file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key.public_key()


def write_private(file: Path, content: bytes) -> None:
    """Write a file that only its owner may read (0600), whole or not at all."""
    _write(file, content, mode=0o600)


def write_public(file: Path, content: bytes) -> None:
    """Write a file that everybody may read (0644), whole or not at all."""
    _write(file, content, mode=0o644)


def write_json(file: Path, content: object) -> None:
    """Write JSON that everybody may read, whole or not at all."""
    write_public(file, f"{json.dumps(content, ensure_ascii=False, indent=1)}\n".encode())


def _write(file: Path, content: bytes, *, mode: int) -> None:
    draft = file.with_name(f".{file.name}.draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
        os.fchmod(stream.fileno(), mode)  # whatever the umask
        stream.write(content)
    draft.rename(file)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    never = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    other = dict.fromkeys((*never, "encipher_only", "decipher_only"), False)
    signs = {"key_cert_sign": signs_certificates, "crl_sign": signs_certificates}
    return x509.KeyUsage(digital_signature=not signs_certificates, **signs, **other)

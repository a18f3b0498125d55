"""Makes a CA, server and system certificates for tests, and identity folders as `chengxin enroll` does."""

from __future__ import annotations

import ipaddress
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

AUTHORITY = "11430000006112345A"


class Pair:
    """A certificate and its key, PEM."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.loaded = certificate
        self.secret = key
        self.certificate = certificate.public_bytes(Encoding.PEM)
        self.key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def make_ca() -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Test CA")
    certificate = _builder(name, name, key, days=30).add_extension(x509.BasicConstraints(True, None), True)
    return Pair(certificate.sign(key, hashes.SHA256()), key)


def issue(ca: Pair, common_name: str, *, server: bool = False, days: int = 30) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    names: list[x509.GeneralName] = [
        x509.UniformResourceIdentifier(f"spiffe://chengxin.example/authority/{AUTHORITY}/system/{common_name}")
    ]
    if server:
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    builder = _builder(_name(common_name), ca.loaded.subject, key, days=days)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    return Pair(builder.sign(ca.secret, hashes.SHA256()), key)


def write_identity(folder: Path, pair: Pair, ca: Pair, house: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cert.pem").write_bytes(pair.certificate)
    (folder / "key.pem").write_bytes(pair.key)
    (folder / "ca.pem").write_bytes(ca.certificate)
    (folder / "house.json").write_text(json.dumps(house))
    return folder


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
    )

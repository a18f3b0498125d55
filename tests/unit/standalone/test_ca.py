"""Certificates of the development CA name one system each and open no other door."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from standalone.ca import DevelopmentCa, System, key_in_request, new_key
from standalone.enrol import write_identity
from standalone.trouble import Trouble

NOW = datetime.now(UTC)
SERVER = System(authority="11439999000000001A", name="catalog", serves=True)
DESK = System(authority="11439999000000002B", name="desk")


@pytest.fixture
def ca(tmp_path: Path) -> DevelopmentCa:
    ca = DevelopmentCa(tmp_path / "ca", trust_domain="t.example")
    ca.establish(now=NOW)
    return ca


def identity(ca: DevelopmentCa, folder: Path, system: System, now: datetime = NOW) -> x509.Certificate:
    write_identity(folder, system, ca=ca, roles=("consumer",), days=30, now=now)
    return x509.load_pem_x509_certificate((folder / "cert.pem").read_bytes())


def names(certificate: x509.Certificate) -> list[object]:
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return [name.value for name in extension.value]


def handshake(server: Path, client: Path) -> str:
    """Shake hands over mutual TLS; return how the server's side ended."""
    offered = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(server / "ca.pem"))
    offered.load_cert_chain(server / "cert.pem", server / "key.pem")
    offered.verify_mode = ssl.CERT_REQUIRED
    asking = ssl.create_default_context(cafile=str(server / "ca.pem"))
    asking.load_cert_chain(client / "cert.pem", client / "key.pem")
    left, right = socket.socketpair()
    left.settimeout(5)
    right.settimeout(5)
    ended = ["well"]

    def serve() -> None:
        try:
            offered.wrap_socket(left, server_side=True).recv(1)
        except ssl.SSLError as error:
            ended[0] = error.reason or "refused"

    serving = threading.Thread(target=serve)
    serving.start()
    # A server that refuses hangs up; what counts is what it says.
    with suppress(ssl.SSLError, ConnectionError):
        asking.wrap_socket(right, server_hostname="localhost").send(b"x")
    serving.join()
    return ended[0]


def test_a_certificate_names_its_system_and_only_a_server_the_host(ca: DevelopmentCa, tmp_path: Path) -> None:
    uri = "spiffe://t.example/authority/11439999000000002B/system/desk"
    assert names(identity(ca, tmp_path / "desk", DESK)) == [uri]
    served = names(identity(ca, tmp_path / "catalog", SERVER))
    assert served[0] == "spiffe://t.example/authority/11439999000000001A/system/catalog"
    assert [str(name) for name in served[1:]] == ["localhost", "127.0.0.1"]


def test_both_sides_accept_each_other(ca: DevelopmentCa, tmp_path: Path) -> None:
    identity(ca, tmp_path / "catalog", SERVER)
    identity(ca, tmp_path / "desk", DESK)
    assert handshake(tmp_path / "catalog", tmp_path / "desk") == "well"


def test_an_ended_certificate_and_one_of_another_ca_are_refused(ca: DevelopmentCa, tmp_path: Path) -> None:
    identity(ca, tmp_path / "catalog", SERVER)
    identity(ca, tmp_path / "ended", DESK, now=NOW - timedelta(days=60))
    other = DevelopmentCa(tmp_path / "other-ca", trust_domain="t.example")
    other.establish(now=NOW)
    identity(other, tmp_path / "other", DESK)
    assert handshake(tmp_path / "catalog", tmp_path / "ended") == "CERTIFICATE_VERIFY_FAILED"
    assert handshake(tmp_path / "catalog", tmp_path / "other") == "CERTIFICATE_VERIFY_FAILED"


def test_private_keys_are_closed_and_the_ca_stays_what_it_is(ca: DevelopmentCa, tmp_path: Path) -> None:
    identity(ca, tmp_path / "desk", DESK)
    for key in (tmp_path / "desk" / "key.pem", tmp_path / "ca" / "ca.key"):
        assert key.stat().st_mode & 0o077 == 0
    before = ca.certificate_file.read_bytes()
    ca.establish(now=NOW)
    assert ca.certificate_file.read_bytes() == before


def request(file: Path, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> Path:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "catalog")])
    algorithm = hashes.SHA256() if isinstance(key, ec.EllipticCurvePrivateKey) else None
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, algorithm)
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return file


def test_a_request_brings_its_key_and_never_its_name(ca: DevelopmentCa, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key_in_request(request(tmp_path / "csr.pem", key))
    folder = tmp_path / "desk"
    write_identity(folder, DESK, ca=ca, roles=("consumer",), days=30, now=NOW, public_key=public)
    certificate = x509.load_pem_x509_certificate((folder / "cert.pem").read_bytes())
    assert certificate.public_key() == key.public_key()
    assert certificate.subject.rfc4514_string() == "CN=desk"
    assert not (folder / "key.pem").exists()


def test_a_bad_request_is_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("nothing")
    forged = request(tmp_path / "forged.pem", ec.generate_private_key(ec.SECP256R1()))
    der = bytearray(x509.load_pem_x509_csr(forged.read_bytes()).public_bytes(serialization.Encoding.DER))
    at = der.index(b"catalog")
    der[at] = ord("b")
    tampered = x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM)
    forged.write_bytes(tampered)
    other_kind = request(tmp_path / "ed.pem", ed25519.Ed25519PrivateKey.generate())
    for file, remedy in [
        (tmp_path / "missing.pem", "openssl"),
        (tmp_path / "no.pem", "openssl"),
        (forged, "again"),
        (other_kind, "P-256"),
    ]:
        with pytest.raises(Trouble) as caught:
            key_in_request(file)
        assert remedy in caught.value.remedy


@pytest.mark.parametrize("days", [0, 398])
def test_a_certificate_that_lasts_too_long_is_not_made(ca: DevelopmentCa, tmp_path: Path, days: int) -> None:
    with pytest.raises(Trouble, match=str(days)):
        write_identity(tmp_path / "desk", DESK, ca=ca, roles=("consumer",), days=days, now=NOW)


def test_a_new_key_is_never_readable_by_others_even_for_a_moment(tmp_path: Path) -> None:
    new_key(tmp_path / "key.pem")
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600

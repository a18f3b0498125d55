"""What each process of a house gets: certificate, keys, secrets, addresses; as `CHENGXIN_*` variables and files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from foundation.crypto import FileKeyProvider
from standalone.ca import DevelopmentCa, System
from standalone.datadir import Character, DataDir
from standalone.engines import Engines
from standalone.enrol import Enrolment, Register, write_identity
from standalone.ports import GATEWAY, OFFICES, Ports
from standalone.secret_files import AssertionIssuer, random_secret, signing_key, verifier_key, write_issuers
from standalone.supervision import Program

PROCESSES = (*OFFICES, GATEWAY)
OWN_ROLES: dict[str, tuple[str, ...]] = {
    "catalog": ("office",),
    "blacklist": ("office", "provider"),
    "repair": ("office",),
    "audit": ("office",),
    GATEWAY: ("gateway",),
}
LOG = "log"
SIGNERS = (LOG, "catalog", "blacklist")
"""What the house signs: the log's checkpoints, withdrawal certificates, notices and decisions."""
OWN_CERTIFICATE_DAYS = 365
RENEWED_BEFORE_END = timedelta(days=30)


def own_system(character: Character, name: str) -> System:
    """A process of the house as a system of the authority that runs it."""
    return System(authority=character.authority, name=name, serves=True)


def certify(data: DataDir, character: Character, register: Register, *, now: datetime) -> None:
    """Give every process a certificate that lasts, and enrol it. What is new replaces what ran out."""
    ca = DevelopmentCa(data.ca, trust_domain=character.trust_domain)
    for name in PROCESSES:
        if _ends(data.identity(name) / "cert.pem") - now < RENEWED_BEFORE_END:
            write_identity(
                data.identity(name),
                own_system(character, name),
                ca=ca,
                trust_domain=character.trust_domain,
                roles=OWN_ROLES[name],
                days=OWN_CERTIFICATE_DAYS,
                now=now,
            )
    # Entered at each start: a killed house may have written a certificate and not the enrolment.
    register.enter(_own_enrolment(data, character, name) for name in PROCESSES)


def provide_keys(data: DataDir, character: Character, *, staff_issuers: Path | None) -> None:
    """Make key folders, secrets and the list of assertion issuers.

    A sample house trusts the development issuer of officials; any house trusts those that the operator's file
    `staff_issuers` lists, in the form of `CHENGXIN_ISSUERS`.
    """
    for office in OFFICES:
        FileKeyProvider.initialise(data.keys(office))
    random_secret(data.secret("cookie"))
    for signer in SIGNERS:
        signing_key(_signers_key(data, signer))
    own = [_person_issuer(data), *([_staff_issuer(data)] if character.sample else [])]
    write_issuers(data.issuers, own, also=staff_issuers)


def doors(data: DataDir, character: Character, ports: Ports) -> dict[str, str]:
    """Where the house's doors are, and the verifier keys of what it signs; as house.json has them."""
    return ports.doors() | {
        f"{signer}_vkey": verifier_key(f"{character.deployment}/{signer}", _signers_key(data, signer))
        for signer in SIGNERS
    }


def programs(
    data: DataDir,
    character: Character,
    engines: Engines,
    ports: Ports,
    *,
    healthy: Callable[[str], bool],
    extra: Mapping[str, str],
) -> list[Program]:
    """The processes of the house, in the order in which they start.

    `extra` are settings that the operator gives by environment: the gateway's OpenID provider, for one.
    """
    addresses = {f"CHENGXIN_{office.upper()}_ADDRESS": ports.address(office) for office in OFFICES}
    shared = addresses | {
        "CHENGXIN_DEPLOYMENT": character.deployment,
        "CHENGXIN_TRUST_DOMAIN": character.trust_domain,
    }
    office_settings = shared | {
        "CHENGXIN_DATABASE_URL": engines.url,
        "CHENGXIN_DATABASE_SECRETS": str(data.role_passwords),
        "CHENGXIN_ISSUERS": str(data.issuers),
    }
    special = {
        "catalog": {"CHENGXIN_DOCUMENT_KEY": str(_signers_key(data, "catalog"))},
        "audit": {
            "CHENGXIN_LOG_LISTEN": ports.address(LOG),
            "CHENGXIN_LOG_KEY": str(_signers_key(data, LOG)),
        },
    }
    started = [
        Program(
            name=office,
            module=f"services.{office}",
            environment=office_settings
            | _identity(data, office)
            | {"CHENGXIN_LISTEN": ports.address(office), "CHENGXIN_KEYS": str(data.keys(office))}
            | special.get(office, {})
            | dict(extra),
            healthy=lambda office=office: healthy(office),
        )
        for office in OFFICES
    ]
    person, staff = _person_issuer(data), _staff_issuer(data)
    door = shared | _identity(data, GATEWAY)
    door |= {
        "CHENGXIN_LISTEN": ports.address(GATEWAY),
        "CHENGXIN_REDIS_URL": engines.redis_url,
        "CHENGXIN_COOKIE_SECRET": str(data.secret("cookie")),
        "CHENGXIN_PERSON_ISSUER": person.issuer,
        "CHENGXIN_PERSON_ISSUER_KID": person.kid,
        "CHENGXIN_PERSON_ISSUER_KEY": str(person.key),
    }
    if character.sample:
        door |= {
            "CHENGXIN_DEV_IDP": "true",
            "CHENGXIN_DEV_IDP_PARTIES": str(data.sample_parties),
            "CHENGXIN_STAFF_ISSUER": staff.issuer,
            "CHENGXIN_STAFF_ISSUER_KID": staff.kid,
            "CHENGXIN_STAFF_ISSUER_KEY": str(staff.key),
        }
    door |= extra
    return [
        *started,
        Program(name=GATEWAY, module=GATEWAY, environment=door, healthy=lambda: healthy(GATEWAY)),
    ]


def _identity(data: DataDir, name: str) -> dict[str, str]:
    folder = data.identity(name)
    return {
        "CHENGXIN_CERT": str(folder / "cert.pem"),
        "CHENGXIN_KEY": str(folder / "key.pem"),
        "CHENGXIN_CA": str(folder / "ca.pem"),
    }


def _signers_key(data: DataDir, signer: str) -> Path:
    # The list office looks for its own in its key folder.
    return data.keys(signer) / "documents.pem" if signer == "blacklist" else data.secret(f"{signer}.key")


def _ends(certificate: Path) -> datetime:
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _own_enrolment(data: DataDir, character: Character, name: str) -> Enrolment:
    certificate = x509.load_pem_x509_certificate((data.identity(name) / "cert.pem").read_bytes())
    system = own_system(character, name)
    return Enrolment(
        fingerprint=certificate.fingerprint(hashes.SHA256()),
        spiffe_id=system.uri(character.trust_domain),
        authority=system.authority,
        system=system.name,
        roles=OWN_ROLES[name],
        not_after=certificate.not_valid_after_utc,
    )


def _person_issuer(data: DataDir) -> AssertionIssuer:
    key = signing_key(data.secret("person-issuer.pem"))
    return AssertionIssuer(kid="chengxin-gateway-1", kind="person", issuer="chengxin-gateway", key=key)


def _staff_issuer(data: DataDir) -> AssertionIssuer:
    key = signing_key(data.secret("staff-issuer.pem"))
    return AssertionIssuer(kid="development-staff-1", kind="officer", issuer="development-staff", key=key)

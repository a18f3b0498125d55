"""What each process of a house gets: certificate, keys, secrets, addresses; as `CHENGXIN_*` variables and files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from foundation.crypto import FileKeyProvider
from standalone.ca import System
from standalone.datadir import Character, DataDir
from standalone.engines import Engines
from standalone.enrol import Enrolment, Register, write_identity
from standalone.health import serves
from standalone.ports import GATEWAY, OFFICES, Ports
from standalone.secret_files import AssertionIssuer, random_secret, signing_key, verifier_key, write_issuers
from standalone.supervision import Child

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


def certify(data: DataDir, character: Character, register: Register, *, now: datetime) -> None:
    """Give every process a certificate that lasts, and enrol it. What is new replaces what ran out."""
    ca = data.development_ca()
    ca.establish(now=now)
    for name in PROCESSES:
        if _ends(data.identity(name) / "cert.pem") - now < RENEWED_BEFORE_END:
            write_identity(
                data.identity(name),
                System(authority=character.authority, name=name, serves=True),
                ca=ca,
                roles=OWN_ROLES[name],
                days=OWN_CERTIFICATE_DAYS,
                now=now,
            )
    # Entered at each start: a killed house may have written a certificate and not the enrolment.
    register.enter(
        Enrolment.of(data.identity(name) / "cert.pem", OWN_ROLES[name], trust_domain=character.trust_domain)
        for name in PROCESSES
    )


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


def processes(
    data: DataDir, character: Character, engines: Engines, ports: Ports, *, extra: Mapping[str, str]
) -> list[Child]:
    """The processes of the house, in the order in which they start.

    `extra` are settings that the operator gives by environment: the gateway's OpenID provider, for one.
    """
    shared = {f"CHENGXIN_{office.upper()}_ADDRESS": ports.address(office) for office in OFFICES} | {
        "CHENGXIN_DEPLOYMENT": character.deployment,
        "CHENGXIN_TRUST_DOMAIN": character.trust_domain,
    }
    every_office = {
        "CHENGXIN_DATABASE_URL": engines.url,
        "CHENGXIN_DATABASE_SECRETS": str(data.role_passwords),
        "CHENGXIN_ISSUERS": str(data.issuers),
    }
    own: dict[str, dict[str, str]] = {
        office: every_office | {"CHENGXIN_KEYS": str(data.keys(office))} for office in OFFICES
    }
    own["catalog"]["CHENGXIN_DOCUMENT_KEY"] = str(_signers_key(data, "catalog"))
    own["audit"] |= {"CHENGXIN_LOG_LISTEN": ports.address(LOG), "CHENGXIN_LOG_KEY": str(_signers_key(data, LOG))}
    own[GATEWAY] = {
        "CHENGXIN_REDIS_URL": engines.redis_url,
        "CHENGXIN_COOKIE_SECRET": str(data.secret("cookie")),
        **_issuer_settings("PERSON", _person_issuer(data)),
    }
    if character.sample:
        own[GATEWAY] |= {
            "CHENGXIN_DEV_IDP": "true",
            "CHENGXIN_DEV_IDP_PARTIES": str(data.sample_parties),
            **_issuer_settings("STAFF", _staff_issuer(data)),
        }

    def child(name: str) -> Child:
        identity = data.identity(name)
        every_process = {
            "CHENGXIN_LISTEN": ports.address(name),
            "CHENGXIN_CERT": str(identity / "cert.pem"),
            "CHENGXIN_KEY": str(identity / "key.pem"),
            "CHENGXIN_CA": str(identity / "ca.pem"),
        }
        return Child(
            name,
            module=name if name == GATEWAY else f"services.{name}",
            settings=shared | every_process | own[name] | dict(extra),
            healthy=lambda: serves(name, identity=data.identity(GATEWAY), ports=ports),
            log=data.log(name),
            record=data.run / f"{name}.json",
        )

    return [child(name) for name in PROCESSES]


def _issuer_settings(who: str, issuer: AssertionIssuer) -> dict[str, str]:
    return {
        f"CHENGXIN_{who}_ISSUER": issuer.issuer,
        f"CHENGXIN_{who}_ISSUER_KID": issuer.kid,
        f"CHENGXIN_{who}_ISSUER_KEY": str(issuer.key),
    }


def _signers_key(data: DataDir, signer: str) -> Path:
    # The list office looks for its own in its key folder.
    return data.keys(signer) / "documents.pem" if signer == "blacklist" else data.secret(f"{signer}.key")


def _ends(certificate: Path) -> datetime:
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _person_issuer(data: DataDir) -> AssertionIssuer:
    key = signing_key(data.secret("person-issuer.pem"))
    return AssertionIssuer(kid="chengxin-gateway-1", kind="person", issuer="chengxin-gateway", key=key)


def _staff_issuer(data: DataDir) -> AssertionIssuer:
    key = signing_key(data.secret("staff-issuer.pem"))
    return AssertionIssuer(kid="development-staff-1", kind="officer", issuer="development-staff", key=key)

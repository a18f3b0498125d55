"""What each process of a house gets: certificate, keys, secrets, addresses; as `CHENGXIN_*` variables and files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509

from chengxin.proofs import cosignature, note
from chengxin.witness.memory import key_file
from standalone.ca import System
from standalone.datadir import Character, DataDir
from standalone.engines import Engines
from standalone.enrol import Enrolment, Register, write_identity
from standalone.health import serves
from standalone.ports import GATEWAY, OFFICES, WITNESS, Ports
from standalone.secret_files import AssertionIssuer, random_secret, signing_key, verifier_key, write_issuers
from standalone.supervision import Child

if TYPE_CHECKING:
    from standalone.openbao.server import OpenBaoServer

PROCESSES = (*OFFICES, GATEWAY)
OPENBAO = "openbao"
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


def certify(data: DataDir, character: Character, *, now: datetime) -> None:
    """Give every process a certificate that lasts. What is new replaces what ran out."""
    ca = data.development_ca()
    ca.establish(now=now)
    # OpenBao serves under a certificate of the house as well; it is enrolled nowhere, so it opens no door.
    for name in (*PROCESSES, *([OPENBAO] if character.keys == OPENBAO else [])):
        if _ends(data.identity(name) / "cert.pem") - now < RENEWED_BEFORE_END:
            write_identity(
                data.identity(name),
                System(authority=character.authority, name=name, serves=True),
                ca=ca,
                roles=OWN_ROLES.get(name, ()),
                days=OWN_CERTIFICATE_DAYS,
                now=now,
            )


def enrol_processes(data: DataDir, character: Character, register: Register) -> None:
    """Enrol every process, at each start: a killed house may have written a certificate and not the enrolment."""
    register.enter(
        Enrolment.of(data.identity(name) / "cert.pem", OWN_ROLES[name], trust_domain=character.trust_domain)
        for name in PROCESSES
    )


def openbao(data: DataDir) -> OpenBaoServer:
    """The house's OpenBao, where its keys are kept by one."""
    from standalone.openbao.server import OpenBaoServer  # noqa: PLC0415  long to load, and few houses have one

    identity, record = data.identity(OPENBAO), data.run / f"{OPENBAO}.json"
    return OpenBaoServer(data.openbao, identity=identity, log=data.log(OPENBAO), record=record)


def provide_keys(data: DataDir, character: Character, *, staff_issuers: Path | None) -> None:
    """Make key folders, secrets and the list of assertion issuers.

    A sample house trusts the development issuer of officials; any house trusts those that the operator's file
    `staff_issuers` lists, in the form of `CHENGXIN_ISSUERS`.
    """
    from foundation.crypto import FileKeyProvider  # noqa: PLC0415  long to load, which PostgreSQL need not wait for

    for office in OFFICES:
        if character.keys == "file":
            FileKeyProvider.initialise(data.keys(office))
        else:  # for the keys with which an office signs
            data.keys(office).mkdir(mode=0o700, exist_ok=True)
    random_secret(data.secret("cookie"))
    for signer in SIGNERS:
        signing_key(_signers_key(data, signer))
    own = [_person_issuer(data), *([_staff_issuer(data)] if character.sample else [])]
    write_issuers(data.issuers, own, also=staff_issuers)


def doors(data: DataDir, character: Character, ports: Ports) -> dict[str, str]:
    """Where the house's doors are, and the verifier keys of what it signs; as house.json has them."""
    vkeys = {f"{signer}_vkey": _vkey(data, character, signer) for signer in SIGNERS}
    return ports.doors() | vkeys | {"witness_vkey": _witness_vkey(data, character)}


def _vkey(data: DataDir, character: Character, signer: str) -> str:
    return verifier_key(f"{character.deployment}/{signer}", _signers_key(data, signer))


def _witness_vkey(data: DataDir, character: Character) -> str:
    key = note.read_key_file(key_file(data.witness)).public_key()
    return cosignature.vkey(f"{character.deployment}/{WITNESS}", key)


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
        "CHENGXIN_LOG_URL": ports.doors()["log_url"],
        "CHENGXIN_LOG_VKEY": _vkey(data, character, LOG),
        "CHENGXIN_WITNESS_URL": ports.doors()["witness_url"],
    }
    own: dict[str, dict[str, str]] = {
        office: every_office | {"CHENGXIN_KEYS": str(data.keys(office))} for office in OFFICES
    }
    if character.keys == OPENBAO:
        keeper = openbao(data)
        for office in OFFICES:
            own[office] |= keeper.settings(office)
    own["catalog"]["CHENGXIN_REDIS_URL"] = engines.redis_url
    own["catalog"]["CHENGXIN_DOCUMENT_KEY"] = str(_signers_key(data, "catalog"))
    own["audit"] |= {
        "CHENGXIN_LOG_LISTEN": ports.address(LOG),
        "CHENGXIN_LOG_KEY": str(_signers_key(data, LOG)),
        "CHENGXIN_ENTRIES_LISTEN": ports.address("entries"),
        "CHENGXIN_WITNESS_VKEY": _witness_vkey(data, character),
    }
    own[GATEWAY] = {
        "CHENGXIN_REDIS_URL": engines.redis_url,
        "CHENGXIN_COOKIE_SECRET": str(data.secret("cookie")),
        "CHENGXIN_CATALOG_VKEY": _vkey(data, character, "catalog"),
        "CHENGXIN_BLACKLIST_VKEY": _vkey(data, character, "blacklist"),
        **_issuer_settings("PERSON", _person_issuer(data)),
    }
    if character.sample:
        own[GATEWAY] |= {
            "CHENGXIN_DEV_IDP": "true",
            "CHENGXIN_AUTHORITIES": str(data.sample_authorities),
            "CHENGXIN_DEV_IDP_PARTIES": str(data.sample_parties),
            "CHENGXIN_DEV_IDP_OFFICIALS": str(data.sample_officials),
            **_issuer_settings("STAFF", _staff_issuer(data)),
        }

    def serving(name: str) -> Child:
        identity = data.identity(name)
        every_process = {
            "CHENGXIN_LISTEN": ports.address(name),
            "CHENGXIN_CERT": str(identity / "cert.pem"),
            "CHENGXIN_KEY": str(identity / "key.pem"),
            "CHENGXIN_CA": str(identity / "ca.pem"),
        }
        module = name if name == GATEWAY else f"services.{name}"
        return _child(name, module, shared | every_process | own[name] | dict(extra), data, ports)

    # The log's witness stands for one that others run on a machine of their own.
    watching = {
        "CHENGXIN_WITNESS_STATE": str(data.witness),
        "CHENGXIN_WITNESS_LOG": _vkey(data, character, LOG),
        "CHENGXIN_WITNESS_NAME": f"{character.deployment}/{WITNESS}",
        "CHENGXIN_WITNESS_LISTEN": ports.address(WITNESS),
    }
    return [_child(WITNESS, "chengxin.witness", watching, data, ports), *map(serving, PROCESSES)]


def _child(name: str, module: str, settings: Mapping[str, str], data: DataDir, ports: Ports) -> Child:
    return Child(
        name,
        module=module,
        settings=settings,
        healthy=lambda: serves(name, identity=data.identity(GATEWAY), ports=ports),
        log=data.log(name),
        record=data.run / f"{name}.json",
    )


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

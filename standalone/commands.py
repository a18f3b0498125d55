"""Commands that a checkout adds to `chengxin`: up, doctor, enroll. (demo: `story`, bench: `bench`.)"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from foundation.calendar import day_of
from standalone.ca import key_in_request
from standalone.datadir import DataDir, default_folder
from standalone.doctor import examine
from standalone.enrol import Enrolment, Register, checked_roles, checked_system, enrol
from standalone.house import House, Wish, administered
from standalone.ports import Ports
from standalone.trouble import Trouble
from standalone.welcome import welcome, welcome_json

Data = Annotated[
    Path | None,
    typer.Option("--data", help="Data directory. Default: chengxin in the XDG data home.", show_default=False),
]
Keys = Annotated[
    Literal["file", "openbao"] | None,
    typer.Option(
        help="Who keeps a new house's outermost keys: files beside it, or an OpenBao of its own.", show_default="file"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]


@contextmanager
def told(*, as_json: bool) -> Generator[None]:
    """Tell Trouble with its remedy, and exit with code 2: the command could not run."""
    try:
        yield
    except Trouble as trouble:
        if as_json:
            typer.echo(json.dumps({"error": trouble.what, "remedy": trouble.remedy}, ensure_ascii=False))
        else:
            typer.echo(f"{trouble.what}\nRemedy: {trouble.remedy}", err=True)
        raise typer.Exit(2) from trouble


def up(
    *,
    data: Data = None,
    catalog_port: Annotated[int, typer.Option(help="gRPC of the catalog office; 0: a free port.")] = 7401,
    blacklist_port: Annotated[int, typer.Option(help="gRPC of the list office.")] = 7402,
    repair_port: Annotated[int, typer.Option(help="gRPC of the repair office.")] = 7403,
    audit_port: Annotated[int, typer.Option(help="gRPC of the audit office.")] = 7404,
    log_port: Annotated[int, typer.Option(help="HTTP of the audit log's checkpoints and tiles.")] = 7405,
    witness_port: Annotated[int, typer.Option(help="HTTP of the log's witness.")] = 7406,
    entries_port: Annotated[int, typer.Option(help="HTTPS of the log's entries, for auditors.")] = 7407,
    gateway_port: Annotated[int, typer.Option(help="HTTP of the gateway.")] = 7480,
    sample: Annotated[
        bool | None,
        typer.Option(
            "--sample/--no-sample",
            help="What a new house is. Sample: generated data, development sign-in, a clock that can be moved.",
            show_default="sample",
        ),
    ] = None,
    authority: Annotated[
        str | None, typer.Option(help="USCC of the authority that runs a new house.", show_default="a sample one")
    ] = None,
    keys: Keys = None,
    as_json: Json = False,
) -> None:
    """Run the whole house on this machine, in the foreground, until Ctrl-C."""
    ports = Ports(
        catalog=catalog_port,
        blacklist=blacklist_port,
        repair=repair_port,
        audit=audit_port,
        log=log_port,
        witness=witness_port,
        entries=entries_port,
        gateway=gateway_port,
    )
    with told(as_json=as_json):
        if authority is not None:
            authority = checked_system(authority, "house", today=day_of(datetime.now(UTC))).authority
        folder = data or default_folder()
        wish = Wish(folder=folder, ports=ports, sample=sample, authority=authority, keys=keys)
        house = House(wish, environment=os.environ, say=lambda line: typer.echo(f"  {line}", err=as_json))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # started with nohup: it is to outlive its terminal
            signal.signal(number, lambda _number, _frame: house.ask_to_stop())
        try:
            if house.start():
                typer.echo(welcome_json(house) if as_json else welcome(house))
                sys.stdout.flush()
                house.tend()
        finally:
            typer.echo("stopping", err=True)
            house.stop()


def doctor(*, data: Data = None, as_json: Json = False) -> None:
    """Check whether a house can run here, and how the one in the data directory is."""
    findings = examine(DataDir(data or default_folder()), Ports(), os.environ)
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            typer.echo(f"{'well   ' if finding.well else 'TROUBLE'}  {finding.subject}: {finding.said}")
            if finding.remedy:
                typer.echo(f"         Remedy: {finding.remedy}")
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)


def enroll(
    *,
    data: Data = None,
    authority: Annotated[str, typer.Option(help="USCC of the authority whose system it is.")] = "",
    system: Annotated[str, typer.Option(help="Name of the system, for example penalty-desk.")] = "",
    role: Annotated[list[str] | None, typer.Option(help="What it may be: provider, consumer, ...")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the identity.")] = None,
    csr: Annotated[Path | None, typer.Option(help="Certify the key of this request instead of making one.")] = None,
    renew: Annotated[bool, typer.Option("--renew", help="Keep the roles of its present enrolment.")] = False,
    days: Annotated[int, typer.Option(help="How long the certificate lasts.")] = 90,
    revoke: Annotated[str, typer.Option(help="Revoke the certificate with this SHA-256 (hex).")] = "",
    list_all: Annotated[bool, typer.Option("--list", help="List all enrolments.")] = False,
    as_json: Json = False,
) -> None:
    """Issue, renew, revoke or list the certificates of departments' systems."""
    with told(as_json=as_json), administered(data or default_folder(), environment=os.environ) as (folder, admin_dsn):
        register = Register(admin_dsn)
        if list_all:
            found = [_described(enrolment) for enrolment in register.all()]
            typer.echo(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(map(_line, found)))
        elif revoke:
            fingerprint = revoke.replace(":", "").lower()
            known = [e.fingerprint for e in register.all() if e.fingerprint.hex() == fingerprint]
            if not known:
                raise Trouble("No such certificate is enrolled.", remedy="See `chengxin enroll --list`.")
            register.revoke(known[0])
            typer.echo(json.dumps({"revoked": revoke}) if as_json else f"revoked {revoke}")
        elif out is None:
            raise Trouble("Where the identity goes is not said.", remedy="Give --out DIR.")
        else:
            now = datetime.now(UTC)
            who = checked_system(authority, system, today=day_of(now))
            roles = register.roles_of(who) if renew and not role else checked_roles(role or [])
            if not roles:
                raise Trouble(
                    f"The system {system} has no enrolment to renew.", remedy="Enrol it: give --role, not --renew."
                )
            key = key_in_request(csr) if csr else None
            made = _described(enrol(folder, register, who, roles, out, days=days, now=now, public_key=key))
            shown = json.dumps(made | {"folder": str(out)}, ensure_ascii=False)
            typer.echo(shown if as_json else f"{_line(made)}\nidentity in {out}")


def _described(enrolment: Enrolment) -> dict[str, str]:
    not_after, ended = (
        at.astimezone(UTC).isoformat(timespec="seconds") if at else ""
        for at in (enrolment.not_after, enrolment.revoked_at)
    )
    return {
        "fingerprint": enrolment.fingerprint.hex(),
        "authority": enrolment.authority,
        "system": enrolment.system,
        "roles": " ".join(enrolment.roles),
        "not_after": not_after,
        "revoked_at": ended,
    }


def _line(enrolment: dict[str, str]) -> str:
    state = "revoked {revoked_at}" if enrolment["revoked_at"] else "good"
    line = "{fingerprint}  {authority}  {system}  [{roles}]  until {not_after}  " + state
    return line.format_map(enrolment)

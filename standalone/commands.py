"""Commands that a checkout adds to `chengxin`: up, doctor, enroll. (demo: `story`, bench: `bench`.)"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from chengxin.cli.command import Group, command
from chengxin.cli.options import Output
from standalone.ca import key_in_request
from standalone.datadir import DataDir, default_folder
from standalone.enrol import Enrolment, Register, checked_roles, checked_system, write_identity
from standalone.house import House, Wish, administered
from standalone.ports import Ports
from standalone.trouble import Trouble

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


@command
def up(
    *,
    data: Data = None,
    ports: Ports,
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
    output: Output,
) -> None:
    """Run the whole house on this machine, in the foreground, until Ctrl-C."""
    if authority is not None:
        authority = checked_system(authority, "house", today=_today()).authority
    wish = Wish(folder=data or default_folder(), ports=ports, sample=sample, authority=authority, keys=keys)
    house = House(wish, environment=os.environ, say=lambda line: typer.echo(f"  {line}", err=output.as_json))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
            continue  # started with nohup: it is to outlive its terminal
        signal.signal(number, lambda _number, _frame: house.ask_to_stop())
    try:
        if house.start():
            from standalone.welcome import welcome, welcome_json  # noqa: PLC0415  the law, which the start has loaded

            output.say(welcome_json(house), welcome(house))
            sys.stdout.flush()
            house.tend()
    finally:
        typer.echo("stopping", err=True)
        house.stop()


@command
def doctor(*, data: Data = None, output: Output) -> None:
    """Check whether a house can run here, and how the one in the data directory is."""
    from standalone.doctor import examine  # noqa: PLC0415  what it looks at is long to load

    findings = examine(DataDir(data or default_folder()), Ports(), os.environ)
    lines: list[str] = []
    for finding in findings:
        lines.append(f"{'well   ' if finding.well else 'TROUBLE'}  {finding.subject}: {finding.said}")
        lines += [f"         What to do: {finding.remedy}"] if finding.remedy else []
    output.say(findings, "\n".join(lines))
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)


@dataclass(kw_only=True)
class NewIdentity(Group):
    """A system, and the identity that it is to get."""

    authority: Annotated[str, typer.Option(help="USCC of the authority whose system it is.")] = ""
    system: Annotated[str, typer.Option(help="Name of the system, for example penalty-desk.")] = ""
    role: Annotated[list[str] | None, typer.Option(help="What it may be: provider, consumer, ...")] = None
    out: Annotated[Path | None, typer.Option(help="Folder for the identity.")] = None
    csr: Annotated[Path | None, typer.Option(help="Certify the key of this request instead of making one.")] = None
    renew: Annotated[bool, typer.Option("--renew", help="Keep the roles of its present enrolment.")] = False
    days: Annotated[int, typer.Option(help="How long the certificate lasts.")] = 90

    def issued(self, data: DataDir, register: Register) -> Enrolment:
        """Write the identity and enrol its certificate. Raises Trouble."""
        if self.out is None:
            raise Trouble.of("NO_FOLDER_FOR_IDENTITY")
        now = datetime.now(UTC)
        who = checked_system(self.authority, self.system, today=_today())
        roles = register.roles_of(who) if self.renew and not self.role else checked_roles(self.role or [])
        if not roles:
            raise Trouble.of("NOTHING_TO_RENEW", system=self.system)
        key = key_in_request(self.csr) if self.csr else None
        ca, doors = data.development_ca(), data.doors()
        enrolment = write_identity(
            self.out, who, ca=ca, roles=roles, days=self.days, now=now, doors=doors, public_key=key
        )
        register.enter([enrolment])
        return enrolment


@command
def enroll(
    *,
    data: Data = None,
    new: NewIdentity,
    revoke: Annotated[str, typer.Option(help="Revoke the certificate with this SHA-256 (hex).")] = "",
    list_all: Annotated[bool, typer.Option("--list", help="List all enrolments.")] = False,
    output: Output,
) -> None:
    """Issue, renew, revoke or list the certificates of departments' systems."""
    with administered(data or default_folder(), environment=os.environ) as (folder, admin_dsn):
        register = Register(admin_dsn)
        if list_all:
            found = [_described(enrolment) for enrolment in register.all()]
            output.say(found, "\n".join(map(_line, found)))
        elif revoke:
            known = {enrolment.fingerprint.hex(): enrolment.fingerprint for enrolment in register.all()}
            fingerprint = known.get(revoke.replace(":", "").lower())
            if fingerprint is None:
                raise Trouble.of("CERTIFICATE_UNKNOWN")
            register.revoke(fingerprint)
            output.say({"revoked": revoke}, f"revoked {revoke}")
        else:
            made = _described(new.issued(folder, register))
            output.say(made | {"folder": str(new.out)}, f"{_line(made)}\nidentity in {new.out}")


def _today() -> date:
    from foundation.calendar import day_of  # noqa: PLC0415  long to load, and the start of most houses asks for no day

    return day_of(datetime.now(UTC))


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

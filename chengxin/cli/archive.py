"""`chengxin archive`: have what is archived about a party opened, by two officials on a stated basis."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console
from rich.table import Table

from chengxin.catalog.v1 import archive_pb2
from chengxin.catalog.v1.archive_pb2_grpc import ArchiveServiceStub
from chengxin.cli import options
from chengxin.cli.officials import AssertionFile, Desk, SampleOfficial
from chengxin.cli.output import Failed, print_json, told
from chengxin.cli.parties import identifier, numbered_lines
from chengxin.client.requests import identifier_message
from chengxin.common.v1 import common_pb2

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")

APPLICANT, APPROVER = "auditor", "steward"
OpeningId = Annotated[str, typer.Argument(metavar="OPENING", help="Its id, from `chengxin archive list`.")]


@app.callback()
def archive() -> None:
    """Open records whose sharing has ended: two officials, a stated basis, a short time.

    An auditing authority's official applies, a catalog steward's official who is somebody else approves, and
    within a day the first one opens. Each step, refused or not, is journalled, and the party sees it in its own
    list of accesses: at once, or after the delay that the basis allows (law/archive.yaml).

    [bold]Examples[/bold]

        chengxin archive request --help
        chengxin archive list --json
    """


@app.command()
def request(
    *,
    basis: Annotated[str, typer.Option("--basis", metavar="CODE", help="court_order or audit.")],
    number: Annotated[str, typer.Option("--number", metavar="NUMBER", help="Number of the order or audit.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it is needed.")],
    delay: Annotated[
        int, typer.Option("--delay", metavar="DAYS", help="Days for which the party is not shown it.")
    ] = 0,
    records: Annotated[
        list[str] | None, typer.Option("--record", metavar="ID", help="Only this record of the party; may be repeated.")
    ] = None,
    uscc: options.Uscc = None,
    file: options.NumberFile = None,
    kind: options.NumberKind = options.Kind.USCC,
    assertion: AssertionFile = None,
    sample_official: SampleOfficial = None,
    identity: options.IdentityFolder = None,
    as_json: options.Json = False,
) -> None:
    """Apply for an opening, as an official of an auditing authority.

    The number of a person is given on standard input, in a file, or at the prompt, which does not show it.

    [bold]Examples[/bold]

        chengxin archive request --uscc 91430100MA4L1ABC2X --basis audit --number 2026-7 --reason "…" --assertion me.jwt
        chengxin archive request --kind resident-id --basis court_order --number N --reason … --delay 30 --assertion F
    """
    with told(as_json=as_json):
        desk = Desk(identity, "catalog")
        asked = archive_pb2.RequestOpeningRequest(
            subject=_party(uscc, file, kind),
            record_ids=records or (),
            basis=basis,
            basis_number=number,
            reason=reason,
            delay_days=delay,
        )
        said = desk.assertion(assertion, sample_official, APPLICANT)
        opening = desk.ask(ArchiveServiceStub(desk.channel).RequestOpening, asked, said).opening
        _say(opening, f"until {_time(opening.approve_before)} a steward's official may approve it", as_json)


@app.command()
def approve(
    opening: OpeningId,
    *,
    uscc: options.Uscc = None,
    file: options.NumberFile = None,
    kind: options.NumberKind = options.Kind.USCC,
    assertion: AssertionFile = None,
    sample_official: SampleOfficial = None,
    identity: options.IdentityFolder = None,
    as_json: options.Json = False,
) -> None:
    """Approve an opening, as a catalog steward's official: name the party as the order or audit before you names it."""
    with told(as_json=as_json):
        desk = Desk(identity, "catalog")
        asked = archive_pb2.ApproveOpeningRequest(opening_id=opening, subject=_party(uscc, file, kind))
        said = desk.assertion(assertion, sample_official, APPROVER)
        approved = desk.ask(ArchiveServiceStub(desk.channel).ApproveOpening, asked, said).opening
        _say(approved, f"until {_time(approved.open_before)} {approved.requested_by} may open it", as_json)


@app.command(name="open")
def open_(
    opening: OpeningId,
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="A new file for the content (JSON), for you alone (0600)."),
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Print the content (JSON) on this terminal.")] = False,
    assertion: AssertionFile = None,
    sample_official: SampleOfficial = None,
    identity: options.IdentityFolder = None,
    as_json: options.Json = False,
) -> None:
    """Open what was approved, as the official who applied. The content goes where you say, and nowhere else."""
    with told(as_json=as_json):
        if (out is None) == (not show):
            raise Failed("Say where the content goes; nothing was opened.", "Give --out FILE or --show.")
        desk = Desk(identity, "catalog")
        said = desk.assertion(assertion, sample_official, APPLICANT)
        # Made before anything is opened: an opening that can't be kept would be one for nothing.
        descriptor = _new_file(out) if out is not None else None
        try:
            asked = archive_pb2.OpenArchiveRequest(opening_id=opening)
            answer = desk.ask(ArchiveServiceStub(desk.channel).OpenArchive, asked, said)
        except BaseException:
            if out is not None:
                out.unlink()
            raise
        content = MessageToDict(answer, preserving_proto_field_name=True)
        if descriptor is not None:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                json.dump(content, stream, ensure_ascii=False, indent=2)
            done = {"records": len(answer.records), "file": str(out), "receipt": content["receipt"]}
            print_json(done) if as_json else typer.echo(f"{len(answer.records)} records in {out}")
        else:
            print_json(content)


@app.command(name="list")
def list_(*, identity: options.IdentityFolder = None, as_json: options.Json = False) -> None:
    """List openings, newest first, without their parties, for auditing authorities and stewards."""
    with told(as_json=as_json):
        desk = Desk(identity, "catalog")
        given = desk.ask(ArchiveServiceStub(desk.channel).ListOpenings, archive_pb2.ListOpeningsRequest()).openings
        if as_json:
            print_json([MessageToDict(one, preserving_proto_field_name=True) for one in given])
            return
        if not given:
            typer.echo("Nothing was ever opened here.  Apply with: chengxin archive request --help")
            return
        table = Table(box=None, pad_edge=False)
        table.add_column("opening", min_width=36)  # an id that is cut can't be copied
        for column in ("basis", "number", "applied", "approved", "open until"):
            table.add_column(column)
        for one in given:
            applied = f"{one.requested_by}, {_time(one.requested_at)}"
            approved = f"{one.approved_by}, {_time(one.approved_at)}" if one.approved_by else "-"
            until = _time(one.open_before) if one.approved_by else "-"
            table.add_row(one.opening_id, one.basis, one.basis_number, applied, approved, until)
        Console(soft_wrap=True).print(table)


def _party(uscc: str | None, file: Path | None, kind: options.Kind) -> common_pb2.Identifier:
    lines = list(numbered_lines(None, file, uscc))
    if len(lines) != 1:
        raise Failed("An opening is about one party.", "Give exactly one number.")
    return identifier_message(identifier(kind, lines[0][1]))


def _new_file(file: Path) -> int:
    try:
        return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Failed(f"{file} can't be made: {error.strerror}; nothing was opened.", "Name a new file.") from None


def _say(opening: archive_pb2.Opening, what_now: str, as_json: bool) -> None:
    if as_json:
        print_json(MessageToDict(opening, preserving_proto_field_name=True))
    else:
        typer.echo(f"opening {opening.opening_id}: {what_now}")


def _time(instant: Timestamp) -> str:
    return f"{instant.ToDatetime():%Y-%m-%d %H:%M} UTC"

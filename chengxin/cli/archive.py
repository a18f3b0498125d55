"""`chengxin archive`: have what is archived about a party opened, by two officials on a stated basis."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp

from chengxin.catalog.v1 import archive_pb2
from chengxin.cli import options
from chengxin.cli.command import command
from chengxin.cli.officials import Desk, Official
from chengxin.cli.output import Failed, failing, print_json, print_table
from chengxin.client.requests import identifier_message

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")

APPLICANT, APPROVER = "auditor", "steward"
COLUMNS = ("opening", "basis", "number", "applied", "approved", "open until")
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
@command
def request(
    *,
    basis: Annotated[str, typer.Option(metavar="CODE", help="court_order or audit.")],
    basis_number: Annotated[str, typer.Option("--number", metavar="NUMBER", help="Number of the order or audit.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why it is needed.")],
    delay: Annotated[int, typer.Option(metavar="DAYS", help="Days for which the party is not shown it.")] = 0,
    records: Annotated[
        list[str] | None, typer.Option("--record", metavar="ID", help="Only this record of the party; may be repeated.")
    ] = None,
    number: options.Number,
    official: Official,
) -> None:
    """Apply for an opening, as an official of an auditing authority.

    The number of a person is given on standard input, in a file, or at the prompt, which does not show it.

    [bold]Examples[/bold]

        chengxin archive request --uscc 91430100MA4L1ABC2X --basis audit --number 2026-7 --reason "…" --assertion me.jwt
        chengxin archive request --kind resident-id --basis court_order --number N --reason … --delay 30 --assertion F
    """
    subject = identifier_message(number.one("An opening"))
    desk = official.at("catalog", APPLICANT)
    asked = archive_pb2.RequestOpeningRequest(
        subject=subject,
        record_ids=records or (),
        basis=basis,
        basis_number=basis_number,
        reason=reason,
        delay_days=delay,
    )
    opening = desk.ask(asked).opening
    until = _time(opening.approve_before)
    official.say(opening, f"opening {opening.opening_id}: until {until} a steward's official may approve it")


@app.command()
@command
def approve(*, opening: OpeningId, number: options.Number, official: Official) -> None:
    """Approve an opening, as a catalog steward's official: name the party as the order or audit before you names it."""
    subject = identifier_message(number.one("An opening"))
    desk = official.at("catalog", APPROVER)
    asked = archive_pb2.ApproveOpeningRequest(opening_id=opening, subject=subject)
    approved = desk.ask(asked).opening
    until = _time(approved.open_before)
    official.say(approved, f"opening {approved.opening_id}: until {until} {approved.requested_by} may open it")


@app.command(name="open")
@command
def open_(
    *,
    opening: OpeningId,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A new file for the content (JSON), for you alone (0600).")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Print the content (JSON) on this terminal.")] = False,
    official: Official,
) -> None:
    """Open what was approved, as the official who applied. The content goes where you say, and nowhere else."""
    if (out is None) == (not show):
        raise Failed("Say where the content goes; nothing was opened.", "Give --out FILE or --show.")
    desk = official.at("catalog", APPLICANT)
    if out is None:
        print_json(_opened(desk, opening))
        return
    # Made before anything is opened: an opening that can't be kept would be one for nothing.
    with failing(f"{out} can't be made; nothing was opened", "Name a new file."):
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        answer = _opened(desk, opening)
    except BaseException:
        out.unlink()
        raise
    content = MessageToDict(answer, preserving_proto_field_name=True)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(content, stream, ensure_ascii=False, indent=2)
    done = {"records": len(answer.records), "file": out, "receipt": content["receipt"]}
    official.say(done, f"{len(answer.records)} records in {out}")


@app.command(name="list")
@command
def list_(*, line: options.Line) -> None:
    """List openings, newest first, without their parties, for auditing authorities and stewards."""
    desk = Desk(line.identity, "catalog")
    openings = desk.ask(archive_pb2.ListOpeningsRequest()).openings
    if line.as_json:
        print_json(list(openings))
    elif openings:
        print_table(COLUMNS, map(_row, openings))
    else:
        typer.echo("Nothing was ever opened here.  Apply with: chengxin archive request --help")


def _opened(desk: Desk, opening: str) -> archive_pb2.OpenArchiveResponse:
    return desk.ask(archive_pb2.OpenArchiveRequest(opening_id=opening))


def _row(one: archive_pb2.Opening) -> tuple[str, ...]:
    applied = f"{one.requested_by}, {_time(one.requested_at)}"
    approved = f"{one.approved_by}, {_time(one.approved_at)}" if one.approved_by else "-"
    until = _time(one.open_before) if one.approved_by else "-"
    return one.opening_id, one.basis, one.basis_number, applied, approved, until


def _time(instant: Timestamp) -> str:
    return f"{instant.ToDatetime():%Y-%m-%d %H:%M} UTC"

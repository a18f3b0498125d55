"""`chengxin report`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from chengxin.cli.options import IdentityFolder, Json, Matter, Officer, Purpose, ReceiptFile
from chengxin.cli.output import fail, print_json, receipt_json, told
from chengxin.cli.parties import Kind, identifier, numbered_lines
from chengxin.cli.receipts import keep_receipt
from chengxin.client.answers import Report, ReportedRecord
from chengxin.client.sync import Client


def report(
    *,
    source: Annotated[
        str | None, typer.Argument(metavar="[-]", help="- reads the number from standard input.")
    ] = None,
    uscc: Annotated[
        str | None, typer.Option("--uscc", metavar="CODE", help="An organisation's code, which is public.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="A file that holds the number.")
    ] = None,
    kind: Annotated[Kind, typer.Option("--kind", help="What kind of number it is.")] = Kind.USCC,
    purpose: Purpose,
    matter: Matter,
    officer: Officer,
    receipt: ReceiptFile = None,
    identity: IdentityFolder = None,
    as_json: Json = False,
) -> None:
    """Show the records in force about one party, with the fields that your grant shows.

    The number of a person is given as in `chengxin check`: on standard input, in a file, or at the prompt. The
    report is journalled; the party can see who asked. Do not keep it longer than the matter needs.

    [bold]Examples[/bold]

        chengxin report --uscc 91430100MA4L1ABC2X --purpose tender.qualification --matter T-2026-17 --officer Li
        chengxin report --kind resident-id --purpose licence.review --matter L-9 --officer Li --json
    """
    lines = list(numbered_lines(source, file, uscc, as_json=as_json))
    if len(lines) != 1:
        fail(
            {"message": "A report is about one party.", "remedy": "Give exactly one number."}, as_json=as_json
        )
    subject = identifier(kind, lines[0][1])
    with told(as_json=as_json), Client.open(identity) as client:
        given = client.report(subject, purpose=purpose, matter=matter, officer=officer)
        if as_json:
            print_json(_report_json(given))
        else:
            _print_report(given)
        if receipt is not None:
            keep_receipt(client, given, receipt, as_json=as_json)


def _report_json(given: Report) -> dict[str, Any]:
    return {
        "records": [
            {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
            for record in given.records
        ],
        "receipt": receipt_json(given.receipt),
    }


def _print_report(given: Report) -> None:
    if not given.records:
        typer.echo("nothing to share")
    for record in given.records:
        typer.echo(f"{record.item_title} ({record.item_code})  record {record.record_id}")
        for name, value in (*_lines(record), *record.fields.items()):
            typer.echo(f"  {name}: {value}")


def _lines(record: ReportedRecord) -> list[tuple[str, str]]:
    severity = record.severity.value if record.severity else "no negative finding"
    ends = record.ends_before.isoformat() if record.ends_before else "open"
    lines = [
        ("determined on", record.determined_on.isoformat()),
        ("determined by", record.determining_authority),
        ("severity", severity),
        ("shared until (this day not included)", ends),
    ]
    if record.earliest_repair_on:
        lines.append(("repair possible from", record.earliest_repair_on.isoformat()))
    return lines

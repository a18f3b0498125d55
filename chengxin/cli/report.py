"""`chengxin report`."""

from __future__ import annotations

from dataclasses import asdict

import typer

from chengxin.cli import options
from chengxin.cli.output import Failed, print_json, receipt_json, told
from chengxin.cli.parties import identifier, numbered_lines
from chengxin.cli.receipts import keep_receipt
from chengxin.client.answers import Report
from chengxin.client.sync import Client


def report(
    *,
    source: options.Source = None,
    uscc: options.Uscc = None,
    file: options.NumberFile = None,
    kind: options.NumberKind = options.Kind.USCC,
    purpose: options.Purpose,
    matter: options.Matter,
    officer: options.Officer,
    receipt: options.ReceiptFile = None,
    identity: options.IdentityFolder = None,
    as_json: options.Json = False,
) -> None:
    """Show the records in force about one party, with the fields that your grant shows.

    The number of a person is given as in `chengxin check`: on standard input, in a file, or at the prompt. The
    report is journalled; the party can see who asked. Do not keep it longer than the matter needs.

    [bold]Examples[/bold]

        chengxin report --uscc 91430100MA4L1ABC2X --purpose tender.qualification --matter T-2026-17 --officer desk-7
        chengxin report --kind resident-id --purpose licence.review --matter L-9 --officer desk-7 --json
    """
    with told(as_json=as_json):
        lines = list(numbered_lines(source, file, uscc))
        if len(lines) != 1:
            raise Failed("A report is about one party.", "Give exactly one number.")
        subject = identifier(kind, lines[0][1])
        with Client.open(identity) as client:
            given = client.report(subject, purpose=purpose, matter=matter, officer=officer)
            if as_json:
                records = [asdict(record) for record in given.records]
                print_json({"records": records, "receipt": receipt_json(given.receipt)})
            else:
                _print_report(given)
            if receipt is not None:
                keep_receipt(client, given, receipt)


def _print_report(given: Report) -> None:
    if not given.records:
        typer.echo("nothing to share")
    for record in given.records:
        typer.echo(f"{record.item_title} ({record.item_code})  record {record.record_id}")
        severity = record.severity.value if record.severity else "no negative finding"
        typer.echo(f"  determined on: {record.determined_on}")
        typer.echo(f"  determined by: {record.determining_authority}")
        typer.echo(f"  severity: {severity}")
        typer.echo(f"  shared until (this day not included): {record.ends_before or 'open'}")
        if record.earliest_repair_on:
            typer.echo(f"  repair possible from: {record.earliest_repair_on}")
        for name, value in record.fields.items():
            typer.echo(f"  {name}: {value}")

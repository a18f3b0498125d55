"""`chengxin report`."""

from __future__ import annotations

from collections.abc import Iterator

from chengxin.cli import options
from chengxin.cli.command import command
from chengxin.cli.output import keep_receipt, receipt_json
from chengxin.client.answers import Report
from chengxin.client.sync import Client


@command
def report(
    *,
    source: options.Source = None,
    number: options.Number,
    why: options.Why,
    receipt: options.ReceiptFile = None,
    line: options.Line,
) -> None:
    """Show the records in force about one party, with the fields that your grant shows.

    The number of a person is given as in `chengxin check`: on standard input, in a file, or at the prompt. The
    report is journalled; the party can see who asked. Do not keep it longer than the matter needs.

    [bold]Examples[/bold]

        chengxin report --uscc 91430100MA4L1ABC2X --purpose tender.qualification --matter T-2026-17 --officer desk-7
        chengxin report --kind resident-id --purpose licence.review --matter L-9 --officer desk-7 --json
    """
    subject = number.one("A report", source)
    with Client.open(line.identity) as client:
        given = client.report(subject, **vars(why))
        told = {"records": given.records, "receipt": receipt_json(given.receipt)}
        line.say(told, "\n".join(_lines(given)) or "nothing to share")
        if receipt is not None:
            keep_receipt(client, given, receipt)


def _lines(given: Report) -> Iterator[str]:
    for record in given.records:
        yield f"{record.item_title} ({record.item_code})  record {record.record_id}"
        yield f"  determined on: {record.determined_on}"
        yield f"  determined by: {record.determining_authority}"
        yield f"  severity: {record.severity.value if record.severity else 'no negative finding'}"
        yield f"  shared until (this day not included): {record.ends_before or 'open'}"
        if record.earliest_repair_on:
            yield f"  repair possible from: {record.earliest_repair_on}"
        yield from (f"  {name}: {value}" for name, value in record.fields.items())

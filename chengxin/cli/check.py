"""`chengxin check`."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator

import typer

from chengxin.cli import options
from chengxin.cli.command import command
from chengxin.cli.output import REFUSED, Failed, keep_receipt, receipt_json
from chengxin.client.answers import Answer
from chengxin.client.parties import Identifier
from chengxin.client.sync import Client


@command
def check(
    *,
    source: options.Source = None,
    number: options.Number,
    why: options.Why,
    receipt: options.ReceiptFile = None,
    line: options.Line,
) -> None:
    """Ask whether anything shareable is known about parties, for a purpose that your authority was granted.

    Numbers of persons are never taken from the command line, where the shell's history would keep them: give
    them on standard input, in a file, or at the prompt, which does not show them. Answers name the line, not
    the number. Every question is journalled with purpose, matter and official; the party can see it.

    [bold]Examples[/bold]

        chengxin check --uscc 91430100MA4L1ABC2X --purpose tender.qualification --matter T-2026-17 --officer desk-7
        chengxin check --kind resident-id --purpose licence.review --matter L-9 --officer desk-7
        chengxin check - --purpose tender.qualification --matter T-2026-17 --officer desk-7 --json < codes.txt
    """
    given = number.numbered(source)
    first = list(itertools.islice(given, 2))
    if not first:
        raise Failed("There is no number to ask about.")
    if receipt is not None and len(first) > 1:
        raise Failed("--receipt is for one answer.", "Ask about one party.")
    asked: deque[int] = deque()

    def subjects() -> Iterator[Identifier]:
        for position, subject in itertools.chain(first, given):
            asked.append(position)
            yield subject

    refused = False
    with Client.open(line.identity) as client:
        if len(first) > 1:
            answers = client.check_many(subjects(), **vars(why))
        else:
            answers = iter([client.check(next(subjects()), **vars(why))])
        for answer in answers:
            _say(asked.popleft(), answer, line)
            refused = refused or answer.refusal is not None
            if receipt is not None:
                keep_receipt(client, answer, receipt)
    if refused:
        raise typer.Exit(REFUSED)


def _say(number: int, answer: Answer, line: options.Line) -> None:
    if answer.refusal is not None:
        line.say({"line": number, "refusal": answer.refusal}, f"{number}\trefused\t{answer.refusal.as_error()}")
        return
    shown = f"found\t{', '.join(answer.items)}".rstrip() if answer.found else "nothing to share"
    told = {"line": number, "found": answer.found, "items": answer.items, "receipt": receipt_json(answer.receipt)}
    line.say(told, f"{number}\t{shown}")

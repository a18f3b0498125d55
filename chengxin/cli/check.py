"""`chengxin check`."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator

import typer

from chengxin.cli import options
from chengxin.cli.output import REFUSED, Failed, print_json, receipt_json, refusal_json, told
from chengxin.cli.parties import identifier, numbered_lines
from chengxin.cli.receipts import keep_receipt
from chengxin.client.answers import Answer
from chengxin.client.parties import Identifier
from chengxin.client.sync import Client


def check(
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
    """Ask whether anything shareable is known about parties, for a purpose that your authority was granted.

    Numbers of persons are never taken from the command line, where the shell's history would keep them: give
    them on standard input, in a file, or at the prompt, which does not show them. Answers name the line, not
    the number. Every question is journalled with purpose, matter and official; the party can see it.

    [bold]Examples[/bold]

        chengxin check --uscc 91430100MA4L1ABC2X --purpose tender.qualification --matter T-2026-17 --officer desk-7
        chengxin check --kind resident-id --purpose licence.review --matter L-9 --officer desk-7
        chengxin check - --purpose tender.qualification --matter T-2026-17 --officer desk-7 --json < codes.txt
    """
    numbers: deque[int] = deque()

    def subjects(lines: Iterable[tuple[int, str]]) -> Iterator[Identifier]:
        for number, value in lines:
            numbers.append(number)
            yield identifier(kind, value)

    refused = False
    with told(as_json=as_json):
        lines = numbered_lines(source, file, uscc)
        first = list(itertools.islice(lines, 2))
        if not first:
            raise Failed("There is no number to ask about.")
        if receipt is not None and len(first) > 1:
            raise Failed("--receipt is for one answer.", "Ask about one party.")
        with Client.open(identity) as client:
            if len(first) == 1:
                subject = next(subjects(first))
                answers = iter([client.check(subject, purpose=purpose, matter=matter, officer=officer)])
            else:
                asked = subjects(itertools.chain(first, lines))
                answers = client.check_many(asked, purpose=purpose, matter=matter, officer=officer)
            for answer in answers:
                _say(numbers.popleft(), answer, as_json=as_json)
                refused = refused or answer.refusal is not None
                if receipt is not None:
                    keep_receipt(client, answer, receipt)
    if refused:
        raise typer.Exit(REFUSED)


def _say(number: int, answer: Answer, *, as_json: bool) -> None:
    if as_json and answer.refusal is not None:
        print_json({"line": number, "refusal": refusal_json(answer.refusal)})
    elif as_json:
        receipt = receipt_json(answer.receipt) if answer.receipt else None
        print_json({"line": number, "found": answer.found, "items": answer.items, "receipt": receipt})
    elif answer.refusal is not None:
        typer.echo(f"{number}\trefused\t{answer.refusal.as_error()}")
    elif answer.found:
        typer.echo(f"{number}\tfound\t{', '.join(answer.items)}".rstrip())
    else:
        typer.echo(f"{number}\tnothing to share")

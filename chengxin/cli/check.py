"""`chengxin check`."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from chengxin.cli.options import IdentityFolder, Json, Matter, Officer, Purpose, ReceiptFile
from chengxin.cli.output import REFUSED, answer_json, fail, print_json, told
from chengxin.cli.parties import Kind, identifier, numbered_lines
from chengxin.cli.receipts import keep_receipt
from chengxin.client.answers import Answer
from chengxin.client.parties import Identifier
from chengxin.client.sync import Client


def check(
    *,
    source: Annotated[
        str | None, typer.Argument(metavar="[-]", help="- reads numbers from standard input, one a line.")
    ] = None,
    uscc: Annotated[
        str | None, typer.Option("--uscc", metavar="CODE", help="An organisation's code, which is public.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="A file of numbers, one a line.")
    ] = None,
    kind: Annotated[Kind, typer.Option("--kind", help="What kind of numbers they are.")] = Kind.USCC,
    purpose: Purpose,
    matter: Matter,
    officer: Officer,
    receipt: ReceiptFile = None,
    identity: IdentityFolder = None,
    as_json: Json = False,
) -> None:
    """Ask whether anything shareable is known about parties, for a purpose that your authority was granted.

    Numbers of persons are never taken from the command line, where the shell's history would keep them: give
    them on standard input, in a file, or at the prompt, which does not show them. Answers name the line, not
    the number. Every question is journalled with purpose, matter and official; the party can see it.

    [bold]Examples[/bold]

        chengxin check --uscc 91430100MA4L1ABC2X --purpose tender.qualification --matter T-2026-17 --officer Li
        chengxin check --kind resident-id --purpose licence.review --matter L-9 --officer Li
        chengxin check - --purpose tender.qualification --matter T-2026-17 --officer Li --json < codes.txt
    """
    lines = numbered_lines(source, file, uscc, as_json=as_json)
    first = list(itertools.islice(lines, 2))
    if not first:
        fail({"message": "There is no number to ask about."}, as_json=as_json)
    if receipt is not None and len(first) > 1:
        fail({"message": "--receipt is for one answer.", "remedy": "Ask about one party."}, as_json=as_json)
    with told(as_json=as_json), Client.open(identity) as client:
        if len(first) == 1:
            number, value = first[0]
            answer = client.check(identifier(kind, value), purpose=purpose, matter=matter, officer=officer)
            _say(number, answer, as_json=as_json)
            if receipt is not None:
                keep_receipt(client, answer, receipt, as_json=as_json)
            return
        numbers: deque[int] = deque()

        def subjects() -> Iterator[Identifier]:
            for number, value in itertools.chain(first, lines):
                numbers.append(number)
                yield identifier(kind, value)

        refused = False
        for answer in client.check_many(subjects(), purpose=purpose, matter=matter, officer=officer):
            _say(numbers.popleft(), answer, as_json=as_json)
            refused = refused or answer.refusal is not None
    if refused:
        raise typer.Exit(REFUSED)


def _say(number: int, answer: Answer, *, as_json: bool) -> None:
    if as_json:
        print_json({"line": number} | answer_json(answer))
    elif answer.refusal is not None:
        typer.echo(f"{number}\trefused\t{answer.refusal.as_error()}")
    elif answer.found:
        typer.echo(f"{number}\tfound\t{', '.join(answer.items)}".rstrip())
    else:
        typer.echo(f"{number}\tnothing to share")

"""`chengxin audit gaps` and `chengxin audit adopt`: what keeps the log honest."""

from __future__ import annotations

from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict

from chengxin.audit.v1 import log_pb2
from chengxin.cli import options
from chengxin.cli.command import command
from chengxin.cli.officials import Desk, Official
from chengxin.cli.output import print_json, print_table

COLUMNS = {
    "office": "source",
    "first": "first_no",
    "last": "last_no",
    "after": "after",
    "before": "before",
    "cause": "cause",
}
Source = Annotated[str, typer.Option(help="The office: catalog, blacklist, repair or audit.")]


@command
def gaps(
    *,
    source: Source = "",
    explained: Annotated[bool, typer.Option("--explained", help="Also those that the office explained.")] = False,
    most: Annotated[int, typer.Option(min=1, max=1_000, help="Gaps to look at, the newest.")] = 100,
    line: options.Line,
) -> None:
    """List door numbers that no entry of the log has.

    Every answer draws a number that a rollback does not give back. A number that is missing and unexplained is an
    answer that was taken back, a journal row that was removed, or a crash: compare the times with the house's crashes.

    Exits 1 when any gap is unexplained. Needs an identity of role auditor; the look is journalled.
    """
    desk = Desk(line.identity, "audit")
    request = log_pb2.ListDoorGapsRequest(source=source, with_explained=explained, page_size=most)
    found = desk.ask(request).gaps
    if line.as_json:
        print_json({"gaps": list(found)})
    elif not found:
        typer.echo("No gap" + ("." if explained else " that is not explained."))
    else:
        rows = [MessageToDict(gap, preserving_proto_field_name=True) for gap in found]
        print_table(COLUMNS, ([row.get(name, "") for name in COLUMNS.values()] for row in rows))
    if any(not gap.cause for gap in found):
        raise typer.Exit(1)


@command
def adopt(
    *,
    source: Source,
    epoch: Annotated[str, typer.Option(help="The office's new epoch, as its refusal EPOCH_NOT_ADOPTED says.")],
    basis: Annotated[str, typer.Option(help="Why the backup was restored, and what was lost.")],
    official: Official,
) -> None:
    """Let an office go on in a new epoch, after its database was restored from a backup on purpose.

    Two auditors run this, one after the other: the first proposes, the second approves. Then the witness's operator
    runs [bold]chengxin witness adopt[/bold]. Until all three have, the office refuses to answer.
    """
    desk = official.at("audit", "auditor")
    request = log_pb2.AdoptEpochRequest(source=source, epoch=epoch, basis=basis)
    approved = desk.ask(request).approved
    said = "approved" if approved else "proposed; a second auditor must approve it by the same command"
    official.say({"approved": approved}, f"The epoch {epoch} of {source} is {said}.")

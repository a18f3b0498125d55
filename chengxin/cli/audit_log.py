"""`chengxin audit gaps` and `chengxin audit adopt`: what keeps the log honest."""

from __future__ import annotations

from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict
from rich.console import Console
from rich.table import Table

from chengxin.audit.v1 import log_pb2
from chengxin.audit.v1.log_pb2_grpc import LogServiceStub
from chengxin.cli import options
from chengxin.cli.officials import AssertionFile, Desk, SampleOfficial
from chengxin.cli.output import print_json, told

Source = Annotated[str, typer.Option("--source", help="The office: catalog, blacklist, repair or audit.")]


def gaps(
    *,
    source: Source = "",
    explained: Annotated[bool, typer.Option("--explained", help="Also those that the office explained.")] = False,
    most: Annotated[int, typer.Option(min=1, max=1_000, help="Gaps to look at, the newest.")] = 100,
    identity: options.IdentityFolder = None,
    as_json: options.Json = False,
) -> None:
    """List door numbers that no entry of the log has.

    Every answer draws a number that a rollback does not give back. A number that is missing and unexplained is an
    answer that was taken back, a journal row that was removed, or a crash: compare the times with the house's crashes.

    Exits 1 when any gap is unexplained. Needs an identity of role auditor; the look is journalled.
    """
    with told(as_json=as_json):
        desk = Desk(identity, "audit")
        request = log_pb2.ListDoorGapsRequest(source=source, with_explained=explained, page_size=most)
        answer = desk.ask(LogServiceStub(desk.channel).ListDoorGaps, request)
    rows = [MessageToDict(gap, preserving_proto_field_name=True) for gap in answer.gaps]
    if as_json:
        print_json({"gaps": rows})
    elif not rows:
        typer.echo("No gap" + ("." if explained else " that is not explained."))
    else:
        table = Table("office", "first", "last", "after", "before", "cause")
        for row in rows:
            names = ("source", "first_no", "last_no", "after", "before", "cause")
            table.add_row(*(str(row.get(name, "")) for name in names))
        Console().print(table)
    if any(not gap.cause for gap in answer.gaps):
        raise typer.Exit(1)


def adopt(
    *,
    source: Source,
    epoch: Annotated[
        str, typer.Option("--epoch", help="The office's new epoch, as its refusal EPOCH_NOT_ADOPTED says.")
    ],
    basis: Annotated[str, typer.Option("--basis", help="Why the backup was restored, and what was lost.")],
    assertion: AssertionFile = None,
    sample_official: SampleOfficial = None,
    identity: options.IdentityFolder = None,
    as_json: options.Json = False,
) -> None:
    """Let an office go on in a new epoch, after its database was restored from a backup on purpose.

    Two auditors run this, one after the other: the first proposes, the second approves. Then the witness's operator
    runs [bold]chengxin witness adopt[/bold]. Until all three have, the office refuses to answer.
    """
    with told(as_json=as_json):
        desk = Desk(identity, "audit")
        signed = desk.assertion(assertion, sample_official, "auditor")
        request = log_pb2.AdoptEpochRequest(source=source, epoch=epoch, basis=basis)
        answer = desk.ask(LogServiceStub(desk.channel).AdoptEpoch, request, signed)
    said = "approved" if answer.approved else "proposed; a second auditor must approve it by the same command"
    print_json({"approved": answer.approved}) if as_json else typer.echo(f"The epoch {epoch} of {source} is {said}.")

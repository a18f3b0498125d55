"""`chengxin audit export`: the log's entries of a period as CSV."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Annotated

import grpc
import typer
from rich.console import Console
from rich.progress import Progress

from chengxin.audit.v1 import questions_pb2
from chengxin.audit.v1.questions_pb2_grpc import QuestionServiceStub
from chengxin.cli.audit_questions import Period, whole
from chengxin.cli.command import command
from chengxin.cli.officials import Official
from chengxin.cli.output import Failed, failing
from chengxin.client import connection
from chengxin.client.errors import error_from
from chengxin.handin.rejects import harmless

COLUMNS = "log_index,at,source,entry_id,kind,authority,purpose,decision,reason,officer,matter,item_codes"


@command
def export(
    *,
    out: Annotated[Path, typer.Argument(metavar="FILE", help="CSV file to make, for you alone (0600).")],
    period: Period,
    authority: Annotated[list[str] | None, typer.Option(metavar="USCC", help="Only this one; repeatable.")] = None,
    private: Annotated[bool, typer.Option("--private", help="Also official, matter and items.")] = False,
    after: Annotated[str, typer.Option(metavar="PLACE", help="Go on where an interrupted export ended.")] = "",
    official: Official,
) -> None:
    """Export the log's entries of a period as CSV, for an analysis of your own.

    Official, matter and items, which are personal, stay empty without --private. No cell starts a formula in a
    spreadsheet. The file appears when it is whole; an interrupted export says how to go on. The export is journalled
    before its first entry leaves the house: its range, how many entries, which columns.

    [bold]Example[/bold]

        chengxin audit export june.csv --from 2026-06-01 --to 2026-07-01 --basis "audit 2026-7" --assertion me.jwt
    """
    part, done, error = out.with_name(f"{out.name}.part"), 0, None
    request = questions_pb2.ExportAccessesRequest(authorities=authority, private=private, after=after, **period.asked())
    desk = official.at("audit", "auditor")
    with failing(f"{part}", "Go on with --after, as the interrupted export said; or remove it and begin anew."):
        how = os.O_APPEND if after else os.O_CREAT | os.O_EXCL
        file = os.fdopen(os.open(part, os.O_WRONLY | how, 0o600), "w", encoding="utf-8", newline="")
    with file, Progress(console=Console(stderr=True)) as bar:
        writer, task = csv.writer(file), bar.add_task("entries")
        writer.writerows([] if after else [COLUMNS.split(",")])
        try:
            method = QuestionServiceStub(desk.channel).ExportAccesses
            for page in method(request, timeout=connection.STREAM_SECONDS, metadata=desk.metadata):
                rows = [whole(one) | {"item_codes": " ".join(one.item_codes)} for one in page.accesses]
                writer.writerows([[harmless(str(row[name])) for name in COLUMNS.split(",")] for row in rows])
                file.flush()
                after, done = page.after, done + len(rows)
                bar.update(task, completed=done, total=page.total)
        except (grpc.RpcError, KeyboardInterrupt) as broken:
            error = error_from(broken) if isinstance(broken, grpc.RpcError) else Failed("Interrupted.")
    if error is not None and not after:
        part.unlink()
        raise error
    if error is not None:
        raise Failed(f"{error} {done:,} entries were added to {part}.", f"Go on with: --after '{after}'")
    os.replace(part, out)
    official.say({"file": out, "entries": done}, f"{done:,} entries in {out}")

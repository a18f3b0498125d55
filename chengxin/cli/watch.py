"""`chengxin watch`."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from chengxin.cli import options
from chengxin.cli.command import command
from chengxin.cli.output import Failed, failing
from chengxin.client.answers import Change, ChangeKind
from chengxin.client.sync import Client


@command
def watch(
    *,
    why: options.Why,
    cursor_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where the place in the feed is kept between runs. Without it the feed starts at the beginning.",
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End when there is nothing more at present.")] = False,
    delete_with: Annotated[
        str,
        typer.Option(
            metavar="COMMAND",
            help="Run COMMAND RECORD_ID for each withdrawal; success acknowledges that your copy is deleted.",
            show_default=False,
        ),
    ] = "",
    line: options.Line,
) -> None:
    """Follow changes: records that came into force, and withdrawals of records that you received.

    A withdrawal obliges you to delete your copy and to acknowledge it; silence past the deadline is escalated.
    --delete-with does both; where the command fails, the watch stops before the cursor passes that change.

    [bold]Examples[/bold]

        chengxin watch --purpose copy.platform --matter COPY-1 --officer desk-7 --cursor-file feed.cursor
        chengxin watch --purpose copy.platform --matter COPY-1 --officer desk-7 --once --json --delete-with ./forget.sh
    """
    delete = shlex.split(delete_with)
    with Client.open(line.identity) as client:
        feed = client.watch(cursor=_read_cursor(cursor_file), until_caught_up=once, **vars(why))
        kept = feed.cursor
        try:
            for change in feed:
                if cursor_file and feed.cursor != kept:
                    kept = _keep_cursor(cursor_file, feed.cursor)
                why_ended = f"\t{change.end_reason.value}" if change.end_reason else ""
                what = f"{change.kind.value}\t{change.record_id}\t{change.item_code}{why_ended}"
                line.say(change, f"{change.at:%Y-%m-%dT%H:%M:%S}Z\t{what}")
                if delete and change.kind is ChangeKind.WITHDRAWN:
                    _delete(delete, change)
                    client.acknowledge(change.record_id)
        finally:  # also at Ctrl-C: the feed's cursor never passes a change that was not handled
            if cursor_file and feed.cursor != kept:
                _keep_cursor(cursor_file, feed.cursor)


def _read_cursor(file: Path | None) -> str:
    try:
        return file.read_text(encoding="utf-8").strip() if file and file.exists() else ""
    except (OSError, UnicodeDecodeError):
        raise Failed(f"{file} cannot be read as a cursor.") from None


def _keep_cursor(file: Path, cursor: str) -> str:
    """Replace the file at once, so that a crash leaves the old cursor or the new one."""
    part = file.with_name(f"{file.name}.part")
    with failing(f"{file} cannot be written"):
        part.write_text(cursor, encoding="utf-8")
        os.replace(part, file)
    return cursor


def _delete(command: list[str], change: Change) -> None:
    with failing(f"{command[0]} cannot be run"):
        # The command is the operator's own, given on this command line; no shell sees it.
        done = subprocess.run([*command, change.record_id], check=False, stdin=subprocess.DEVNULL)  # noqa: S603
    if done.returncode != 0:
        raise Failed(
            f"{command[0]} failed with code {done.returncode}; the deletion is not acknowledged.",
            "Delete your copy and start the watch again.",
        )

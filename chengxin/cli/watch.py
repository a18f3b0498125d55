"""`chengxin watch`."""

from __future__ import annotations

import dataclasses
import os
import shlex
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from chengxin.cli.options import IdentityFolder, Json, Matter, Officer, Purpose
from chengxin.cli.output import NOT_RUN, fail, print_json, told
from chengxin.client.answers import Change, ChangeKind
from chengxin.client.sync import Client


def watch(
    *,
    purpose: Purpose,
    matter: Matter,
    officer: Officer,
    cursor_file: Annotated[
        Path | None,
        typer.Option(
            "--cursor-file",
            metavar="FILE",
            help="Where the place in the feed is kept between runs. Without it the feed starts at the beginning.",
            show_default=False,
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End when there is nothing more at present.")] = False,
    delete_with: Annotated[
        str | None,
        typer.Option(
            "--delete-with",
            metavar="COMMAND",
            help="Run COMMAND RECORD_ID for each withdrawal; success acknowledges that your copy is deleted.",
            show_default=False,
        ),
    ] = None,
    identity: IdentityFolder = None,
    as_json: Json = False,
) -> None:
    """Follow changes: records that came into force, and withdrawals of records that you received.

    A withdrawal obliges you to delete your copy and to acknowledge it; silence past the deadline is escalated.
    --delete-with does both; where the command fails, the watch stops before the cursor passes that change.

    [bold]Examples[/bold]

        chengxin watch --purpose copy.platform --matter COPY-1 --officer Li --cursor-file feed.cursor
        chengxin watch --purpose copy.platform --matter COPY-1 --officer Li --once --json --delete-with ./forget.sh
    """
    command = shlex.split(delete_with) if delete_with else []
    with told(as_json=as_json), Client.open(identity) as client:
        feed = client.watch(
            cursor=_read_cursor(cursor_file, as_json=as_json),
            purpose=purpose,
            matter=matter,
            officer=officer,
            until_caught_up=once,
        )
        kept = feed.cursor
        try:
            for change in feed:
                if cursor_file and feed.cursor != kept:
                    kept = _keep_cursor(cursor_file, feed.cursor, as_json=as_json)
                _say(change, as_json=as_json)
                if command and change.kind is ChangeKind.WITHDRAWN:
                    _delete(command, change, as_json=as_json)
                    client.acknowledge(change.record_id)
        finally:  # also at Ctrl-C: the feed's cursor never passes a change that was not handled
            if cursor_file and feed.cursor != kept:
                _keep_cursor(cursor_file, feed.cursor, as_json=as_json)


def _read_cursor(file: Path | None, *, as_json: bool) -> str:
    try:
        return file.read_text(encoding="utf-8").strip() if file and file.exists() else ""
    except (OSError, UnicodeDecodeError):
        fail({"message": f"{file} cannot be read as a cursor."}, as_json=as_json)


def _keep_cursor(file: Path, cursor: str, *, as_json: bool) -> str:
    """Replace the file at once, so that a crash leaves the old cursor or the new one."""
    part = file.with_name(f"{file.name}.part")
    try:
        part.write_text(cursor, encoding="utf-8")
        os.replace(part, file)
    except OSError as error:
        fail({"message": f"{file} cannot be written: {error.strerror}."}, as_json=as_json)
    return cursor


def _delete(command: list[str], change: Change, *, as_json: bool) -> None:
    try:
        done = subprocess.run([*command, change.record_id], check=False, stdin=subprocess.DEVNULL)  # noqa: S603
    except OSError as error:
        fail({"message": f"{command[0]} cannot be run: {error.strerror}."}, as_json=as_json)
    if done.returncode != 0:
        fail(
            {
                "message": f"{command[0]} failed with code {done.returncode}; the deletion is not acknowledged.",
                "remedy": "Delete your copy and start the watch again.",
            },
            as_json=as_json,
            code=NOT_RUN,
        )


def _say(change: Change, *, as_json: bool) -> None:
    if as_json:
        print_json({field.name: getattr(change, field.name) for field in dataclasses.fields(change)})
        return
    why = f"\t{change.end_reason.value}" if change.end_reason else ""
    typer.echo(
        f"{change.at:%Y-%m-%dT%H:%M:%S}Z\t{change.kind.value}\t{change.record_id}\t{change.item_code}{why}"
    )

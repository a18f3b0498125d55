"""`chengxin submit`."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from chengxin.cli import options
from chengxin.cli.command import command
from chengxin.cli.output import NOT_RUN, REFUSED, told
from chengxin.client.errors import ChengxinError
from chengxin.client.sync import Client
from chengxin.handin.job import HandIn, Summary
from chengxin.handin.mapping import load_mapping
from chengxin.handin.reasons import HandInError

_SHOWN = ("rows", "accepted", "already_held", "refused", "reasons", "warnings", "rejects", "skipped_sheets")


@command
def submit(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV (UTF-8, GB18030) or XLSX.")],
    rejects: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where refused rows go; replaced. Default: FILE with .rejects.csv."),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Your own meaning of columns and categories: an edited copy of chengxin/handin/columns.yaml.",
        ),
    ] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Mark every record as generated sample data.")] = False,
    line: options.Line,
) -> None:
    """Hand in a file of administrative penalties or licences (双公示).

    Columns are recognised by their headers; several sheets of a workbook may hold different kinds. Each row
    becomes a record or is refused with a reason. Refused rows are written to the rejects file with the reason,
    the column and what to do: correct them there and hand that file in. Handing a file in twice does no harm.

    Exit code: 0 all accepted, 1 some refused, 2 the file could not be handed in.

    [bold]Examples[/bold]

        chengxin submit 行政处罚.xlsx
        chengxin submit penalties.csv --rejects bad.csv --json
        chengxin submit licences.csv --mapping our-columns.yaml
    """
    rejects = rejects or file.with_name(f"{file.stem}.rejects.csv")
    began = time.monotonic()
    with told(as_json=line.as_json, refused_code=NOT_RUN):
        job = HandIn(file, load_mapping(mapping), rejects=rejects, sample=sample)
        try:
            with Client.open(line.identity) as client, _progress(file) as after_row:
                job.run(client.submit, after_row=after_row)
        except (ChengxinError, HandInError):
            if job.summary.rows:
                typer.echo(
                    f"interrupted: {job.summary.accepted} accepted, {job.summary.refused} refused so far. "
                    "Hand the file in again: what is held already is held once.",
                    err=True,
                )
            raise
    seconds = time.monotonic() - began
    counts = {name: getattr(job.summary, name) for name in _SHOWN}
    shown = {"file": file, **counts, "seconds": round(seconds, 3)}
    line.say(shown, "\n".join(_lines(job.summary, seconds)))
    if job.summary.refused:
        raise typer.Exit(REFUSED)


@contextmanager
def _progress(file: Path) -> Generator[Callable[[Summary, float], None]]:
    """A bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[accepted]} accepted, {task.fields[refused]} refused"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(file.name, total=1.0, accepted=0, refused=0)

        def after_row(summary: Summary, part: float) -> None:
            progress.update(task, completed=part, accepted=summary.accepted, refused=summary.refused)

        yield after_row


def _lines(summary: Summary, seconds: float) -> Iterator[str]:
    held = f" ({summary.already_held} held before)" if summary.already_held else ""
    yield f"{summary.rows} rows in {seconds:.1f} s: {summary.accepted} accepted{held}, {summary.refused} refused"
    for code, count in summary.reasons.most_common():
        yield f"  {count:>8}  {code}  {summary.remedies[code]}"
    for code, count in summary.warnings.most_common():
        yield f"  {count:>8}  accepted with remark {code}"
    for name in summary.skipped_sheets:
        yield f"  sheet left out, no known header: {name}"
    for path in summary.rejects:
        yield f"  refused rows with reason and remedy: {path}"

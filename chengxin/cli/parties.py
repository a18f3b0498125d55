"""Reads parties' numbers from where they leave no trace: standard input, a file, or a prompt without echo."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import typer

from chengxin.cli.output import Failed


def numbered_lines(source: str | None, file: Path | None, uscc: str | None) -> Iterator[tuple[int, str]]:
    """Yield (line number, identifier) from the one source that is given; blank lines are left out.

    `source` is the argument: "-" or nothing for standard input. Raises Failed for anything else, without
    repeating it, because it may be a person's number.
    """
    if source not in (None, "-"):
        raise Failed(
            "A number on the command line stays in the shell's history.",
            "Give - and the number on standard input, --file FILE, or --uscc for an organisation.",
        )
    if uscc is not None:
        yield 1, uscc
    elif file is not None:
        try:
            with file.open(encoding="utf-8-sig") as lines:
                yield from _filled(lines)
        except (OSError, UnicodeDecodeError):
            raise Failed(f"{file} cannot be read as UTF-8 text.") from None
    elif source is None and sys.stdin.isatty():
        yield 1, typer.prompt("Number of the party (not shown)", hide_input=True, err=True)
    else:
        yield from _filled(sys.stdin)


def _filled(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, start=1):
        if value := line.strip():
            yield number, value

"""Reads parties' numbers from where they leave no trace: standard input, a file, or a prompt without echo."""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import typer

from chengxin.cli.output import fail
from chengxin.client.parties import Identifier, IdentifierKind


class Kind(enum.Enum):
    """How a number's kind is written on the command line."""

    USCC = "uscc"
    RESIDENT_ID = "resident-id"
    RESIDENCE_PERMIT = "residence-permit"
    PASSPORT = "passport"


def numbered_lines(
    source: str | None, file: Path | None, uscc: str | None, *, as_json: bool
) -> Iterator[tuple[int, str]]:
    """Yield (line number, identifier) from the one source that is given; blank lines are left out.

    `source` is the argument: "-" or nothing for standard input. Exits with code 2 for anything else, and without
    repeating it, because it may be a person's number.
    """
    if source not in (None, "-"):
        fail(
            {
                "message": "A number on the command line stays in the shell's history.",
                "remedy": "Give - and the number on standard input, --file FILE, or --uscc for an organisation.",
            },
            as_json=as_json,
        )
    if uscc is not None:
        yield 1, uscc
    elif file is not None:
        yield from _lines_of(file, as_json)
    elif source is None and sys.stdin.isatty():
        yield 1, typer.prompt("Number of the party (not shown)", hide_input=True, err=True)
    else:
        yield from _filled(sys.stdin)


def identifier(kind: Kind, value: str) -> Identifier:
    """The identifier of that kind."""
    return Identifier(IdentifierKind[kind.name], value)


def _lines_of(file: Path, as_json: bool) -> Iterator[tuple[int, str]]:
    try:
        with file.open(encoding="utf-8-sig") as lines:
            yield from _filled(lines)
    except (OSError, UnicodeDecodeError):
        fail({"message": f"{file} cannot be read as UTF-8 text."}, as_json=as_json)


def _filled(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, start=1):
        if value := line.strip():
            yield number, value

"""Options that several commands share, each with its help in one place, and the groups that belong together."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from chengxin.cli.command import Group
from chengxin.cli.output import Failed, print_json
from chengxin.cli.parties import numbered_lines
from chengxin.client.parties import Identifier, IdentifierKind
from chengxin.proofs import ProofError, note


class Kind(enum.Enum):
    """How a number's kind is written on the command line."""

    USCC = "uscc"
    RESIDENT_ID = "resident-id"
    RESIDENCE_PERMIT = "residence-permit"
    PASSPORT = "passport"


Source = Annotated[str | None, typer.Argument(metavar="[-]", help="- reads numbers from standard input, one a line.")]
ReceiptFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Also fetch the receipt of this answer, to keep and to verify offline."),
]


@dataclass(kw_only=True)
class Output(Group):
    """How a command prints its results: for people, or for programs."""

    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False

    def say(self, value: Any, text: str) -> None:
        """Print `value` as one line of JSON where that is wanted, else `text`."""
        if self.as_json:
            print_json(value)
        else:
            typer.echo(text)


@dataclass(kw_only=True)
class Line(Output):
    """The enrolled system that calls."""

    identity: Annotated[
        Path | None,
        typer.Option(
            envvar="CHENGXIN_IDENTITY",
            metavar="DIR",
            help="Folder made by `chengxin enroll`: certificate, key, CA and addresses.",
        ),
    ] = None


@dataclass(kw_only=True)
class Why(Group):
    """What every question must state. Source: 54号 clause 13."""

    purpose: Annotated[str, typer.Option(metavar="CODE", help="Purpose, as in a grant of your authority.")]
    matter: Annotated[
        str, typer.Option(metavar="NUMBER", help="Number of the matter at hand: application, tender, file.")
    ]
    officer: Annotated[str, typer.Option(envvar="CHENGXIN_OFFICER", metavar="NAME", help="The official who asks.")]


@dataclass(kw_only=True)
class Number(Group):
    """The number of one party."""

    uscc: Annotated[str | None, typer.Option(metavar="CODE", help="An organisation's code, which is public.")] = None
    file: Annotated[Path | None, typer.Option(metavar="FILE", help="A file of numbers, one a line.")] = None
    kind: Annotated[Kind, typer.Option(help="What kind of numbers they are.")] = Kind.USCC

    def numbered(self, source: str | None = None) -> Iterator[tuple[int, Identifier]]:
        """Yield (line number, identifier) from the one source that is given; see `numbered_lines`. Raises Failed."""
        for number, value in numbered_lines(source, self.file, self.uscc):
            yield number, Identifier(IdentifierKind[self.kind.name], value)

    def one(self, purpose: str, source: str | None = None) -> Identifier:
        """Return the only one; Failed says what it is for where there are none or several."""
        given = list(self.numbered(source))
        if len(given) != 1:
            raise Failed(f"{purpose} is about one party.", "Give exactly one number.")
        return given[0][1]


def verifier_key(given: str, option: str) -> str:
    """Return the verifier key given, or the one in the file that is named. Failed says which `option` is unusable."""
    try:
        text = given if "+" in given else Path(given).read_text(encoding="utf-8")
        note.parse_vkey(text)
    except (OSError, UnicodeDecodeError, ProofError) as error:
        remedy = "Give the signer's public key, name+id+key, or a file that holds it."
        raise Failed(f"{option} {given} is unusable: {error}.", remedy) from None
    return text.strip()

"""Options that several commands share, each with its help in one place."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer


class Kind(enum.Enum):
    """How a number's kind is written on the command line."""

    USCC = "uscc"
    RESIDENT_ID = "resident-id"
    RESIDENCE_PERMIT = "residence-permit"
    PASSPORT = "passport"


Source = Annotated[str | None, typer.Argument(metavar="[-]", help="- reads numbers from standard input, one a line.")]
Uscc = Annotated[str | None, typer.Option("--uscc", metavar="CODE", help="An organisation's code, which is public.")]
NumberFile = Annotated[Path | None, typer.Option("--file", metavar="FILE", help="A file of numbers, one a line.")]
NumberKind = Annotated[Kind, typer.Option("--kind", help="What kind of numbers they are.")]
IdentityFolder = Annotated[
    Path | None,
    typer.Option(
        "--identity",
        envvar="CHENGXIN_IDENTITY",
        metavar="DIR",
        help="Folder made by `chengxin enroll`: certificate, key, CA and addresses.",
        show_default=False,
    ),
]
Purpose = Annotated[str, typer.Option("--purpose", metavar="CODE", help="Purpose, as in a grant of your authority.")]
Matter = Annotated[
    str, typer.Option("--matter", metavar="NUMBER", help="Number of the matter at hand: application, tender, file.")
]
Officer = Annotated[
    str, typer.Option("--officer", envvar="CHENGXIN_OFFICER", metavar="NAME", help="The official who asks.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
ReceiptFile = Annotated[
    Path | None,
    typer.Option(
        "--receipt",
        metavar="FILE",
        help="Also fetch the receipt of this answer, to keep and to verify offline.",
        show_default=False,
    ),
]

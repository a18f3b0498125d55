"""Options that several commands share, each with its help in one place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
Purpose = Annotated[
    str, typer.Option("--purpose", metavar="CODE", help="Purpose, as in a grant of your authority.")
]
Matter = Annotated[
    str,
    typer.Option(
        "--matter", metavar="NUMBER", help="Number of the matter at hand: application, tender, file."
    ),
]
Officer = Annotated[
    str,
    typer.Option("--officer", envvar="CHENGXIN_OFFICER", metavar="NAME", help="The official who asks."),
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

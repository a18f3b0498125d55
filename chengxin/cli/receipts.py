"""Keeps the receipt of an answer."""

from __future__ import annotations

from pathlib import Path

import typer

from chengxin.cli.output import Failed
from chengxin.client.answers import Answer, Report
from chengxin.client.sync import Client


def keep_receipt(client: Client, of: Answer | Report, file: Path) -> None:
    """Fetch the receipt and write it to `file`; raise Failed where that cannot be done."""
    text = client.receipt(of).text
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failed(f"{file} cannot be written: {error.strerror}.") from None
    typer.echo(f"receipt kept in {file}; verify it with: chengxin audit verify --receipt {file}", err=True)

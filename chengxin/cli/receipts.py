"""Keeps the receipt of an answer."""

from __future__ import annotations

from pathlib import Path

import typer

from chengxin.cli.output import fail
from chengxin.client.answers import Answer, Report
from chengxin.client.sync import Client


def keep_receipt(client: Client, of: Answer | Report, file: Path, *, as_json: bool) -> None:
    """Fetch the receipt and write it to `file`; exit with code 2 where that fails."""
    text = client.receipt(of).text
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        fail({"message": f"{file} cannot be written: {error.strerror}."}, as_json=as_json)
    typer.echo(f"receipt kept in {file}; verify it with: chengxin audit verify --receipt {file}", err=True)

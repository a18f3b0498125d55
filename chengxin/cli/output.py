"""How commands speak: results on standard output, everything else on standard error, codes 0, 1, 2."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.console import Console
from rich.table import Column, Table

from chengxin.client.answers import Answer, JournalReceipt, Report
from chengxin.client.errors import ChengxinError, RefusedError
from chengxin.handin.reasons import HandInError
from chengxin.proofs import base64text

if TYPE_CHECKING:
    from chengxin.client.sync import Client

WIDE = 400
"""Columns of a table that goes into a file or another program: nothing of it is folded."""
REFUSED, NOT_RUN = 1, 2
"""Exit codes: the house refused something; the command could not do its work."""


class Failed(Exception):
    """The command cannot do its work: why, and what to do about it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


@contextmanager
def told(*, as_json: bool, refused_code: int = REFUSED) -> Generator[None]:
    """Turn what goes wrong into a message with its remedy, on standard error, and an exit code.

    `refused_code` is the code where the house refuses the call as a whole.
    """
    code = NOT_RUN
    try:
        yield
        return
    except RefusedError as refused:
        said, code = vars(refused), refused_code
    except HandInError as error:
        said = {"reason": error.reason.code, "message": error.message, "remedy": error.reason.remedy}
    except Failed as failed:
        said = {"message": str(failed), "remedy": failed.remedy}
    except ChengxinError as error:
        said = {"message": str(error)}
    if as_json:
        print_json({"error": said}, err=True)
    else:
        where = f" ({said['field']})" if said.get("field") else ""
        lead = f"{said['reason']}{where}: " if said.get("reason") else ""
        typer.echo(f"{lead}{said['message']}", err=True)
        if said.get("remedy"):
            typer.echo(f"What to do: {said['remedy']}", err=True)
    raise typer.Exit(code)


@contextmanager
def failing(message: str, remedy: str = "") -> Generator[None]:
    """Say `message`, the system's reason and `remedy` where a file or a program can't be used."""
    try:
        yield
    except OSError as error:
        raise Failed(f"{message}: {error.strerror}.", remedy) from None


def print_json(value: Any, *, err: bool = False) -> None:
    """Print one JSON document on one line."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=plain), err=err)


def print_table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print rows under their columns. The first column, which may be an id to be copied, is folded last."""
    console = Console(markup=False)  # what stands in a cell is shown as it is
    console.width = console.width if console.is_terminal else WIDE
    heads = [Column(name, overflow="fold", no_wrap=not at) for at, name in enumerate(columns)]
    table = Table(*heads, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(str, row))
    console.print(table)


def receipt_json(receipt: JournalReceipt | None) -> dict[str, Any] | None:
    """What names a journal entry; the digest in hex."""
    return asdict(receipt) | {"digest": receipt.digest.hex()} if receipt else None


def keep_receipt(client: Client, of: Answer | Report, file: Path) -> None:
    """Fetch the receipt and write it to `file`; raise Failed where that cannot be done."""
    text = client.receipt(of).text
    with failing(f"{file} cannot be written"):
        file.write_text(text, encoding="utf-8")
    typer.echo(f"receipt kept in {file}; verify it with: chengxin audit verify --receipt {file}", err=True)


def plain(value: Any) -> Any:
    """The value as JSON can hold it; bytes in base64."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return base64text.encode(value)
    if isinstance(value, UUID | Path):
        return str(value)
    if isinstance(value, Message):
        return MessageToDict(value, preserving_proto_field_name=True)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")

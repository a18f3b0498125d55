"""How commands speak: results on standard output, everything else on standard error, codes 0, 1, 2."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import typer

from chengxin.client.answers import JournalReceipt, Refusal
from chengxin.client.errors import ChengxinError, RefusedError
from chengxin.handin.reasons import HandInError
from chengxin.proofs import base64text

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
        said, code = refusal_json(refused), refused_code
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


def print_json(value: Any, *, err: bool = False) -> None:
    """Print one JSON document on one line."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=plain), err=err)


def refusal_json(refusal: Refusal | RefusedError) -> dict[str, str]:
    """A refusal's four parts."""
    return {name: getattr(refusal, name) for name in ("reason", "field", "message", "remedy")}


def receipt_json(receipt: JournalReceipt) -> dict[str, Any]:
    """What names a journal entry; the digest in hex."""
    return asdict(receipt) | {"digest": receipt.digest.hex()}


def plain(value: Any) -> Any:
    """The value as JSON can hold it; bytes in base64."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return base64text.encode(value)
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")

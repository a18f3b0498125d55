"""How commands speak: results on standard output, everything else on standard error, codes 0, 1, 2."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date, datetime
from enum import Enum
from typing import Any, NoReturn

import typer

from chengxin.client.answers import Answer, JournalReceipt, Refusal
from chengxin.client.errors import ChengxinError, RefusedError
from chengxin.handin.reasons import HandInError

REFUSED, NOT_RUN = 1, 2
"""Exit codes: the house refused something; the command could not do its work."""


def print_json(value: Any) -> None:
    """Print one JSON document on one line."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=_plain))


@contextmanager
def told(*, as_json: bool, refused_code: int = REFUSED) -> Generator[None]:
    """Turn the errors of the client and the hand-in into a message with its remedy and an exit code.

    `refused_code` is the code where the house refuses the call as a whole.
    """
    try:
        yield
    except RefusedError as refused:
        fail(
            {
                "reason": refused.reason,
                "field": refused.field,
                "message": refused.message,
                "remedy": refused.remedy,
            },
            as_json=as_json,
            code=refused_code,
        )
    except HandInError as error:
        fail(
            {"reason": error.reason.code, "message": error.message, "remedy": error.reason.remedy},
            as_json=as_json,
        )
    except ChengxinError as error:
        fail({"message": str(error)}, as_json=as_json)


def fail(said: dict[str, str], *, as_json: bool, code: int = NOT_RUN) -> NoReturn:
    """Say what went wrong, on standard error, and exit. `said` has message, and reason, field, remedy if known."""
    if as_json:
        typer.echo(json.dumps({"error": said}, ensure_ascii=False), err=True)
    else:
        where = f" ({said['field']})" if said.get("field") else ""
        lead = f"{said['reason']}{where}: " if said.get("reason") else ""
        typer.echo(f"{lead}{said['message']}", err=True)
        if said.get("remedy"):
            typer.echo(f"What to do: {said['remedy']}", err=True)
    raise typer.Exit(code)


def answer_json(answer: Answer) -> dict[str, Any]:
    """An answer without the party's number."""
    if answer.refusal is not None:
        return {"refusal": refusal_json(answer.refusal)}
    return {
        "found": answer.found,
        "items": list(answer.items),
        "receipt": receipt_json(answer.receipt) if answer.receipt else None,
    }


def refusal_json(refusal: Refusal) -> dict[str, str]:
    """A refusal's four parts."""
    return {
        "reason": refusal.reason,
        "field": refusal.field,
        "message": refusal.message,
        "remedy": refusal.remedy,
    }


def receipt_json(receipt: JournalReceipt) -> dict[str, Any]:
    """What names a journal entry; the digest in hex."""
    return {
        "source": receipt.source,
        "entry_id": receipt.entry_id,
        "as_of": receipt.as_of,
        "digest": receipt.digest.hex(),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"no JSON form for {type(value).__name__}")

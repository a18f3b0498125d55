"""`chengxin audit verify`: receipts, certificates, proofs and whole logs, checked by whoever holds them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO, NoReturn, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from chengxin.proofs import ProofError, base64text, claims, entry, note, receipt
from chengxin.proofs.certificate import verify_certificate
from chengxin.proofs.walk import Unreachable, over_http, walk

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", help="Check what the audit log proves.")

_MOST_FILE_BYTES = 4 << 20
# Exit codes: what was checked is false; the command could not check.
_INVALID, _UNUSABLE = 1, 2


@app.callback()
def audit() -> None:
    """Check what the audit log proves. Nothing here needs an account, nor trust in the house."""


@app.command()
def verify(
    *,
    receipt_file: Annotated[
        Path | None,
        typer.Option("--receipt", metavar="FILE", help="A receipt (.tlog-proof text): is its entry logged?"),
    ] = None,
    entry_file: Annotated[
        Path | None,
        typer.Option(
            "--entry", metavar="FILE", help="With --receipt: the entry (CBOR) that you kept yourself."
        ),
    ] = None,
    certificate_file: Annotated[
        Path | None,
        typer.Option("--certificate", metavar="FILE", help="A withdrawal certificate: is it genuine?"),
    ] = None,
    log_url: Annotated[
        str | None,
        typer.Option("--log", metavar="URL", help="A log's address: do all its tiles make its signed root?"),
    ] = None,
    seen_file: Annotated[
        Path | None,
        typer.Option(
            "--seen", metavar="FILE", help="With --log: a checkpoint kept from before; must be a prefix."
        ),
    ] = None,
    vkey: Annotated[
        str | None,
        typer.Option(
            "--vkey", metavar="KEY", help="The signer's public key, name+id+key, or a file that holds it."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was verified as one line of JSON.")
    ] = False,
) -> None:
    """Check a receipt, a certificate, a whole log, or proofs on standard input.

    [bold]Proofs[/bold], one JSON object a line, byte strings in base64; prints valid or invalid for each:

        {"kind":"inclusion","leaf_hash":"…","leaf_index":0,"tree_size":1,"root":"…","proof":[]}
        {"kind":"consistency","size1":1,"size2":2,"root1":"…","root2":"…","proof":["…"]}

    [bold]Examples[/bold]

        chengxin audit verify < proofs.jsonl
        chengxin audit verify --receipt answer.tlog-proof --vkey log.vkey
        chengxin audit verify --certificate withdrawal.txt --vkey catalog.vkey
        chengxin audit verify --log https://audit.example/ --vkey log.vkey --seen yesterday.checkpoint

    Get KEY once from a source that you trust: a valid signature says only that the holder of this key signed.
    Exits 0 when all is valid, 1 when anything is not, 2 when it could not be checked.
    """
    modes = [receipt_file, certificate_file, log_url]
    if sum(mode is not None for mode in modes) > 1:
        _give_up("Give one of --receipt, --certificate, --log.")
    if entry_file is not None and receipt_file is None:
        _give_up("--entry goes with --receipt.")
    if seen_file is not None and log_url is None:
        _give_up("--seen goes with --log.")
    key = _vkey(vkey)
    if receipt_file is not None:
        _verify_receipt(receipt_file, _needed(key, "--receipt"), entry_file, as_json=as_json)
    elif certificate_file is not None:
        _verify_certificate(certificate_file, _needed(key, "--certificate"), as_json=as_json)
    elif log_url is not None:
        _verify_log(log_url, key, seen_file, as_json=as_json)
    else:
        _verify_lines(sys.stdin.buffer)


def _verify_lines(stream: BinaryIO) -> None:
    if stream.isatty():
        _give_up("Proofs are read from standard input, one a line; see chengxin audit verify --help.")
    all_valid = True
    while line := stream.readline(claims.MAX_LINE_BYTES + 1):
        whole = line
        while whole and not whole.endswith(b"\n"):  # The rest of a line too long to be a proof.
            whole = stream.readline(claims.MAX_LINE_BYTES + 1)
        try:
            claims.judge(line.removesuffix(b"\n"))
        except ProofError:
            all_valid = False
            typer.echo("invalid")
        else:
            typer.echo("valid")
    if not all_valid:
        raise typer.Exit(_INVALID)


def _verify_receipt(file: Path, vkey: str, entry_file: Path | None, *, as_json: bool) -> None:
    kept = _bytes(entry_file) if entry_file is not None else None
    proved = _checked(lambda: receipt.verify_receipt(_text(file), vkey, kept))
    facts: dict[str, Any] = {"log": proved.head.origin, "size": proved.head.size, "index": proved.index}
    try:
        facts["entry"] = {name: _plain(value) for name, value in asdict(entry.decode(proved.entry)).items()}
    except ProofError:  # Proved to be in the log all the same; another log may hold entries of another form.
        facts["entry"] = {"base64": base64text.encode(proved.entry)}
    _say(facts, as_json=as_json)


def _verify_certificate(file: Path, vkey: str, *, as_json: bool) -> None:
    text = _text(file)
    certificate = _checked(lambda: verify_certificate(text, vkey))
    if as_json:
        _say(json.loads(json.dumps(asdict(certificate), default=_plain)), as_json=True)
    else:
        typer.echo("valid")
        typer.echo(note.text_of(text), nl=False)


def _verify_log(url: str, vkey: str | None, seen_file: Path | None, *, as_json: bool) -> None:
    seen = _text(seen_file) if seen_file is not None else None
    progress = Progress(
        TextColumn("tiles"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    try:
        fetch = over_http(url)
    except ValueError as error:
        _give_up(str(error))
    with progress:
        task = progress.add_task("tiles")
        walked = _checked(
            lambda: walk(
                fetch,
                vkey=vkey,
                seen=seen,
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
        )
    facts = {
        "log": walked.head.origin,
        "size": walked.head.size,
        "root": base64text.encode(walked.head.root),
        "tiles": walked.tiles,
        "signature": "verified" if walked.signed else "not checked",
    }
    _say(facts, as_json=as_json)
    if not walked.signed:
        typer.echo("The signature was not checked: give the log's key with --vkey.", err=True)


def _checked(check: Callable[[], T]) -> T:
    """What `check` gives; a proof that fails ends the command with `invalid`."""
    try:
        return check()
    except ProofError as error:
        typer.echo("invalid")
        typer.echo(f"Because {error}.", err=True)
        raise typer.Exit(_INVALID) from None
    except Unreachable as error:
        _give_up(f"{error}. Nothing was verified.")


def _say(facts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"valid": True, **facts}, ensure_ascii=False))
        return
    typer.echo("valid")
    for name, value in facts.items():
        if isinstance(value, dict):
            typer.echo(f"{name}:")
            for key, text in value.items():  # type: ignore[reportUnknownVariableType]
                typer.echo(f"  {key}: {text}")
        else:
            typer.echo(f"{name}: {value}")


def _plain(value: Any) -> Any:
    """A value of an entry or certificate as JSON can hold it."""
    if isinstance(value, bytes):
        return base64text.encode(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _vkey(given: str | None) -> str | None:
    if given is None:
        return None
    try:
        text = given if "+" in given else Path(given).read_text(encoding="utf-8")
        note.parse_vkey(text)
    except (OSError, UnicodeDecodeError) as error:
        _give_up(f"Can't read the key {given}: {error}.")
    except ProofError as error:
        _give_up(f"--vkey is unusable: {error}.")
    return text.strip()


def _needed(vkey: str | None, option: str) -> str:
    if vkey is None:
        _give_up(f"{option} needs --vkey KEY, the signer's public key.")
    return vkey


def _text(file: Path) -> str:
    try:
        return _bytes(file).decode("utf-8")
    except UnicodeDecodeError:
        typer.echo("invalid")
        typer.echo(f"Because {file} is not UTF-8 text.", err=True)
        raise typer.Exit(_INVALID) from None


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(_MOST_FILE_BYTES + 1)
    except OSError as error:
        _give_up(f"Can't read {file}: {error.strerror}.")
    if len(content) > _MOST_FILE_BYTES:
        _give_up(f"{file} is larger than 4 MiB.")
    return content


def _give_up(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(_UNUSABLE)

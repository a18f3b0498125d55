"""`chengxin audit`: `verify` for receipts, certificates, proofs and whole logs; an auditor's questions beside it."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, BinaryIO, cast

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from chengxin.cli import audit_export, audit_log, audit_questions, options
from chengxin.cli.command import command
from chengxin.cli.output import Failed, failing, plain
from chengxin.client.identity import Identity
from chengxin.proofs import ProofError, claims, entry, note, receipt
from chengxin.proofs.certificate import verify_certificate
from chengxin.proofs.doors import DoorNumbers
from chengxin.proofs.tiles import Tile
from chengxin.proofs.walk import Fetch, Unreachable, over_http, walk

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", help="Check what the log proves; ask who looked.")

_MOST_FILE_BYTES = 4 << 20
_INVALID = 1  # Exit code: what was checked is false.


@app.callback()
def audit() -> None:
    """Check what the audit log proves, which needs no account and no trust in the house; or ask, as an auditor.

    Questions need an identity enrolled with the role auditor and an official's assertion; each is journalled.
    """


@app.command()
@command
def verify(
    *,
    receipt_file: Annotated[
        Path | None,
        typer.Option("--receipt", metavar="FILE", help="A receipt (.tlog-proof text): is its entry logged?"),
    ] = None,
    entry_file: Annotated[
        Path | None,
        typer.Option("--entry", metavar="FILE", help="With --receipt: the entry (CBOR) that you kept yourself."),
    ] = None,
    certificate_file: Annotated[
        Path | None, typer.Option("--certificate", metavar="FILE", help="A withdrawal certificate: is it genuine?")
    ] = None,
    log_url: Annotated[
        str | None, typer.Option("--log", metavar="URL", help="A log's address: do all its tiles make its signed root?")
    ] = None,
    seen_file: Annotated[
        Path | None,
        typer.Option("--seen", metavar="FILE", help="With --log: a checkpoint kept from before; must be a prefix."),
    ] = None,
    entries_url: Annotated[
        str | None,
        typer.Option(
            "--entries",
            metavar="URL",
            help="With --log, for auditors: the entry tiles' address (https). Is each entry the one that is hashed, "
            "which door numbers has none? Each tile read is journalled.",
        ),
    ] = None,
    vkey: Annotated[
        str | None, typer.Option(metavar="KEY", help="The signer's public key, name+id+key, or a file that holds it.")
    ] = None,
    line: options.Line,
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
        chengxin audit verify --log https://audit.example/ --vkey log.vkey \\
            --entries https://audit.example:7407/ --identity auditor

    Get KEY once from a source that you trust: a valid signature says only that the holder of this key signed.
    Exits 0 when all is valid, 1 when anything is not, 2 when it could not be checked.
    """
    with _judged():
        if sum(mode is not None for mode in (receipt_file, certificate_file, log_url)) > 1:
            raise Failed("Give one of --receipt, --certificate, --log.")
        if entry_file is not None and receipt_file is None:
            raise Failed("--entry goes with --receipt.")
        if (seen_file is not None or entries_url is not None) and log_url is None:
            raise Failed("--seen and --entries go with --log.")
        key = options.verifier_key(vkey, "--vkey") if vkey is not None else None
        if receipt_file is not None:
            kept = _bytes(entry_file) if entry_file is not None else None
            _say(_receipt(_text(receipt_file), _needed(key, "--receipt"), kept), line)
        elif certificate_file is not None:
            text = _text(certificate_file)
            _say(asdict(verify_certificate(text, _needed(key, "--certificate"))), line, note.text_of(text))
        elif log_url is not None:
            seen = _text(seen_file) if seen_file is not None else None
            entries = _entries(entries_url, line.identity) if entries_url is not None else None
            _say(_log(log_url, key, seen, entries), line)
        else:
            _judge_lines(sys.stdin.buffer)


@contextmanager
def _judged() -> Generator[None]:
    """A proof that fails ends the command with `invalid`; a log that cannot be read is not called that."""
    try:
        yield
    except ProofError as error:
        typer.echo("invalid")
        typer.echo(f"Because {error}.", err=True)
        raise typer.Exit(_INVALID) from None
    except Unreachable as error:
        raise Failed(f"{error}. Nothing was verified.") from None


def _judge_lines(stream: BinaryIO) -> None:
    if stream.isatty():
        raise Failed("Proofs are read from standard input, one a line; see chengxin audit verify --help.")
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


def _receipt(text: str, vkey: str, kept: bytes | None) -> dict[str, Any]:
    proved = receipt.verify_receipt(text, vkey, kept)
    try:
        shown = asdict(entry.decode(proved.entry))
    except ProofError:  # Proved to be in the log all the same; another log may hold entries of another form.
        shown = {"base64": proved.entry}
    return {"log": proved.head.origin, "size": proved.head.size, "index": proved.index, "entry": shown}


def _entries(url: str, identity: Path | None) -> Fetch:
    """The reader of the entry tiles, by an auditor's certificate. Raises Failed, IdentityError."""
    if identity is None or not url.startswith("https://"):
        raise Failed("Entries are read over TLS, by an auditor's certificate: --entries https://… --identity DIR.")
    Identity.open(identity)  # What is wrong with it, in words.
    tls = ssl.create_default_context(cafile=identity / "ca.pem")
    tls.load_cert_chain(identity / "cert.pem", identity / "key.pem")
    return over_http(url, tls=tls)


def _log(url: str, vkey: str | None, seen: str | None, entries: Fetch | None) -> dict[str, Any]:
    try:
        fetch = over_http(url)
    except ValueError as error:
        raise Failed(str(error)) from None
    columns = (TextColumn("tiles"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task, doors = progress.add_task("tiles"), DoorNumbers()

        def checked(done: int, total: int, tile: Tile, hashes: list[bytes]) -> None:
            if entries is not None:
                doors.read(entries, tile, hashes)
            progress.update(task, completed=done, total=total)

        walked = walk(fetch, vkey=vkey, seen=seen, progress=checked)
    if not walked.signed:
        typer.echo("The signature was not checked: give the log's key with --vkey.", err=True)
    facts = {
        "log": walked.head.origin,
        "size": walked.head.size,
        "root": walked.head.root,
        "tiles": walked.tiles,
        "signature": "verified" if walked.signed else "not checked",
    }
    if entries is None:
        return facts
    missing = [one._asdict() for one in doors.missing()]
    if missing:
        typer.echo("Some door numbers are in no entry; `chengxin audit gaps --explained` tells the causes.", err=True)
    return facts | {"entries": walked.head.size, "door_numbers_missing": missing}


def _say(facts: dict[str, Any], output: options.Output, text: str = "") -> None:
    """Print what was verified; `text` stands for it where people read."""
    shown = text.removesuffix("\n") or "\n".join(_lines(facts))
    output.say({"valid": True, **facts}, f"valid\n{shown}")


def _lines(facts: dict[str, Any], indent: str = "") -> Iterator[str]:
    for name, given in facts.items():
        value: Any = dict(enumerate(cast("list[Any]", given), start=1)) if isinstance(given, list) else given
        if isinstance(value, dict):
            yield f"{indent}{name}:"
            yield from _lines(cast("dict[str, Any]", value), indent + "  ")
        else:
            shown = str(value if isinstance(value, str | int | None) else plain(value))
            yield f"{indent}{name}: {shown if shown.isprintable() else repr(shown)}"  # no line of the entry's own


def _needed(vkey: str | None, option: str) -> str:
    if vkey is None:
        raise Failed(f"{option} needs --vkey KEY, the signer's public key.")
    return vkey


def _text(file: Path) -> str:
    try:
        return _bytes(file).decode("utf-8")
    except UnicodeDecodeError:
        raise ProofError(f"{file} is not UTF-8 text") from None


def _bytes(file: Path) -> bytes:
    with failing(f"Can't read {file}"), file.open("rb") as stream:
        content = stream.read(_MOST_FILE_BYTES + 1)
    if len(content) > _MOST_FILE_BYTES:
        raise Failed(f"{file} is larger than 4 MiB.")
    return content


for other in (audit_questions.ask, audit_questions.misuse, audit_export.export, audit_log.gaps, audit_log.adopt):
    app.command()(other)

"""`chengxin witness`: run a witness of audit logs, and let a source begin a new epoch."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from chengxin.cli import options
from chengxin.cli.output import Failed, print_json, told
from chengxin.proofs import ProofError, note
from chengxin.witness import Memory, memory, serve

app = typer.Typer(invoke_without_command=True, rich_markup_mode="rich")

State = Annotated[
    Path, typer.Option("--state", envvar="CHENGXIN_WITNESS_STATE", metavar="DIR", help="Its key and its memory.")
]


@app.callback()
def witness(
    context: typer.Context,
    *,
    state: State = Path("witness"),
    log: Annotated[
        list[str] | None,
        typer.Option(
            "--log",
            envvar="CHENGXIN_WITNESS_LOG",
            metavar="KEY",
            help="Verifier key of a log to watch, or a file that holds it; once for each log.",
        ),
    ] = None,
    name: Annotated[
        str, typer.Option(envvar="CHENGXIN_WITNESS_NAME", help="Its name in cosignatures, best a host and path.")
    ] = "chengxin/witness",
    listen: Annotated[
        str, typer.Option(envvar="CHENGXIN_WITNESS_LISTEN", metavar="HOST:PORT", help="Port 0 takes a free one.")
    ] = "127.0.0.1:7406",
    as_json: options.Json = False,
) -> None:
    """Watch an audit log, and cosign it: the log can't be forked or shortened without this witness noticing.

    Run it on a machine, and best in an organisation, that the house's operators have no power over. It keeps the
    newest checkpoint of each log in DIR, refuses what is not consistent with it, and cosigns the rest. It needs
    nothing else of the house. Protocol: c2sp.org/tlog-witness; GET /state shows what it knows and its clock.

    [bold]Example[/bold]

        chengxin witness --state /var/lib/witness --log log.vkey --name witness.example/w1 --listen 0.0.0.0:7406

    It prints its verifier key; the house's operator sets CHENGXIN_WITNESS_URL and CHENGXIN_WITNESS_VKEY to its
    address and that key. Speaks plain HTTP: put it behind a proxy with TLS where others share the network.
    """
    if context.invoked_subcommand is not None:
        return
    with told(as_json=as_json):
        if not log:
            raise Failed("No log is named.", "Give the log's verifier key with --log.")
        kept = _memory(state, [_vkey(given) for given in log], name)
        host, _, port = listen.rpartition(":")
        try:
            server = serve(kept, host=host, port=int(port))
        except (OSError, ValueError, OverflowError) as error:
            raise Failed(f"Can't listen on {listen}: {error}.", "Choose another HOST:PORT.") from None
    if as_json:
        print_json({"vkey": kept.vkey, "address": f"{host}:{server.server_port}"})
    else:
        typer.echo(f"witness {kept.vkey}\nlistening on {host}:{server.server_port}")
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        typer.echo("stopping", err=True)


@app.command()
def adopt(
    *,
    origin: Annotated[str, typer.Option("--origin", help="The log's name, the first line of its checkpoint.")],
    source: Annotated[str, typer.Option("--source", help="The office: catalog, blacklist, repair or audit.")],
    epoch: Annotated[str, typer.Option("--epoch", help="The new epoch, 32 hex digits.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for those who ask later.")],
    state: State = Path("witness"),
    as_json: options.Json = False,
) -> None:
    """Let an office go on in a new epoch, after its database was restored from a backup on purpose.

    Ask the house's operator why, and what was lost, before you do: until this is done the witness refuses the
    log's checkpoints, and after 15 minutes the office stops answering. Takes effect at once, while the witness runs.
    """
    with told(as_json=as_json):
        try:
            memory.adopt(state, origin, source, epoch.replace("-", "").lower(), reason=reason)
        except ProofError as error:
            raise Failed(f"{error}.", "Check --source and --epoch.") from None
        except OSError as error:
            raise Failed(f"{state} can't be written: {error.strerror}.", "Name the folder by --state.") from None
        typer.echo(f"{source} of {origin} may go on in the epoch {epoch}.", err=as_json)


def _memory(folder: Path, logs: list[str], name: str) -> Memory:
    try:
        return Memory(folder, logs, name=name)
    except BlockingIOError:
        raise Failed(f"Another witness runs in {folder}.", "Stop it, or name another --state.") from None
    except (OSError, ValueError, ProofError) as error:
        raise Failed(f"The witness can't start in {folder}: {error}.", "Mend that, and start again.") from None


def _vkey(given: str) -> str:
    try:
        text = given if "+" in given else Path(given).read_text(encoding="utf-8")
        note.parse_vkey(text)
    except (OSError, UnicodeDecodeError, ProofError) as error:
        raise Failed(f"--log {given} is unusable: {error}.", "Give the log's vkey.") from None
    return text.strip()
